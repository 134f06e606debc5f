/** Which folder of the workspace a command is about. */

import * as vscode from "vscode";

/** The only folder, or the one that is picked; "none" where none is open, undefined where the question was left. */
export async function whichFolder(question: string): Promise<vscode.WorkspaceFolder | "none" | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1
    ? vscode.window.showWorkspaceFolderPick({ placeHolder: question })
    : (folders[0] ?? "none");
}
