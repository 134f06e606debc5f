// Drives VS Code in a headless browser as a user does, and says what is on the screen and what has passed.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { startCodeServer } from "./code_server.mjs";

export const STATUS = "#finetab\\.finetab\\.finetab\\.status";
const ANSWER_MS = 90_000;
const START_MS = 180_000; // a busy machine takes its time to draw the first page
const started = Date.now();

export const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

/** Goes on when it holds; ends the run with a sentence when it does not. */
export function check(holds, what, found) {
  if (!holds) throw new Error(`not so: ${what}${found === undefined ? "" : `; found ${JSON.stringify(found)}`}`);
  say(`ok: ${what}`);
}

/** What `look` finds, as soon as it finds anything. */
export async function until(what, look, limit = ANSWER_MS) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${limit / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Run `steps` in an editor of its own, with a picture of where it failed. */
export async function withEditor({ cache, pictures, ...options }, steps) {
  mkdirSync(pictures, { recursive: true });
  const { chromium } = createRequire(join(cache, "driver/package.json"))("playwright-core");
  const server = await startCodeServer({ cache, ...options });
  const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || undefined, args });
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 520 } });
    const vscode = editor(page, server, pictures);
    await page.goto(server.address, { waitUntil: "domcontentloaded", timeout: START_MS });
    await page.waitForSelector(STATUS, { state: "attached", timeout: START_MS });
    await steps(vscode).catch(async (error) => {
      await vscode.picture("failed");
      throw error;
    });
  } finally {
    await browser.close();
    await server.stop();
  }
}

function editor(page, server, pictures) {
  const sent = (method) => server.wire().filter(({ from, message }) => from === "client" && message.method === method);
  return {
    page,
    workspace: server.workspace,
    press: (key) => page.keyboard.press(key),
    type: (text) => page.keyboard.type(text, { delay: 60 }),
    picture: (name) => page.screenshot({ path: join(pictures, `${name}.png`) }),
    /** What the status bar says, in the words of its tooltip. */
    status: () => page.evaluate((id) => document.querySelector(id)?.getAttribute("aria-label") ?? "", STATUS),
    /** The suggestion on the screen, empty when there is none. */
    ghost: () =>
      page.evaluate(() => {
        const seen = [
          ...document.querySelectorAll(".ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview"),
        ];
        return seen
          .map((element) => element.textContent)
          .join("")
          .replaceAll("\u00a0", " ");
      }),
    messages: () =>
      page.evaluate(() =>
        [...document.querySelectorAll(".notification-list-item-message")].map((each) => each.textContent),
      ),
    /** The file as it is after saving it. */
    async text(name) {
      await page.keyboard.press("Control+S");
      await page.waitForTimeout(700);
      return readFileSync(join(server.workspace, name), "utf8");
    },
    async open(name) {
      await page.keyboard.press("Control+P");
      await pick(page, name);
      await page.waitForSelector(".editor-instance .view-lines");
      await this.focusEnd();
    },
    async focusEnd() {
      await page.click(".editor-instance .view-lines");
      await page.keyboard.press("Control+End");
    },
    async command(title) {
      await page.keyboard.press("F1");
      await pick(page, title);
    },
    /** Messages of a method that the extension has sent, oldest first. */
    sent: (method) => sent(method).map(({ message }) => message.params),
    /** What the extension has answered to the server's requests of a method, oldest first. */
    answered(method) {
      const asked = server.wire().filter(({ from, message }) => from === "server" && message.method === method);
      const ids = new Set(asked.map(({ message }) => message.id));
      const answers = server.wire().filter(({ from, message }) => from === "client" && message.method === undefined);
      return answers.filter(({ message }) => ids.has(message.id)).map(({ message }) => message.result);
    },
    /** Everything the server has said of its own accord. */
    told: (method) =>
      server
        .wire()
        .filter(({ from, message }) => from === "server" && message.method === method)
        .map(({ message }) => message.params),
    /** The process of the first server. */
    pid: () => server.wire().find(({ from }) => from === "tap").message.pid,
    /** The answer to the last request of a method, or of a command, once there is one. */
    answer(method, command) {
      const request = sent(method).findLast(
        ({ message }) => command === undefined || message.params.command === command,
      );
      const answers = server.wire().filter(({ from, message }) => from === "server" && message.method === undefined);
      return answers.find(({ message }) => message.id === request?.message.id)?.message;
    },
  };
}

async function pick(page, text) {
  await page.waitForSelector(".quick-input-widget input", { state: "visible" });
  await page.keyboard.type(text);
  await page.waitForTimeout(1000);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(500);
}
