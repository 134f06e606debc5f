// A real VS Code with the packaged extension, the real server and its default model: what a user sees, and what passes
// between extension and server. Ends with 1 and a sentence when something is not so.
//
//   node vscode.mjs CACHE VSIX FINETAB PICTURES      (run.sh knows them)
import { check, say, STATUS, until, withEditor } from "./driver.mjs";

const [cache, vsix, finetab, pictures] = process.argv.slice(2);
const MODEL_MS = 240_000; // loading, on a busy machine
const TUNING_MS = 900_000;
const FILE = "shapes.py";

async function comesUp(vscode) {
  await vscode.press("Control+B"); // the pictures are of the editor
  await vscode.open(FILE);
  await vscode.picture("1-loading");
  await until(
    "the model to be loaded",
    () => vscode.told("$/progress").find(({ value }) => value.kind === "end"),
    MODEL_MS,
  );
  await until("the status bar to say ready", async () => /finetab: ready/.test(await vscode.status()));
  check(true, "the status bar says ready");
}

async function suggests(vscode) {
  await vscode.press("Enter");
  await vscode.type("    def perimeter(self) -> float:");
  await vscode.press("Enter");
  await vscode.type("return");
  const ghost = await until("ghost text", vscode.ghost);
  await vscode.picture("2-ghost-text");
  check(ghost.length > 1, `ghost text appears while typing: ${JSON.stringify(ghost)}`);
  const { item } = await until("didShowCompletion", () => vscode.sent("textDocument/didShowCompletion").at(-1));
  check(typeof item.command.arguments[0].id === "string", "the server is told that it was shown");
  return ghost;
}

async function reuses(vscode, ghost) {
  const before = vscode.sent("textDocument/inlineCompletion").length;
  await vscode.type(ghost[0]);
  await until("the next request", () => vscode.sent("textDocument/inlineCompletion").length > before);
  await until("its answer", () => vscode.answer("textDocument/inlineCompletion"));
  await vscode.page.waitForTimeout(500);
  const rest = await vscode.ghost();
  check(
    rest !== "" && ghost.slice(1).startsWith(rest.slice(0, 8)),
    "the rest stays after typing its first letter",
    rest,
  );
  check(vscode.sent("finetab/didRejectCompletion").length === 0, "typing along is no rejection");
  check(vscode.sent("textDocument/didPartiallyAcceptCompletion").length === 0, "nor is it taking a part");
}

async function explains(vscode) {
  await vscode.command("finetab: Why No Suggestion?");
  const { result } = await until("the answer of why", () => vscode.answer("workspace/executeCommand", "finetab.why"));
  check(
    ["typed through", "remembered"].includes(result[0].why),
    "why: the last answer came from memory",
    result[0].why,
  );
  const words = await until("the report", () => reportText(vscode.page, "what became of the last requests"));
  check(/shapes\.py:\d+:\d+/.test(words), "the report names the place");
  await vscode.page.waitForTimeout(500);
  await vscode.picture("3-why");
  await vscode.press("Control+W");
  await vscode.focusEnd();
}

/** The text of the Markdown preview, which lives in a frame of a frame. */
async function reportText(page, title) {
  for (const frame of page.frames()) {
    const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
    if (text.includes(title)) return text;
  }
  return undefined;
}

async function takesAWord(vscode) {
  await vscode.command("Trigger Inline Suggestion");
  const ghost = await until("ghost text", vscode.ghost);
  const before = await vscode.text(FILE);
  await vscode.press("Control+ArrowRight");
  const told = await until("didPartiallyAccept", () => vscode.sent("textDocument/didPartiallyAcceptCompletion").at(-1));
  const grown = added(before, await vscode.text(FILE));
  await vscode.picture("4-word-taken");
  check(grown !== "" && ghost.startsWith(grown), "Ctrl+Right takes a word", grown);
  check(told.acceptedLength === grown.length, "the server is told how much", told.acceptedLength);
}

async function takesAll(vscode) {
  const ghost = await until("the rest of the ghost text", vscode.ghost);
  const rejected = vscode.sent("finetab/didRejectCompletion").length;
  const before = await vscode.text(FILE);
  await vscode.press("Tab");
  const commands = () => vscode.sent("workspace/executeCommand");
  const accepted = await until("finetab.accepted", () =>
    commands().find(({ command }) => command === "finetab.accepted"),
  );
  const grown = added(before, await vscode.text(FILE));
  await vscode.picture("5-accepted");
  check(grown !== "" && grown.startsWith(ghost.trimEnd().slice(0, 8)), `Tab takes the rest: ${JSON.stringify(grown)}`);
  const shown = vscode.sent("textDocument/didShowCompletion").map(({ item }) => item.command.arguments[0].id);
  check(shown.includes(accepted.arguments[0].id), "what was accepted had been shown");
  check(vscode.sent("finetab/didRejectCompletion").length === rejected, "nothing of it was rejected");
}

async function rejects(vscode) {
  const rejected = vscode.sent("finetab/didRejectCompletion").length;
  for (const key of ["Enter", "Enter", "Backspace"]) await vscode.press(key);
  await vscode.type("def diag");
  await until("another ghost text", vscode.ghost);
  await vscode.type("Q");
  await until("didReject", () => vscode.sent("finetab/didRejectCompletion").length > rejected);
  check(true, "typing something else is told as a rejection");
}

async function turnsOff(vscode) {
  await vscode.command("finetab: Turn Suggestions On or Off");
  await until("the status bar to say off", async () => /turned off/.test(await vscode.status()));
  const before = vscode.sent("textDocument/inlineCompletion").length;
  await vscode.type("uick = 1");
  await vscode.page.waitForTimeout(1500);
  check(vscode.sent("textDocument/inlineCompletion").length === before, "turned off, nothing is asked for");
  await vscode.page.click(STATUS);
  await vscode.page.waitForTimeout(1000);
  await vscode.picture("6-menu");
  await vscode.press("Enter"); // the first entry turns it on
  await until("the status bar to say ready", async () => !/turned off/.test(await vscode.status()));
  check(true, "the status bar's menu turns it on again");
  await vscode.page.hover(STATUS);
  await vscode.page.waitForTimeout(1500);
  await vscode.picture("7-status");
}

async function counts(vscode) {
  await vscode.command("finetab: Show Statistics");
  const words = await until("the report", () => reportText(vscode.page, "what became of the suggestions"));
  const [, shown, accepted] = /all\s+(\d+)\s+(\d+)/.exec(words) ?? [];
  await vscode.page.waitForTimeout(500);
  await vscode.picture("8-statistics");
  check(Number(shown) > 0 && Number(accepted) > 0, `the statistics count: ${shown} shown, ${accepted} accepted`);
  await vscode.press("Control+W");
  await vscode.focusEnd();
}

async function guides(vscode) {
  await vscode.command("Welcome: Open Walkthrough");
  await vscode.type("Get started with finetab");
  await vscode.page.waitForTimeout(500);
  await vscode.press("Enter");
  const steps = vscode.page.locator(".gettingStarted .step-title");
  await steps.first().waitFor();
  await vscode.page.waitForTimeout(1500); // its page is drawn
  await vscode.picture("11-walkthrough");
  check((await steps.count()) === 4, `the walkthrough has its steps: ${(await steps.allTextContents()).join("; ")}`);
  await vscode.press("Control+W");
  await vscode.focusEnd();
}

async function tunes(vscode) {
  await vscode.command("finetab: Tune on This Workspace");
  const hasEnded = async () => (await vscode.messages()).some((text) => /tuning has ended|is in force/.test(text));
  await until("the end of the tuning", hasEnded, TUNING_MS);
  await vscode.page.waitForTimeout(1000); // it slides in
  await vscode.picture("9-tuned");
  await vscode.page.getByText("Open the Report").click();
  await vscode.page.waitForTimeout(2000); // it is drawn
  await vscode.picture("9-report");
  await vscode.press("Control+W");
  await vscode.press("Control+J"); // the terminal away
  await vscode.focusEnd();
  // So few holes promote nothing, or by chance; the adapter is taken by hand.
  await vscode.command("finetab: Switch Adapter");
  await vscode.page.waitForTimeout(1000);
  await vscode.type("workspace-");
  await vscode.press("Enter");
  const adapter = await until("the new settings", () => settingsGiven(vscode).adapter);
  await until("the status bar to name the adapter", async () => /adapter workspace-/.test(await vscode.status()));
  check(true, "an adapter is tuned in a terminal, its report is opened, and it is put in force");
  return adapter;
}

async function switchesAdapters(vscode, tuned) {
  await vscode.command("finetab: Switch Adapter");
  await vscode.page.waitForTimeout(1000);
  await vscode.picture("10-adapters");
  await vscode.type("base");
  await vscode.press("Enter");
  await until("the base to be set", () => settingsGiven(vscode).adapter === "base");
  await until("the status bar to say so", async () => /adapter that comes with the base/.test(await vscode.status()));
  check(true, "the adapter is switched off by the list");
  await vscode.command("finetab: Roll Back Adapter");
  await until("the adapter to be set again", () => settingsGiven(vscode).adapter === tuned);
  await until("the status bar to name it", async () => /adapter workspace-/.test(await vscode.status()));
  check(vscode.sent("initialize").length === 1, "and rolled back to, all without a restart");
}

async function survives(vscode) {
  process.kill(vscode.pid(), "SIGKILL");
  await until("another server", () => vscode.sent("initialize").length === 2);
  await until("the status bar to say ready", async () => /finetab: ready/.test(await vscode.status()), MODEL_MS);
  const troubled = (await vscode.messages()).filter((text) => /could not|ended/.test(text));
  check(troubled.length === 0, "a server that is killed is started again, without a message", troubled);
}

function settingsGiven(vscode) {
  return vscode.answered("workspace/configuration").at(-1)[0]; // of the one folder
}

/** What stands in the longer of two texts, where they differ in one place. */
function added(before, after) {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return after.slice(start, after.length - end);
}

try {
  await withEditor({ cache, vsix, pictures, command: [finetab] }, async (vscode) => {
    await comesUp(vscode);
    await reuses(vscode, await suggests(vscode));
    await explains(vscode);
    await takesAWord(vscode);
    await takesAll(vscode);
    await rejects(vscode);
    await turnsOff(vscode);
    await counts(vscode);
    await guides(vscode);
    await switchesAdapters(vscode, await tunes(vscode));
    await survives(vscode);
  });
  say(`all is well; the pictures are in ${pictures}`);
} catch (error) {
  console.error(`vscode.mjs: ${error.message}`);
  process.exitCode = 1;
}
