// The tasks that the console is tested with: the same ones on every run.

import { createWriteStream } from "node:fs";
import { once } from "node:events";

/** A task whose every text is markup that would run, if it were ever read as such. */
export const MARKUP = '<img src=x onerror="document.title=\'broken\'"><script>alert(1)</script>';
/** How many tasks of the project `small` there are. */
export const SMALL = 7;

const TASK_TYPES = [
  ["REBOOT", 28], ["START", 22], ["STOP", 22], ["CREATE_SNAPSHOT", 10], ["HIBERNATE", 8],
  ["EXECUTE_SCRIPT", 6], ["REBUILD", 4],
];
const SCHEDULED_TYPES = [["DAY", 35], ["WEEK", 30], ["MONTH", 13], ["FIXED_TIME", 18], ["LIFE_CYCLE", 4]];
const STATUSES = [["SUCCESS", 65], [undefined, 20], ["FAIL", 9], ["SKIP", 6]];
const ZONES = [["Asia/Shanghai", 55], ["Europe/Paris", 15], ["America/New_York", 15], ["UTC", 10], ["Asia/Kolkata", 5]];
const OCCASIONS = ["nightly", "morning", "weekly", "month-end", "holiday", "audit"];
const ACTIONS = ["restart", "start", "stop", "snapshot", "cleanup", "patch"];
const PLACES = ["berlin", "shenzhen", "lab", "finance", "design", "support", "callcentre", "kiosk"];
const DESCRIPTIONS = [
  "Saves power overnight.", "After backups.", "Keeps images fresh.", "Agreed with the team.",
  "À la fermeture.", "Asked for in ticket",
];
const EVENTS = ["POST_DESKTOP_DISCONNECTED", "POST_CREATE_DESKTOP_SUCCESS"];

/** A small generator of random numbers from 0 up to `bound`. */
function randomFrom(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function weighted(random, choices) {
  let left = random(100);
  return choices.find(([, weight]) => (left -= weight) < 0)[0];
}

const two = (number) => String(number).padStart(2, "0");

function task(random, number) {
  const pick = (list) => list[random(list.length)];
  const name = `${pick(OCCASIONS)}-${pick(ACTIONS)}-${pick(PLACES)}-${String(random(10_000)).padStart(4, "0")}`;
  const record = {
    id: `task-${String(number).padStart(7, "0")}`,
    task_name: name,
    task_type: weighted(random, TASK_TYPES),
    scheduled_type: weighted(random, SCHEDULED_TYPES),
    last_status: weighted(random, STATUSES),
    enable: random(100) >= 8,
    description: random(10) > 0 ? `${pick(DESCRIPTIONS)}${random(4) ? "" : ` ${random(900) + 100}`}` : undefined,
  };
  if (record.scheduled_type === "LIFE_CYCLE") {
    const allowed = ["START", "REBUILD"].includes(record.task_type) ? "STOP" : record.task_type;
    return { ...record, task_type: allowed, life_cycle_type: pick(EVENTS) };
  }
  // Half of them at night, on the hour or at a quarter past it.
  const hour = random(2) ? random(7) : random(24);
  record.scheduled_time = `${two(hour)}:${two(15 * random(4))}:00`;
  record.time_zone = weighted(random, ZONES);
  if (record.scheduled_type === "DAY") record.day_interval = pick([1, 1, 1, 2, 3, 7]);
  if (record.scheduled_type === "WEEK") record.week_list = pick(["2,3,4,5,6", "2,3,4,5,6", "1,7", "4"]);
  if (record.scheduled_type === "MONTH") {
    record.month_list = "1,2,3,4,5,6,7,8,9,10,11,12";
    record.date_list = pick(["1", "L", "1,15", String(1 + random(28))]);
  }
  if (record.scheduled_type === "FIXED_TIME") {
    record.scheduled_date = `20${two(26 + random(4))}-${two(1 + random(12))}-${two(1 + random(28))}`;
  }
  return record;
}

/** Writes JSON Lines: `count` tasks of the project `default`, and a small project. */
export async function writeData(path, count) {
  const out = createWriteStream(path);
  const random = randomFrom(7);
  for (let begin = 0; begin < count; begin += 10_000) {
    const lines = [];
    for (let number = begin; number < Math.min(begin + 10_000, count); number += 1) {
      lines.push(JSON.stringify(task(random, number)));
    }
    if (!out.write(`${lines.join("\n")}\n`)) await once(out, "drain");
  }
  for (let number = 0; number < SMALL; number += 1) {
    const nightly = {
      project_id: "small",
      id: `small-${number}`,
      task_name: number === 0 ? MARKUP : `small task ${number}`,
      description: number === 0 ? MARKUP : "x".repeat(255),
      task_type: "STOP",
      scheduled_type: "DAY",
      day_interval: 1,
      scheduled_time: "02:00:00",
      time_zone: "Europe/Paris",
    };
    out.write(`${JSON.stringify(nightly)}\n`);
  }
  out.end();
  await once(out, "finish");
}
