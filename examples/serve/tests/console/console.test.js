// Drives the console in a real browser: what a person does, and what they then see.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { blank, SCHEMES, settle, start, TASKS, WIDTHS } from "./browser.js";
import { MARKUP, SMALL } from "./data.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let it;
/** What any page asked of another origin, and what its console complained of. */
const strangers = [];
const complaints = [];

before(async () => {
  it = await start();
}, { timeout: 100_000 });
after(() => it?.stop());

/** Runs a test on a page of its own, and watches what that page does. */
function onPage(name, query, run, options) {
  test(name, { timeout: 120_000 }, async () => {
    const page = await blank(it.browser, options);
    page.on("request", (request) => {
      if (!request.url().startsWith(`${it.origin}/`)) strangers.push(request.url());
    });
    page.on("pageerror", (error) => complaints.push(`${name}: ${error}`));
    page.on("console", (line) => {
      if (["error", "warning"].includes(line.type())) complaints.push(`${name}: ${line.text()}`);
    });
    page.on("dialog", (dialog) => complaints.push(`${name}: ${dialog.message()}`));
    await page.goto(`${it.origin}/${query}`);
    await settle(page);
    try {
      await run(page);
    } finally {
      await page.context().close();
    }
  });
}

const number = (text) => Number(/[0-9,]+/.exec(text)[0].replaceAll(",", ""));
const text = async (page, selector) => (await page.locator(selector).textContent()).trim();
const total = async (page) => number(await text(page, "#status"));
const names = (page) => page.locator("#tasks .name").allTextContents();
const ask = async (path) => (await fetch(`${it.origin}${path}`)).json();

onPage("shows a page, the exact total, what was asked and how long it took", "", async (page) => {
  const listed = await ask("/v2/default/scheduled-tasks?offset=0&limit=25");
  assert.ok(listed.total_count > TASKS / 2);
  assert.equal(await total(page), listed.total_count);
  assert.deepEqual(await names(page), listed.scheduled_tasks.map((task) => task.task_name));
  assert.equal(await text(page, "#asked"), "offset=0&limit=25");
  for (const call of ["list", "facets", "forecast"]) {
    assert.match(await text(page, `#took-${call}`), /^[0-9.,]+ (µs|ms)$/);
  }
});

onPage("filters by each value with the count that it shows", "", async (page) => {
  const reboot = page.getByRole("radio", { name: /^Reboot/ });
  const shown = number(await page.locator('[data-count="task_type REBOOT"]').textContent());
  await reboot.check();
  await settle(page);
  assert.equal(await total(page), shown);
  const types = new Set(await page.locator("#tasks tbody td:nth-child(2)").allTextContents());
  assert.deepEqual([...types], ["Reboot"]);
  assert.equal(await text(page, "#asked"), "offset=0&limit=25&task_type=REBOOT");

  // Events are a choice only of triggered tasks.
  const events = page.getByRole("group", { name: "Life cycle event" });
  assert.equal(await events.isVisible(), false);
  await page.getByRole("radio", { name: /^Life cycle/ }).check();
  await settle(page);
  const event = "POST_DESKTOP_DISCONNECTED";
  const ofEvent = number(await page.locator(`[data-count="life_cycle_type ${event}"]`).textContent());
  await page.getByRole("radio", { name: /^Post desktop disconnected/ }).check();
  await settle(page);
  assert.equal(await total(page), ofEvent);

  // The address keeps the choice.
  await page.reload();
  await settle(page);
  assert.equal(await total(page), ofEvent);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await settle(page);
  assert.equal(await text(page, "#asked"), "offset=0&limit=25");
});

/** Types a text, and gives the median time in milliseconds from a keystroke to its answer. */
async function timeToAnswer(page, needle) {
  const times = [];
  for (let length = 1; length <= needle.length; length += 1) {
    await page.evaluate(() => {
      const tasks = document.getElementById("tasks");
      const typed = () => performance.mark("typed");
      document.getElementById("search").addEventListener("input", typed, { capture: true, once: true });
      const shown = new MutationObserver(() => {
        if (tasks.ariaBusy !== "true") performance.mark("shown");
      });
      shown.observe(tasks, { attributes: true });
    });
    await page.keyboard.type(needle[length - 1]);
    await page.waitForFunction((typed) => {
      const asked = new URLSearchParams(document.getElementById("asked").textContent);
      return asked.get("task_name") === typed && document.getElementById("tasks").ariaBusy !== "true";
    }, needle.slice(0, length));
    times.push(await page.evaluate(() => {
      const typed = performance.getEntriesByName("typed").at(-1).startTime;
      return performance.getEntriesByName("shown").find((it) => it.startTime > typed).startTime - typed;
    }));
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
}

onPage("searches as one types, and tells how long a keystroke takes", "", async (page) => {
  const needle = "restart-berlin";
  // What people do not notice is 100; a busy machine takes longer.
  const most = Number(process.env.TASKDEX_KEYSTROKE_MS ?? 2_000);
  const search = page.getByRole("searchbox", { name: "Search names" });
  let median = Infinity;
  // Other work of the machine may hold up a round.
  for (let round = 0; round < 3 && median > most; round += 1) {
    await search.fill("");
    await settle(page);
    await search.focus();
    median = await timeToAnswer(page, needle);
    console.log(`a keystroke is answered in ${median.toFixed()} ms`);
  }
  assert.ok(median <= most, `${median} ms`);
  for (const name of await names(page)) assert.ok(name.includes(needle), name);
  const query = `offset=0&limit=25&task_name=${needle}`;
  assert.equal(await total(page), (await ask(`/v2/default/scheduled-tasks?${query}`)).total_count);

  // In another case nothing matches, unless case is ignored.
  await search.fill(needle.toUpperCase());
  await settle(page);
  assert.equal(await total(page), 0);
  assert.match(await text(page, "#nothing"), /No task matches/);
  await page.getByRole("checkbox", { name: "Ignore case" }).check();
  await settle(page);
  assert.ok((await total(page)) > 0);
});

onPage("drops an answer that comes too late", "", async (page) => {
  const first = new Promise((resolve) => {
    page.route(/\/console\/list\?.*task_name=restart&/, async (route) => {
      await new Promise((later) => setTimeout(later, 600));
      await route.continue().catch(() => {});
      resolve();
    });
  });
  await page.getByRole("searchbox").fill("restart");
  await page.waitForTimeout(100);
  await page.getByRole("searchbox").fill("snapshot-lab");
  await first;
  await page.waitForTimeout(200);
  await settle(page);
  assert.equal(new URLSearchParams(await text(page, "#asked")).get("task_name"), "snapshot-lab");
  for (const name of await names(page)) assert.ok(name.includes("snapshot-lab"), name);
});

onPage("pages to the exact end, by pointer and by key", "", async (page) => {
  const all = await total(page);
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await settle(page);
  assert.equal(await text(page, "#place"), `26–50 of ${all.toLocaleString("en")}`);
  await page.getByRole("button", { name: "Last" }).click();
  await settle(page);
  const left = all % 25 || 25;
  assert.equal((await names(page)).length, left);
  const shown = `${(all - left + 1).toLocaleString("en")}–${all.toLocaleString("en")}`;
  assert.equal(await text(page, "#place"), `${shown} of ${all.toLocaleString("en")}`);
  assert.equal(await page.getByRole("button", { name: "Next", exact: true }).isDisabled(), true);
  await page.locator("body").press("p");
  await settle(page);
  assert.equal((await names(page)).length, 25);
  await page.getByLabel("Rows").selectOption("50");
  await settle(page);
  assert.match(await text(page, "#place"), /^1–50 of/);
});

onPage("orders by age and by next execution", "", async (page) => {
  const sorted = (id) => page.locator(id).getAttribute("aria-sort");
  assert.deepEqual([await sorted("#by-age"), await sorted("#by-next")], ["ascending", "none"]);
  await page.getByRole("button", { name: "Last" }).click();
  await settle(page);
  const newest = (await names(page)).at(-1);
  await page.getByRole("columnheader", { name: "Added" }).getByRole("button").click();
  await settle(page);
  assert.equal((await names(page))[0], newest);
  assert.deepEqual([await sorted("#by-age"), await sorted("#by-next")], ["descending", "none"]);

  const answered = page.waitForResponse(/\/console\/list\?.*order=next_execution/);
  await page.getByLabel("Order").selectOption("Next execution first");
  const { scheduled_tasks: tasks } = await (await answered).json();
  await settle(page);
  assert.deepEqual([await sorted("#by-age"), await sorted("#by-next")], ["none", "ascending"]);
  assert.deepEqual(await names(page), tasks.map((task) => task.task_name));
  const next = await Promise.all(tasks.map(async ({ id }) => {
    const { executions } = await ask(`/console/task?project=default&id=${id}`);
    return Date.parse(executions[0]);
  }));
  assert.deepEqual(next, [...next].sort((one, other) => one - other));
});

onPage("draws the week, and says the same in words and as a table", "", async (page) => {
  const summary = await text(page, "#forecast-summary");
  assert.ok((await page.locator("#chart rect").count()) > 100);
  const label = await page.locator("#chart svg").getAttribute("aria-label");
  assert.ok(summary.startsWith(label.replace("Executions by the hour. ", "").replace(/\.$/, "")), label);
  const perDay = await page.locator("#forecast-table td.number").allTextContents();
  const sum = (counts) => counts.reduce((sum, count) => sum + number(count), 0);
  assert.equal(sum(perDay), number(summary));
  const { counts } = await ask("/console/forecast?project=default&offset=0&limit=0");
  assert.equal(sum(counts.map(String)), number(summary));

  // It is of the tasks that the filters leave.
  await page.getByRole("radio", { name: /^Rebuild/ }).check();
  await settle(page);
  assert.ok(number(await text(page, "#forecast-summary")) < number(summary) / 5);
});

onPage("counts each night of a small project", "?project=small", async (page) => {
  // Its tasks run nightly, and a week of hours has each night once.
  assert.equal(number(await text(page, "#forecast-summary")), 7 * SMALL);
  assert.equal(await page.locator("#chart rect").count(), 7);
});

onPage("shows a task's next executions and its record", "?scheduled_type=DAY", async (page) => {
  const listed = await ask("/v2/default/scheduled-tasks?offset=0&limit=25&scheduled_type=DAY");
  const position = listed.scheduled_tasks.findIndex((task) => task.enable);
  const task = listed.scheduled_tasks[position];
  await page.locator("#tasks .name").nth(position).click();
  const details = page.getByRole("dialog", { name: task.task_name });
  await details.waitFor();
  const { executions } = await ask(`/console/task?project=default&id=${task.id}`);
  assert.equal(executions.length, 10);
  assert.equal(executions[0].slice(0, 19).replace("T", " "), task.next_execution_time);
  const shown = await details.locator("#executions li").allTextContents();
  executions.forEach((execution, position) => {
    assert.ok(shown[position].includes(`${execution.slice(11, 19)} ${execution.slice(19)}`), shown[position]);
    assert.ok(shown[position].includes(execution.slice(0, 4)), shown[position]);
  });
  assert.ok((await details.locator("#record dd").allTextContents()).includes(task.id));
  assert.match(await text(page, "#took-task"), /µs|ms/);
  await page.keyboard.press("Escape");
  assert.equal(await details.isVisible(), false);
});

onPage("is used with the keyboard alone", "", async (page) => {
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);
  const shownNames = await names(page);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the tasks");
  await page.keyboard.press("Enter");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.equal(await focused(), shownNames[1]);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: shownNames[1] }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await focused(), shownNames[1]);
  await page.keyboard.press("k");
  assert.equal(await focused(), shownNames[0]);
  await page.keyboard.press("n");
  await settle(page);
  assert.match(await text(page, "#place"), /^26–50/);
  await page.keyboard.press("/");
  assert.equal(await focused(), "search");
  // In the field a letter is a letter.
  await page.keyboard.type("n");
  await settle(page);
  assert.match(await text(page, "#asked"), /task_name=n$/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("o");
  await settle(page);
  assert.match(await text(page, "#asked"), /order=newest/);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.waitFor();
  await help.getByRole("checkbox").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  assert.equal(await help.isVisible(), false, "shortcuts were turned off");
});

onPage("shows markup as the text that it is", "?project=small", async (page) => {
  assert.equal((await names(page))[0], MARKUP);
  await page.locator("#tasks .name").first().click();
  await page.getByRole("dialog").waitFor();
  assert.equal(await text(page, "#details-title"), MARKUP);
  assert.equal(await page.locator("#tasks img, #tasks script, dialog img, dialog script").count(), 0);
  assert.equal(await page.title(), "taskdex console");
});

onPage("tells when the server refuses or does not answer", "", async (page) => {
  await page.getByRole("searchbox").fill("n".repeat(255));
  await settle(page);
  assert.equal(await page.getByRole("alert").isVisible(), false);
  await page.goto(`${it.origin}/?task_name=${"n".repeat(256)}`);
  await page.getByRole("alert").waitFor();
  assert.match(await text(page, "#alert"), /task_name/);
  await page.route(/\/console\/(list|facets)/, (route) => route.abort());
  await page.getByRole("searchbox").fill("n");
  await page.getByText("The server does not answer").waitFor();
  // These two are complaints of this test's own making.
  complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes("Failed to load")));
});

/** Pairs of visible elements that lie over one another, and what is wider than the page. */
function overlaps() {
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) &&
    !element.closest(".unseen, .skip") && element.getClientRects().length > 0;
  const selector = "h1, h2, h3, p, label, legend, button, input, select, summary, dt, dd, th, td, " +
    "li, code, kbd, svg, #place, .small, .pill";
  const top = document.querySelector("dialog[open]") ?? document.body;
  const shown = [...top.querySelectorAll(selector)].filter(isShown);
  const boxes = shown.map((element) => ({ element, box: element.getBoundingClientRect() }));
  const name = ({ element }) => `${element.tagName} ${element.id} ${element.textContent.slice(0, 30)}`;
  const faults = boxes
    .filter(({ box }) => box.left < -0.5 || box.right > innerWidth + 0.5)
    .map((it) => `${name(it)} is outside`);
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
  boxes.forEach((one, position) => {
    for (const other of boxes.slice(position + 1)) {
      const isInside = one.element.contains(other.element) || other.element.contains(one.element);
      const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (!isInside && width > 1 && height > 1) faults.push(`${name(one)} | ${name(other)}`);
    }
  });
  for (const { element } of boxes) {
    const isCut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
    if (isCut && !element.matches("select, input, svg")) faults.push(`${element.tagName} ${element.className} is cut`);
  }
  return faults;
}

async function check(page, view) {
  assert.deepEqual(await page.evaluate(overlaps), [], view);
  // As an expression of the browser's own, so the page's policy stays in force.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
  assert.deepEqual(found, [], view);
}

for (const width of WIDTHS) {
  for (const scheme of SCHEMES) {
    const look = async (page) => {
      const view = `${width}, ${scheme}`;
      const setting = `(prefers-color-scheme: ${scheme})`;
      assert.ok(await page.evaluate((setting) => matchMedia(setting).matches, setting));
      await check(page, view);
      for (const summary of await page.locator("summary:visible").all()) await summary.click();
      if (width > 900) await page.locator("#filters").evaluate((it) => it.open = true);
      await page.getByRole("radio", { name: /^Life cycle/ }).check();
      await settle(page);
      await check(page, `${view}, all open`);
      await page.locator("#tasks .name").first().click();
      await page.getByRole("dialog").waitFor();
      await check(page, `${view}, details`);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Shortcuts" }).click();
      await check(page, `${view}, shortcuts`);
      await page.keyboard.press("Escape");
      // The longest texts that there are.
      await page.goto(`${it.origin}/?project=small`);
      await settle(page);
      await check(page, `${view}, long texts`);
      await page.locator("#tasks .name").nth(1).click();
      await page.getByRole("dialog").waitFor();
      await check(page, `${view}, long details`);
    };
    onPage(`nothing overlaps and axe finds nothing: ${width}, ${scheme}`, "", look, { width, scheme });
  }
}

test("no page asked another origin, and no browser complained", () => {
  assert.deepEqual(strangers, []);
  assert.deepEqual(complaints, []);
});
