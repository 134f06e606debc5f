/** Tune an adapter on a folder of the workspace, in a terminal: what is promoted is in force at once. */

import * as vscode from "vscode";
import { adapterSet, setAdapter } from "./adapters";
import { settingsAt } from "./client";
import { whichFolder } from "./folders";
import { outcome, type Tuned } from "./outcome";
import type { Session } from "./session";
import { runInTerminal } from "./terminal";

const REFUSAL = "Tuning reads the whole folder and runs finetab in it; trust this workspace first.";
const OPEN = "Open the Report";
const CLEAR = "Clear the Setting";

export async function tune(session: Session): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage(REFUSAL);
    return;
  }
  const { command } = session;
  const folder = await whichFolder("Tune on which folder?");
  if (folder === undefined) {
    return;
  }
  if (command === undefined || folder === "none") {
    const what = command === undefined ? "finetab is not installed" : "Open a folder first: it is what is learned from";
    void vscode.window.showWarningMessage(`${what}.`);
    return;
  }
  const before = await look(folder);
  const args = [...command.args, "tune", folder.uri.fsPath, ...baseOption(folder)];
  const exitCode = await runInTerminal(`tune ${folder.name}`, command.program, args, folder);
  await (exitCode === 0 ? tell(folder, before) : tellFailure(exitCode));
}

/** An adapter fits one base: the one that is set, if any is. */
function baseOption(folder: vscode.WorkspaceFolder): string[] {
  const { base } = settingsAt(folder.uri);
  return typeof base === "string" ? ["--base", base] : [];
}

/** The adapter that is in force because it was promoted here. */
async function inForce(folder: vscode.WorkspaceFolder): Promise<string> {
  const place = vscode.Uri.joinPath(folder.uri, ".finetab", "in-force.json");
  try {
    const text = Buffer.from(await vscode.workspace.fs.readFile(place)).toString("utf-8");
    return String((JSON.parse(text) as { adapter?: unknown }).adapter);
  } catch {
    return "base";
  }
}

async function tell(folder: vscode.WorkspaceFolder, before: Seen): Promise<void> {
  const now = await look(folder);
  const { report } = now;
  const chosen = now.inForce === before.inForce ? undefined : adapterSet();
  const buttons = [...(chosen === undefined ? [] : [CLEAR]), ...(report ? [OPEN] : [])];
  const choice = await vscode.window.showInformationMessage(outcome(before, now, chosen), ...buttons);
  if (choice === CLEAR) {
    await setAdapter(undefined);
  } else if (choice === OPEN && report) {
    await vscode.commands.executeCommand("markdown.showPreview", report);
  }
}

interface Seen extends Tuned {
  /** The newest one. */
  readonly report?: vscode.Uri;
}

async function look(folder: vscode.WorkspaceFolder): Promise<Seen> {
  const newest = await newestReport(folder);
  return { inForce: await inForce(folder), report: newest?.uri, reportedAt: newest?.at };
}

async function newestReport(folder: vscode.WorkspaceFolder): Promise<{ uri: vscode.Uri; at: number } | undefined> {
  const pattern = new vscode.RelativePattern(folder, ".finetab/tunes/*/report.md");
  const found = await vscode.workspace.findFiles(pattern, null);
  const times = await Promise.all(found.map(async (uri) => ({ uri, at: (await vscode.workspace.fs.stat(uri)).mtime })));
  return times.sort((one, other) => other.at - one.at)[0];
}

function tellFailure(exitCode: number | undefined): void {
  const how = exitCode === undefined ? "was stopped" : `ended with code ${exitCode}`;
  void vscode.window.showErrorMessage(`The tuning ${how}; the terminal has the details. No adapter was changed.`);
}
