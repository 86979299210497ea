// The console: asks the server what the page shows, and shows it.
//
// Whatever comes from a task is set as text, never as markup.

const FILTERS = ["task_type", "scheduled_type", "life_cycle_type", "last_status"];
const FILTER_NAMES = {
  task_type: "Task type",
  scheduled_type: "Scheduled type",
  life_cycle_type: "Life cycle event",
  last_status: "Last status",
};
const DEFAULTS = {
  project: "default",
  task_name: "",
  ignore_case: false,
  task_type: "",
  scheduled_type: "",
  life_cycle_type: "",
  last_status: "",
  order: "oldest",
  offset: 0,
  limit: 25,
};
const LIMITS = [10, 25, 50];
const SEARCH_DELAY_MS = 15;
const FORECAST_DELAY_MS = 250;
const LOADING_DELAY_MS = 300;

const byId = (id) => document.getElementById(id);
const state = { ...DEFAULTS };
/** How many tasks match, as of the latest answer. */
let total = 0;

// Elements and texts.

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const whole = new Intl.NumberFormat("en");
const count = (number, noun) => `${whole.format(number)} ${noun}${number === 1 ? "" : "s"}`;

/** `EXECUTE_SCRIPT` as `Execute script`. */
function words(value) {
  const text = value.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A time in microseconds, or in milliseconds where there are many. */
function duration(microseconds) {
  if (microseconds < 1) return `${microseconds.toFixed(2)} µs`;
  if (microseconds < 10) return `${microseconds.toFixed(1)} µs`;
  if (microseconds < 10_000) return `${whole.format(Math.round(microseconds))} µs`;
  return `${whole.format(Math.round(microseconds / 1000))} ms`;
}

const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const minute = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
const wallClock = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
const relative = new Intl.RelativeTimeFormat("en");

function fromNow(instant) {
  const seconds = (instant - Date.now()) / 1000;
  const units = [["year", 31_557_600], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
  const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? ["second", 1];
  return relative.format(Math.round(seconds / length), unit);
}

// What is asked.

/** The query string of the documented listing, as the engine reads it. */
function listingQuery() {
  const query = new URLSearchParams({ offset: state.offset, limit: state.limit });
  for (const name of ["task_name", ...FILTERS]) {
    if (state[name]) query.set(name, state[name]);
  }
  return query;
}

/** The same with what only the typed interface offers. */
function wholeQuery() {
  const query = listingQuery();
  if (state.order !== DEFAULTS.order) query.set("order", state.order);
  if (state.ignore_case && state.task_name) query.set("ignore_case", "true");
  return query;
}

async function ask(what, query, signal) {
  const answer = await fetch(`/console/${what}?${query}`, { signal });
  const timing = /engine;dur=([0-9.]+)/.exec(answer.headers.get("server-timing") ?? "");
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error_msg ?? `The server answered ${answer.status}.`);
  return { body, took: duration(1000 * Number(timing?.[1] ?? 0)) };
}

function withProject(query) {
  const asked = new URLSearchParams(query);
  asked.set("project", state.project);
  return asked;
}

function reason(error) {
  return error instanceof TypeError
    ? "The server does not answer. Is it still running?"
    : error.message;
}

function complain(error) {
  byId("alert").textContent = reason(error);
  byId("alert").hidden = false;
  byId("tasks").removeAttribute("aria-busy");
}

// The page of tasks and the counts.

let asking = new AbortController();
let timer;

/** Asks for what the state says, and shows it; an answer that comes too late is dropped. */
function show({ delay = 0 } = {}) {
  byId("tasks").setAttribute("aria-busy", "true");
  clearTimeout(timer);
  showChoices();
  keepInAddress();
  timer = setTimeout(showAnswer, delay);
  wantForecast();
}

async function showAnswer() {
  asking.abort();
  const { signal } = asking = new AbortController();
  byId("asked").textContent = wholeQuery();
  const query = withProject(wholeQuery());
  try {
    const answers = [ask("list", query, signal), ask("facets", query, signal)];
    const [list, facets] = await Promise.all(answers);
    if (signal.aborted) return;
    byId("alert").hidden = true;
    showList(list);
    showFacets(facets);
  } catch (error) {
    if (!signal.aborted) complain(error);
  }
}

function showList({ body, took }) {
  const rows = body.scheduled_tasks;
  total = body.total_count;
  byId("took-list").textContent = took;
  byId("tasks").querySelector("tbody").replaceChildren(
    ...rows.map((task, position) => taskRow(task, body.added_at[position])),
  );
  byId("tasks").removeAttribute("aria-busy");
  byId("tasks").hidden = rows.length === 0;
  byId("nothing").hidden = rows.length > 0;
  byId("nothing").textContent = total > 0
    ? "There are fewer pages now."
    : isFiltered()
      ? "No task matches. Clear a filter, or search for less."
      : "There are no timed tasks in this project.";
  const matching = !isFiltered() ? "" : total === 1 ? " matches" : " match";
  const [first, last] = [state.offset + 1, state.offset + rows.length].map(whole.format);
  byId("status").replaceChildren(
    `${count(total, "task")}${matching}`,
    element("span", { className: "unseen" }, rows.length > 0 ? `, rows ${first} to ${last}` : ""),
  );
  byId("place").textContent = `${rows.length > 0 ? `${first}–${last}` : 0} of ${whole.format(total)}`;
  byId("first").disabled = byId("previous").disabled = state.offset === 0;
  byId("next").disabled = byId("last").disabled = state.offset + state.limit >= total;
}

function taskRow(task, added) {
  const name = element("button", { type: "button", className: "name" }, task.task_name);
  name.setAttribute("aria-haspopup", "dialog");
  const cell = element("th", { scope: "row" }, name);
  if (!task.enable) cell.append(element("span", { className: "pill" }, "Disabled"));
  if (task.description) {
    cell.append(element("div", { className: "small" }, task.description));
  }
  const type = words(task.task_type);
  const scheduled = words(task.scheduled_type);
  const status = () => element(
    "span",
    { className: `state ${task.last_status ?? "none"}` },
    task.last_status ? words(task.last_status) : "Never run",
  );
  cell.append(element("div", { className: "small narrow" }, `${type} · ${scheduled} · `, status()));
  const event = task.life_cycle_type
    ? [element("div", { className: "small" }, words(task.life_cycle_type))]
    : [];
  const next = task.next_execution_time
    ? [task.next_execution_time, element("div", { className: "small" }, task.time_zone ?? "")]
    : [element("span", { className: "small" }, "None")];
  const row = element(
    "tr",
    {},
    cell,
    element("td", { className: "wide" }, type),
    element("td", { className: "wide" }, scheduled, ...event),
    element("td", {}, ...next),
    element("td", { className: "wide" }, status()),
    element("td", { className: "wide" }, minute.format(new Date(added))),
  );
  row.addEventListener("click", () => {
    if (getSelection().isCollapsed) showDetails(task, name);
  });
  return row;
}

function showFacets({ body, took }) {
  byId("took-facets").textContent = took;
  const facets = byId("facets");
  if (facets.childElementCount === 0) {
    facets.append(...FILTERS.map((filter) => filterChoices(filter, Object.keys(body[filter]))));
    showChoices();
  }
  for (const filter of FILTERS) {
    const counts = body[filter];
    // Triggered tasks are listed only where they are asked for.
    const listed = Object.entries(counts).filter(([value]) => value !== "LIFE_CYCLE");
    const any = listed.reduce((sum, [, tasks]) => sum + tasks, 0);
    for (const [value, tasks] of [["", any], ...Object.entries(counts)]) {
      const shown = facets.querySelector(`[data-count="${filter} ${value}"]`);
      if (shown) shown.textContent = whole.format(tasks);
    }
  }
}

function filterChoices(filter, values) {
  const any = filter === "scheduled_type" ? "Any, by the clock" : "Any";
  const choice = (value, text) => element(
    "label",
    { className: "value" },
    element("input", { type: "radio", name: filter, value }),
    element("span", {}, text),
    countOf(filter, value),
  );
  const choices = values.map((value) => value === "none"
    // Nothing in the documented listing asks for these.
    ? element("div", { className: "value still" }, element("span", {}, "Never run"),
      countOf(filter, value))
    : choice(value, words(value)));
  const group = element("fieldset", { name: filter }, choice("", any), ...choices);
  group.prepend(element("legend", {}, FILTER_NAMES[filter]));
  return group;
}

function countOf(filter, value) {
  const shown = element("span");
  shown.dataset.count = `${filter} ${value}`;
  return shown;
}

// The forecast, one question at a time: each looks at every task.

let forecastTimer;
let forecastShown;
let isForecasting = false;
let forecast;

function forecastQuery() {
  const query = withProject(wholeQuery());
  query.set("offset", "0");
  query.set("limit", "0");
  query.delete("order");
  return query.toString();
}

function wantForecast({ anew = false } = {}) {
  if (anew) forecastShown = undefined;
  clearTimeout(forecastTimer);
  if (forecastQuery() === forecastShown) return;
  byId("chart").setAttribute("aria-busy", "true");
  forecastTimer = setTimeout(askForecast, FORECAST_DELAY_MS);
}

async function askForecast() {
  if (isForecasting) return;
  isForecasting = true;
  forecastShown = forecastQuery();
  try {
    const { body, took } = await ask("forecast", forecastShown);
    forecast = body;
    byId("took-forecast").textContent = took;
    showForecast();
  } catch (error) {
    // The alert is about the tasks, which may be others by this time.
    byId("forecast-summary").textContent = reason(error);
  }
  isForecasting = false;
  if (forecastQuery() === forecastShown) byId("chart").removeAttribute("aria-busy");
  else wantForecast();
}

/** The steps of the forecast by day of the reader's clock. */
function forecastDays() {
  const days = [];
  forecast.counts.forEach((executions, step) => {
    const at = new Date(Date.parse(forecast.from) + 1000 * forecast.step_seconds * step);
    const name = day.format(at);
    if (days.at(-1)?.name !== name) days.push({ name, at, step, executions: 0, most: -1 });
    const last = days.at(-1);
    last.executions += executions;
    if (executions > last.most) Object.assign(last, { most: executions, busiest: at });
  });
  return days;
}

function showForecast() {
  const days = forecastDays();
  const sum = days.reduce((sum, { executions }) => sum + executions, 0);
  const peak = days.reduce((peak, it) => it.most > peak.most ? it : peak);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const summary = sum === 0
    ? "None"
    : `${whole.format(sum)} in all; at most ${whole.format(peak.most)} an hour,` +
      ` on ${peak.name} from ${hour.format(peak.busiest)}`;
  byId("forecast-summary").textContent = `${summary} (clock of ${zone})`;
  byId("forecast-table").querySelector("tbody").replaceChildren(...days.map((it) => element(
    "tr",
    {},
    element("th", { scope: "row" }, it.name),
    element("td", { className: "number" }, whole.format(it.executions)),
    element("td", {}, it.most === 0
      ? "None"
      : `${hour.format(it.busiest)}, ${count(it.most, "execution")}`),
  )));
  drawForecast(days, summary);
}

function drawForecast(days, summary) {
  const box = byId("chart");
  const [width, height, left, bottom, top] = [box.clientWidth, 168, 48, 24, 8];
  const draw = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const label = `Executions by the hour. ${summary}.`;
  const svg = draw("svg", { width, height, role: "img", "aria-label": label });
  const most = niceTop(Math.max(...forecast.counts));
  const y = (executions) => top + (height - top - bottom) * (1 - executions / most);
  const step = (width - left) / forecast.counts.length;
  const short = new Intl.NumberFormat("en", { notation: "compact" });
  for (const part of [0, 0.5, 1]) {
    const level = y(most * part);
    svg.append(
      draw("line", { x1: left, x2: width, y1: level, y2: level }),
      draw("text", { x: left - 8, y: level + 4, "text-anchor": "end" }, short.format(most * part)),
    );
  }
  forecast.counts.forEach((executions, position) => {
    if (executions === 0) return;
    const at = new Date(Date.parse(forecast.from) + 1000 * forecast.step_seconds * position);
    const bar = draw("rect", {
      x: left + step * position,
      y: y(executions),
      width: Math.max(step - (step > 3 ? 1 : 0.25), 0.5),
      height: y(0) - y(executions),
    });
    bar.append(draw("title", {}, `${day.format(at)}, ${hour.format(at)}: ${count(executions, "execution")}`));
    svg.append(bar);
  });
  days.forEach((it, position) => {
    const x = left + step * it.step;
    const end = days[position + 1]?.step ?? forecast.counts.length;
    if (position > 0) svg.append(draw("line", { x1: x, x2: x, y1: top, y2: height - bottom + 6 }));
    const room = step * (end - it.step);
    const [weekday] = it.name.split(/,? /);
    const name = room > 90 ? it.name : weekday;
    if (room > 30) svg.append(draw("text", { x: x + 5, y: height - 6 }, name));
  });
  box.replaceChildren(svg);
}

/** The end of the scale: a round number, of which the half is one too. */
function niceTop(most) {
  const scale = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const steps = scale === 1 ? [2, 4, 6, 8, 10] : [1, 1.6, 2, 3, 4, 5, 6, 8, 10];
  return steps.map((it) => it * scale).find((it) => it >= most);
}

// The details of a task.

const WEEKDAYS = ["", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

async function showDetails({ id, task_name: name, next_execution_time: reported, enable }, opener) {
  try {
    const { body, took } = await ask("task", withProject(new URLSearchParams({ id })));
    byId("details-title").textContent = name;
    byId("executions").replaceChildren(...body.executions.map((execution) => {
      const [date, time] = [execution.slice(0, 10), execution.slice(11, 19)];
      const shown = `${wallClock.format(new Date(`${date}T00:00:00Z`))}, ${time}`;
      const offset = element("span", { className: "small" }, ` ${execution.slice(19)}`);
      const when = element("span", { className: "small" }, fromNow(Date.parse(execution)));
      return element("li", {}, element("span", {}, shown, offset), when);
    }));
    byId("no-executions").hidden = body.executions.length > 0;
    byId("no-executions").textContent = !enable
      ? "None: the task is disabled."
      : body.task.life_cycle_type
        ? `None by the clock: it runs on ${words(body.task.life_cycle_type).toLowerCase()}.`
        : reported
          ? `Its schedule is kept elsewhere, where ${reported} was told as the next.`
          : "None: the schedule has ended.";
    byId("record").replaceChildren(...Object.entries(body.task).flatMap(([key, value]) => [
      element("dt", {}, words(key)),
      element("dd", {}, key === "week_list"
        ? value.split(",").map((number) => WEEKDAYS[number]).join(", ")
        : key.endsWith("_type") ? words(value) : String(value)),
    ]));
    byId("took-task").textContent = took;
    const details = byId("details");
    if (details.open) return;
    details.addEventListener("close", () => opener.focus(), { once: true });
    details.showModal();
    details.scrollTop = 0;
  } catch (error) {
    complain(error);
  }
}

// Choices: the state, the controls and the address say the same.

function isFiltered() {
  return state.task_name !== "" || FILTERS.some((filter) => state[filter] !== "");
}

function showChoices() {
  if (byId("search").value !== state.task_name) byId("search").value = state.task_name;
  byId("ignore-case").checked = state.ignore_case;
  byId("order").value = state.order;
  byId("limit").value = state.limit;
  for (const input of document.querySelectorAll("#facets input")) {
    input.checked = state[input.name] === input.value;
  }
  const events = document.querySelector("fieldset[name=life_cycle_type]");
  if (events) events.hidden = state.scheduled_type !== "LIFE_CYCLE";
  const chosen = FILTERS.filter((filter) => state[filter] !== "").length;
  byId("filters-count").textContent = chosen > 0 ? ` (${chosen})` : "";
  byId("clear").disabled = !isFiltered();
  const sorted = { oldest: "ascending", newest: "descending" }[state.order] ?? "none";
  byId("by-age").setAttribute("aria-sort", sorted);
  byId("by-next").setAttribute("aria-sort", sorted === "none" ? "ascending" : "none");
}

function keepInAddress() {
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (value !== DEFAULTS[name]) kept.set(name, value);
  }
  const query = kept.toString();
  history.replaceState(null, "", query ? `/?${query}` : "/");
}

function readAddress() {
  for (const [name, text] of new URLSearchParams(location.search)) {
    if (!(name in DEFAULTS)) continue;
    const usual = DEFAULTS[name];
    state[name] = typeof usual === "string" ? text
      : typeof usual === "boolean" ? text === "true"
      : Math.max(0, Math.trunc(Number(text)) || usual);
  }
  if (!LIMITS.includes(state.limit)) state.limit = DEFAULTS.limit;
  if (![...byId("order").options].some(({ value }) => value === state.order)) {
    state.order = DEFAULTS.order;
  }
}

function choose(changes, options) {
  Object.assign(state, { offset: 0 }, changes);
  if (state.scheduled_type !== "LIFE_CYCLE") state.life_cycle_type = "";
  show(options);
}

function clear() {
  choose({ task_name: "", task_type: "", scheduled_type: "", last_status: "" });
}

function goTo(offset) {
  const last = Math.max(0, Math.ceil(total / state.limit) - 1) * state.limit;
  choose({ offset: Math.min(Math.max(0, offset), last) });
}

/** Stands for the projects that the list has no room for. */
const OTHER = "…";

async function showProjects() {
  try {
    const { body } = await ask("projects", "");
    const known = body.projects.map(({ id, tasks }) => [id, `${id} (${whole.format(tasks)})`]);
    if (!known.some(([id]) => id === state.project)) known.unshift([state.project, state.project]);
    const options = known.map(([value, text]) => element("option", { value }, text));
    if (body.count > body.projects.length) {
      const others = count(body.count - body.projects.length, "project");
      options.push(element("option", { value: OTHER }, `Another of ${others}…`));
    }
    byId("project").replaceChildren(...options);
    byId("project").value = state.project;
  } catch (error) {
    complain(error);
  }
}

/** Says how far loading is, until all tasks are there. */
async function untilLoaded() {
  for (;;) {
    const answer = await fetch("/health").catch(() => undefined);
    if (!answer?.ok) return;
    const { status, records } = await answer.json();
    if (status !== "loading") return;
    byId("status").textContent = `Loading: ${count(records, "record")} read`;
    await new Promise((again) => setTimeout(again, LOADING_DELAY_MS));
  }
}

function refresh() {
  showProjects();
  show();
  wantForecast({ anew: true });
}

// Keys.

function focusTask(step) {
  const names = [...document.querySelectorAll("#tasks .name")];
  const at = names.indexOf(document.activeElement);
  const wanted = at < 0 ? (step > 0 ? 0 : names.length - 1) : at + step;
  names[Math.min(Math.max(wanted, 0), names.length - 1)]?.focus();
}

const KEYS = {
  "/": () => byId("search").select(),
  j: () => focusTask(1),
  k: () => focusTask(-1),
  n: () => goTo(state.offset + state.limit),
  p: () => goTo(state.offset - state.limit),
  o: () => {
    const orders = [...byId("order").options].map((it) => it.value);
    choose({ order: orders[(orders.indexOf(state.order) + 1) % orders.length] });
  },
  c: clear,
  r: refresh,
  "?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const isTyped = event.target.matches("select, textarea, input:not([type=radio], [type=checkbox])");
  const isOpen = document.querySelector("dialog[open]");
  if (isTyped || isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = byId("shortcuts").checked && KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// Controls.

byId("project").addEventListener("change", ({ target }) => {
  const isOther = target.value === OTHER;
  byId("other-project").hidden = !isOther;
  if (isOther) byId("other-project-id").focus();
  else choose({ project: target.value });
});
byId("search").addEventListener("input", ({ target }) => {
  choose({ task_name: target.value }, { delay: SEARCH_DELAY_MS });
});
byId("ignore-case").addEventListener("change", ({ target }) => {
  choose({ ignore_case: target.checked });
});
byId("order").addEventListener("change", ({ target }) => choose({ order: target.value }));
byId("limit").append(...LIMITS.map((limit) => element("option", {}, limit)));
byId("limit").addEventListener("change", ({ target }) => choose({ limit: Number(target.value) }));
byId("facets").addEventListener("change", ({ target }) => {
  choose({ [target.name]: target.value });
});
byId("facets").addEventListener("submit", (event) => event.preventDefault());
byId("clear").addEventListener("click", clear);
byId("first").addEventListener("click", () => goTo(0));
byId("previous").addEventListener("click", () => goTo(state.offset - state.limit));
byId("next").addEventListener("click", () => goTo(state.offset + state.limit));
byId("last").addEventListener("click", () => goTo(Infinity));
byId("by-next").addEventListener("click", () => {
  choose({ order: state.order === "next_execution" ? "oldest" : "next_execution" });
});
byId("by-age").addEventListener("click", () => {
  choose({ order: state.order === "oldest" ? "newest" : "oldest" });
});
byId("refresh").addEventListener("click", refresh);
byId("help-open").addEventListener("click", KEYS["?"]);
byId("other-project").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("other-project").hidden = true;
  choose({ project: byId("other-project-id").value });
  showProjects();
});
for (const close of document.querySelectorAll("dialog .close")) {
  close.addEventListener("click", () => close.closest("dialog").close());
}
byId("shortcuts").checked = localStorage.getItem("shortcuts") !== "off";
byId("shortcuts").addEventListener("change", ({ target }) => {
  localStorage.setItem("shortcuts", target.checked ? "on" : "off");
});

// Where there is room, filters are always open.
const isNarrow = matchMedia("(max-width: 900px)");
const fitFilters = () => byId("filters").open = !isNarrow.matches;
isNarrow.addEventListener("change", fitFilters);
fitFilters();
new ResizeObserver(() => forecast && showForecast()).observe(byId("chart"));

readAddress();
showChoices();
await untilLoaded();
refresh();
