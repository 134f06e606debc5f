/** Runs a program in a terminal that the user sees, and waits for its end. */

import * as vscode from "vscode";

/** The exit code; undefined when the terminal was closed before the end. */
export async function runInTerminal(
  name: string,
  program: string,
  args: readonly string[],
  folder?: vscode.WorkspaceFolder,
): Promise<number | undefined> {
  const run = new vscode.ProcessExecution(program, [...args], folder && { cwd: folder.uri.fsPath });
  const task = new vscode.Task({ type: "finetab" }, folder ?? vscode.TaskScope.Global, name, "finetab", run);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated };
  const execution = await vscode.tasks.executeTask(task);
  return new Promise((resolve) => {
    const done = (exitCode: number | undefined) => {
      listeners.forEach((listener) => listener.dispose());
      resolve(exitCode);
    };
    const listeners = [
      vscode.tasks.onDidEndTaskProcess((event) => event.execution === execution && done(event.exitCode)),
      // A process that could not be started has no end of its own.
      vscode.tasks.onDidEndTask((event) => event.execution === execution && setTimeout(done, 500, undefined)),
    ];
  });
}
