// Makes the pictures of README anew: `node screenshots.js FOLDER`.

import { join } from "node:path";
import { blank, settle, start } from "./browser.js";

const folder = process.argv[2] ?? "../../../../docs/images";
const { origin, browser, stop } = await start();
try {
  for (const [name, width, height, scheme] of [
    ["console-wide-light", 1440, 940, "light"],
    ["console-wide-dark", 1440, 940, "dark"],
    ["console-narrow-light", 390, 844, "light"],
    ["console-narrow-dark", 390, 844, "dark"],
  ]) {
    const page = await blank(browser, { width, height, scheme });
    await page.goto(`${origin}/?task_name=restart`);
    await settle(page);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await page.context().close();
  }
} finally {
  await stop();
}
