/** finetab is not on this machine: say so once, and offer to install it or to choose the command. */

import * as vscode from "vscode";
import type { Installation } from "./installation";
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

/** Make an environment for finetab in a terminal, after asking; then start. */
export async function install(installation: Installation, restart: () => Promise<void>): Promise<void> {
  const steps = installation.steps();
  if (steps.length === 0) {
    void vscode.window.showErrorMessage(
      "This build of the extension came without finetab. Install that into an environment of yours, and choose its command.",
    );
    return;
  }
  const answer = await vscode.window.showInformationMessage(
    "Install finetab, in an environment of its own, and fetch the default model?",
    {
      modal: true,
      detail:
        "It needs Python 3.11 or newer, and brings PyTorch: some gigabytes, some minutes. Nothing else on this machine " +
        "is changed. A terminal shows what is done.",
    },
    "Install",
  );
  if (answer !== "Install") {
    return;
  }
  for (const { program, args } of steps) {
    if ((await runInTerminal("install finetab", program, args)) !== 0) {
      void vscode.window.showErrorMessage("finetab was not installed; the terminal says why.");
      return;
    }
  }
  await restart();
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
