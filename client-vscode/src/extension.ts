/** Where VS Code comes in: puts the parts together. What is completed, and when, is the server's business. */

import { readdirSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { Adapters } from "./adapters";
import { registerCommands } from "./commands";
import { Installation } from "./installation";
import { tellMissing } from "./missing";
import { Reports } from "./reports";
import { Session } from "./session";
import { StatusBar } from "./statusBar";

let session: Session | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const bar = new StatusBar();
  const installation = new Installation(context.globalStorageUri.fsPath, wheels(context), process.platform);
  session = new Session(bar, installation.bin, () => void tellMissing());
  const adapters = new Adapters(session, context.workspaceState);
  const reports = new Reports(session);
  context.subscriptions.push(bar, session, adapters, reports, ...registerCommands(session, adapters, reports, installation));
  void session.restart();
}

/** The packages of finetab that came along. */
function wheels(context: vscode.ExtensionContext): string[] {
  const folder = path.join(context.extensionPath, "dist");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".whl"))
    .map((name) => path.join(folder, name));
}

export function deactivate(): Promise<void> | undefined {
  return session?.stop();
}
