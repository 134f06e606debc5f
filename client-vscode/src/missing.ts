/** finetab is not on this machine: say so once, and offer to install it or to choose the command. */

import * as vscode from "vscode";
import { runInTerminal } from "./terminal";

const INSTALL = "Install…";
const CHOOSE = "Choose Command…";

export async function tellMissing(): Promise<void> {
  const choice = await vscode.window.showWarningMessage(
    "finetab is not installed: it was found neither in a virtual environment of this workspace, nor in the chosen Python, nor on PATH.",
    INSTALL,
    CHOOSE,
  );
  if (choice === INSTALL) {
    await vscode.commands.executeCommand("finetab.install");
  } else if (choice === CHOOSE) {
    await vscode.commands.executeCommand("finetab.chooseCommand");
  }
}

/** Install with pip in a terminal, after asking; then start. */
export async function install(restart: () => Promise<void>): Promise<void> {
  const python = process.platform === "win32" ? "python" : "python3";
  const args = ["-m", "pip", "install", "finetab"];
  const answer = await vscode.window.showInformationMessage(
    `Run this in a terminal? ${[python, ...args].join(" ")}`,
    { modal: true, detail: "It needs Python 3.11 or newer and brings PyTorch, which is large." },
    "Run",
  );
  if (answer !== "Run") {
    return;
  }
  const exitCode = await runInTerminal("install finetab", python, args);
  if (exitCode === 0) {
    await restart();
  } else {
    void vscode.window.showErrorMessage("finetab was not installed; the terminal says why.");
  }
}

/** Let the user point at the program, and keep it in the settings; the session follows them. */
export async function chooseCommand(): Promise<void> {
  const [program] =
    (await vscode.window.showOpenDialog({
      title: "Choose the finetab program, or a Python that has finetab",
      openLabel: "Use",
    })) ?? [];
  if (program !== undefined) {
    await vscode.workspace
      .getConfiguration("finetab")
      .update("command", commandOf(program.fsPath), vscode.ConfigurationTarget.Global);
  }
}

function commandOf(program: string): string[] {
  const isPython = /[\\/]python[\d.]*(\.exe)?$/i.test(program);
  return isPython ? [program, "-P", "-m", "finetab"] : [program];
}
