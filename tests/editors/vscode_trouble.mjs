// A real VS Code where finetab is missing, breaks, or lies in a workspace that nobody trusts. Ends with 1 and a
// sentence when the extension does not do what it should.
//
//   node vscode_trouble.mjs CACHE VSIX PICTURES      (run.sh knows them)
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, say, until, withEditor } from "./driver.mjs";

const [cache, vsix, pictures] = process.argv.slice(2);

const INSTALL_MS = 15 * 60_000; // PyTorch has to come over the network

const saysStatus = (vscode, words) => async () => (await vscode.status()).includes(words);

async function tellsThatItIsMissing(vscode) {
  await until("the status bar to say so", saysStatus(vscode, "not installed"));
  const [message, ...others] = await until("a message", async () =>
    (await vscode.messages()).filter((text) => /finetab/.test(text)),
  );
  await vscode.picture("not-installed");
  check(/not installed/.test(message) && others.length === 0, "where finetab is missing, one message says so", others);
}

/** A real installation: from the message to the first suggestion, with nothing on the machine but Python. */
async function installsItself(vscode) {
  const button = (place, words) => vscode.page.locator(place).getByRole("button", { name: words, exact: true }).click();
  await until("a message", async () => (await vscode.messages()).some((text) => /not installed/.test(text)));
  await button(".notifications-toasts", "Install…");
  await button(".monaco-dialog-box", "Install");
  await until("finetab to be installed, and its model in force", saysStatus(vscode, "gemma3-270m"), INSTALL_MS);
  await vscode.open("shapes.py");
  await vscode.type("\n\ndef area_of(square):\n    return ");
  check(await until("a suggestion", vscode.ghost), "where finetab is missing, a click installs it");
  await vscode.picture("installed");
}

async function tellsThatItBreaks(vscode) {
  await until("the status bar to say so", saysStatus(vscode, "has stopped"));
  await vscode.page.waitForTimeout(3000);
  const messages = (await vscode.messages()).filter((text) => /finetab|server/i.test(text));
  await vscode.picture("broken");
  check(messages.length === 1, "where the server ends again and again, one message says so", messages);
}

/** A server that never answers must not be in the way of the next. */
async function restartsWhatHangs(vscode) {
  await until("the status bar to say so", saysStatus(vscode, "is starting"));
  await until("a first server", () => vscode.sent("initialize").length === 1);
  await vscode.command("finetab: Restart Server");
  await until("a second one", () => vscode.sent("initialize").length === 2);
  check((await vscode.messages()).length === 0, "a server that hangs can be restarted");
}

/** A workspace with a program where the extension looks for finetab, which leaves a mark when it is run. */
function bait(workspace) {
  const bin = join(workspace, ".venv/bin");
  mkdirSync(bin, { recursive: true });
  for (const name of ["finetab", "python", "python3"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\ntouch "${workspace}/was-run"\n`, { mode: 0o755 });
  }
  writeFileSync(join(workspace, "finetab.py"), `open("${workspace}/was-run", "w").close()\n`);
  mkdirSync(join(workspace, ".vscode"));
  const settings = { "finetab.command": [join(bin, "finetab")] };
  writeFileSync(join(workspace, ".vscode/settings.json"), JSON.stringify(settings));
}

async function runsNothingOfTheWorkspace(vscode) {
  await until("the status bar to say not installed", saysStatus(vscode, "not installed"));
  await vscode.page.waitForTimeout(3000);
  check(!existsSync(join(vscode.workspace, "was-run")), "in a workspace that is not trusted nothing of it is run");
}

async function runsItWhenTrusted(vscode) {
  await until("the bait to be run", () => existsSync(join(vscode.workspace, "was-run")));
  check(true, "in a trusted one it is (so the bait is good)");
}

const untrusted = {
  "security.workspace.trust.enabled": true,
  "security.workspace.trust.startupPrompt": "never",
};

try {
  const common = { cache, vsix, pictures, isBare: true };
  await withEditor(common, tellsThatItIsMissing);
  await withEditor(common, installsItself);
  await withEditor({ ...common, command: ["/bin/false"] }, tellsThatItBreaks);
  await withEditor({ ...common, command: ["/usr/bin/env", "sh", "-c", "cat >/dev/null"] }, restartsWhatHangs);
  await withEditor({ ...common, settings: untrusted, prepare: bait }, runsNothingOfTheWorkspace);
  await withEditor({ ...common, prepare: bait }, runsItWhenTrusted);
  say("all is well");
} catch (error) {
  console.error(`vscode_trouble.mjs: ${error.message}`);
  process.exitCode = 1;
}
