/** Tune an adapter on a folder of the workspace, in a terminal, and offer to switch to it. */

import * as path from "node:path";
import * as vscode from "vscode";
import { exists, ownAdapters, setAdapter } from "./adapters";
import { settingsAt } from "./client";
import type { Session } from "./session";
import { runInTerminal } from "./terminal";

const REFUSAL = "Tuning reads the whole folder and runs finetab in it; trust this workspace first.";

export async function tune(session: Session): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage(REFUSAL);
    return;
  }
  const { command } = session;
  const folder = await askFolder();
  if (command === undefined || folder === undefined) {
    const what = command === undefined ? "finetab is not installed" : "Open a folder first: it is what is learned from";
    void vscode.window.showWarningMessage(`${what}.`);
    return;
  }
  const adapters = ownAdapters(folder);
  const name = await askName(adapters, path.basename(folder.uri.fsPath));
  if (name === undefined) {
    return;
  }
  await keepOutOfGit(vscode.Uri.joinPath(folder.uri, ".finetab"));
  const out = vscode.Uri.joinPath(adapters, name).fsPath;
  const args = [...command.args, "train", "--data", folder.uri.fsPath, "--out", out, ...baseOption(folder)];
  const exitCode = await runInTerminal(`tune ${name}`, command.program, args, folder);
  await (exitCode === 0 ? offer(name, out) : tellFailure(exitCode));
}

async function askFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1
    ? vscode.window.showWorkspaceFolderPick({ placeHolder: "Tune on which folder?" })
    : folders[0];
}

async function askName(adapters: vscode.Uri, proposal: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: "finetab: name of the adapter",
    prompt: "It is kept in .finetab/adapters of the folder. A small model on a CPU takes minutes, a large one a GPU.",
    value: proposal.replace(/[^\w.-]/g, "-"),
    validateInput: async (name) => {
      if (!/^[\w-][\w.-]*$/.test(name)) {
        return "Letters, digits, dots, dashes and underscores, please.";
      }
      return (await exists(vscode.Uri.joinPath(adapters, name))) ? "There is an adapter of this name already." : "";
    },
  });
}

/** Weights do not belong into the repository, nor into the next tuning's data. */
async function keepOutOfGit(folder: vscode.Uri): Promise<void> {
  const ignore = vscode.Uri.joinPath(folder, ".gitignore");
  if (!(await exists(ignore))) {
    await vscode.workspace.fs.writeFile(ignore, Buffer.from("*\n")); // makes the folder as well
  }
}

/** An adapter fits one base: the one that is set, if any is. */
function baseOption(folder: vscode.WorkspaceFolder): string[] {
  const { base } = settingsAt(folder.uri);
  return typeof base === "string" ? ["--base", base] : [];
}

async function offer(name: string, out: string): Promise<void> {
  const choice = await vscode.window.showInformationMessage(`The adapter ${name} is ready.`, "Switch to It");
  if (choice !== undefined) {
    await setAdapter(out);
  }
}

function tellFailure(exitCode: number | undefined): void {
  const how = exitCode === undefined ? "was stopped" : `ended with code ${exitCode}`;
  void vscode.window.showErrorMessage(`The tuning ${how}; the terminal has the details. No adapter was changed.`);
}
