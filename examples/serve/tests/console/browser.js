// A server with tasks, and a browser to look at it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { writeData } from "./data.js";

const SERVER = process.env.TASKDEX_SERVE ?? "../../../../target/release/taskdex-serve";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const TASKS = Number(process.env.TASKDEX_CONSOLE_TASKS ?? 1_000_000);

export const WIDTHS = [1440, 390];
export const SCHEMES = ["light", "dark"];

/** Starts a server with the tasks of `data.js`, and a browser. */
export async function start() {
  const folder = await mkdtemp(join(tmpdir(), "taskdex-console-"));
  const data = join(folder, "tasks.jsonl");
  await writeData(data, TASKS);
  const server = spawn(SERVER, ["--addr", "127.0.0.1:0", "--data", data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit").then(([status]) => {
    throw new Error(`the server ended with ${status}`);
  });
  const stop = async () => {
    ended.catch(() => {});
    server.kill();
    await rm(folder, { recursive: true });
  };
  try {
    const origin = await Promise.race([ended, originOf(server)]);
    await Promise.race([ended, isLoaded(origin)]);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-background-networking"],
    });
    return { origin, browser, stop: async () => { await browser.close(); await stop(); } };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function originOf(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const [, origin] = /^listening on (http:\S+)/.exec(line) ?? [];
    if (origin) return origin;
  }
  throw new Error("the server did not say where it listens");
}

/** Waits until all tasks are there: a server may listen before. */
async function isLoaded(origin) {
  for (;;) {
    const answer = await fetch(`${origin}/console/projects`).catch(() => undefined);
    const { projects = [] } = answer?.ok ? await answer.json() : {};
    if (projects.find(({ id }) => id === "default")?.tasks === TASKS) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A blank page with settings and a storage of its own. */
export async function blank(browser, { width = 1440, height = 900, scheme = "light" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: "Europe/Paris",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

/** Waits until the page shows the answers to what it says that it asked. */
export async function settle(page) {
  await page.waitForFunction(() => {
    const isBusy = (id) => document.getElementById(id).ariaBusy === "true";
    const isAsked = document.getElementById("asked").textContent !== "";
    const isDrawn = document.querySelector("#chart svg") !== null;
    return isAsked && isDrawn && !isBusy("tasks") && !isBusy("chart");
  });
}
