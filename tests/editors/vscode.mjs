// Drives a real VS Code as a user does, with the packaged extension, the real server and its default model, and checks
// what can be seen and what passes between extension and server. Ends with 1 and a sentence when something is not so.
//
//   node vscode.mjs CACHE VSIX FINETAB PICTURES      (tests/editors/run.sh knows them)
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { startCodeServer } from "./code_server.mjs";

const [cache, vsix, finetab, pictures] = process.argv.slice(2);
const { chromium } = createRequire(join(cache, "driver/package.json"))("playwright-core");
const STATUS = "#finetab\\.finetab\\.finetab\\.status";
const MODEL_MS = 240_000; // loading, on a busy machine
const ANSWER_MS = 90_000;
const METHOD = "def perimeter(self) -> float:";

const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

function check(holds, what, found) {
  if (!holds) throw new Error(`not so: ${what}${found === undefined ? "" : `; found ${JSON.stringify(found)}`}`);
  say(`ok: ${what}`);
}

async function until(what, look, limit = ANSWER_MS) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${limit / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What the steps need of the page: keys, what is on the screen, and what has passed since a moment. */
function editor(page, server) {
  const self = {
    page,
    press: (key) => page.keyboard.press(key),
    type: (text) => page.keyboard.type(text, { delay: 60 }),
    /** The suggestion on the screen, empty when there is none. */
    ghost: () =>
      page.evaluate(() => {
        const seen = [...document.querySelectorAll(".ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview")];
        return seen.map((element) => element.textContent).join("").replaceAll("\u00a0", " ");
      }),
    status: () => page.evaluate((id) => document.querySelector(id)?.getAttribute("aria-label") ?? "", STATUS),
    statusText: () => page.evaluate((id) => document.querySelector(id)?.textContent ?? "", STATUS),
    text: async () => {
      await page.keyboard.press("Control+S");
      await page.waitForTimeout(700);
      return readFileSync(join(server.workspace, "shapes.py"), "utf8");
    },
    isLoaded: () => server.wire().some(({ message }) => message.method === "$/progress" && message.params.value.kind === "end"),
    picture: (name) => page.screenshot({ path: join(pictures, `${name}.png`) }),
    command: async (title) => {
      await page.keyboard.press("F1");
      await page.waitForSelector(".quick-input-widget input", { state: "visible" });
      await page.keyboard.type(title);
      await page.waitForTimeout(800);
      await page.keyboard.press("Enter");
      await page.waitForTimeout(500);
    },
    /** Messages of a method that the extension has sent, oldest first. */
    sent: (method) => server.wire().filter(({ from, message }) => from === "client" && message.method === method),
    /** The result of the last request of a method, or of a command, once it was answered. */
    answer: (method, command) => {
      const wire = server.wire();
      const request = wire.findLast(
        ({ from, message }) =>
          from === "client" && message.method === method && (command === undefined || message.params.command === command),
      );
      return wire.find(({ from, message }) => from === "server" && message.id === request?.message.id && !message.method)?.message;
    },
  };
  return self;
}

async function openFile({ page, press }) {
  await press("Control+P");
  await page.waitForSelector(".quick-input-widget input", { state: "visible" });
  await page.keyboard.type("shapes.py");
  await page.waitForTimeout(1000);
  await press("Enter");
  await page.waitForSelector(".editor-instance .view-lines");
  await page.click(".editor-instance .view-lines");
  await press("Control+End");
}

async function comesUp(vscode) {
  await vscode.page.waitForSelector(STATUS, { state: "attached", timeout: 120_000 });
  await vscode.press("Control+B"); // the pictures are of the editor
  await openFile(vscode);
  await vscode.picture("1-loading");
  await until("the status bar to say ready", async () => /finetab: ready/.test(await vscode.status()), MODEL_MS);
  await until("the model to be loaded", vscode.isLoaded, MODEL_MS);
  check(true, "the status bar says ready");
}

async function suggests(vscode) {
  await vscode.type("    " + METHOD);
  await vscode.press("Enter");
  await vscode.type("re");
  const ghost = await until("ghost text", vscode.ghost);
  await vscode.picture("2-ghost-text");
  check(ghost.length > 1, `ghost text appears while typing: ${JSON.stringify(ghost)}`);
  const { item } = (await until("didShowCompletion", () => vscode.sent("textDocument/didShowCompletion").at(-1))).message.params;
  check(typeof item.command.arguments[0].id === "string", "the server is told that it was shown");
  return ghost;
}

async function reuses(vscode, ghost) {
  const before = vscode.sent("textDocument/inlineCompletion").length;
  await vscode.type(ghost[0]);
  await until("the next request", () => vscode.sent("textDocument/inlineCompletion").length > before);
  await until("its answer", () => vscode.answer("textDocument/inlineCompletion"));
  await vscode.page.waitForTimeout(500);
  check(ghost.slice(1).startsWith((await vscode.ghost()).slice(0, 8)), "the rest stays after typing its first letter");
  check(vscode.sent("finetab/didRejectCompletion").length === 0, "typing along is no rejection");
  check(vscode.sent("textDocument/didPartiallyAcceptCompletion").length === 0, "nor is it taking a part");
}

async function explains(vscode) {
  await vscode.command("finetab: Why No Suggestion?");
  const { result } = await until("the answer of why", () => vscode.answer("workspace/executeCommand", "finetab.why"));
  check(["typed through", "remembered"].includes(result[0].why), "why: the last answer came from memory", result[0].why);
  const words = await until("the report", () => reportText(vscode.page));
  check(/shapes\.py:\d+:\d+/.test(words), "the report names the place");
  await vscode.page.waitForTimeout(500);
  await vscode.picture("3-why");
  await vscode.press("Control+W");
  await vscode.page.click(".editor-instance .view-lines");
  await vscode.press("Control+End");
}

/** The text of the Markdown preview, which lives in a frame of a frame. */
async function reportText(page) {
  for (const frame of page.frames()) {
    const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
    if (text.includes("what became of the last requests")) return text;
  }
  return undefined;
}

async function takesAWord(vscode) {
  await vscode.command("Trigger Inline Suggestion");
  const ghost = await until("ghost text", vscode.ghost);
  const before = await vscode.text();
  await vscode.press("Control+ArrowRight");
  const told = await until("didPartiallyAccept", () => vscode.sent("textDocument/didPartiallyAcceptCompletion").at(-1));
  const grown = added(before, await vscode.text());
  await vscode.picture("4-word-taken");
  check(grown !== "" && ghost.startsWith(grown), "Ctrl+Right takes a word", grown);
  check(told.message.params.acceptedLength === grown.length, "the server is told how much", told.message.params);
}

async function takesAll(vscode) {
  const ghost = await until("the rest of the ghost text", vscode.ghost);
  const rejected = vscode.sent("finetab/didRejectCompletion").length;
  const before = await vscode.text();
  await vscode.press("Tab");
  const accepted = await until("finetab.accepted", () =>
    vscode.sent("workspace/executeCommand").find(({ message }) => message.params.command === "finetab.accepted"),
  );
  const grown = added(before, await vscode.text());
  await vscode.picture("5-accepted");
  check(grown !== "" && grown.startsWith(ghost.trimEnd().slice(0, 8)), `Tab takes the rest: ${JSON.stringify(grown)}`);
  const shown = vscode.sent("textDocument/didShowCompletion").map(({ message }) => message.params.item.command.arguments[0].id);
  check(shown.includes(accepted.message.params.arguments[0].id), "what was accepted had been shown");
  check(vscode.sent("finetab/didRejectCompletion").length === rejected, "nothing of it was rejected");
}

async function rejects(vscode) {
  await vscode.press("Enter");
  await vscode.press("Enter");
  await vscode.type("def sca");
  await until("another ghost text", vscode.ghost);
  await vscode.type("Q");
  await until("didReject", () => vscode.sent("finetab/didRejectCompletion").at(-1));
  check(true, "typing something else is told as a rejection");
}

async function turnsOff(vscode) {
  await vscode.command("finetab: Turn Suggestions On or Off");
  await until("the status bar to say off", async () => /turned off/.test(await vscode.status()));
  const before = vscode.sent("textDocument/inlineCompletion").length;
  await vscode.type("uick = 1");
  await vscode.page.waitForTimeout(1500);
  check(vscode.sent("textDocument/inlineCompletion").length === before, "turned off, nothing is asked for");
  await vscode.page.hover(STATUS);
  await vscode.page.waitForTimeout(1500);
  await vscode.picture("6-off");
  await vscode.command("finetab: Turn Suggestions On or Off");
  await until("the status bar to say ready", async () => /ready|working/.test(await vscode.status()));
  check(true, "and on again");
}

function added(before, after) {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return after.slice(start, after.length - end);
}

async function drive(server) {
  const executablePath = process.env.CHROMIUM || undefined;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  const page = await browser.newPage({ viewport: { width: 900, height: 520 } });
  const vscode = editor(page, server);
  try {
    await page.goto(server.address, { waitUntil: "domcontentloaded" });
    await comesUp(vscode);
    await reuses(vscode, await suggests(vscode));
    await explains(vscode);
    await takesAWord(vscode);
    await takesAll(vscode);
    await rejects(vscode);
    await turnsOff(vscode);
  } catch (error) {
    await vscode.picture("failed");
    throw error;
  } finally {
    await browser.close();
  }
}

mkdirSync(pictures, { recursive: true });
const server = await startCodeServer({ cache, vsix, finetab });
try {
  await drive(server);
  say(`all is well; the pictures are in ${pictures}`);
} catch (error) {
  console.error(`vscode.mjs: ${error.message}`);
  process.exitCode = 1;
} finally {
  await server.stop();
}
