/** Where VS Code comes in: puts the parts together. What is completed, and when, is the server's business. */

import * as vscode from "vscode";
import { Adapters } from "./adapters";
import { registerCommands } from "./commands";
import { tellMissing } from "./missing";
import { Reports } from "./reports";
import { Session } from "./session";
import { StatusBar } from "./statusBar";

let session: Session | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const bar = new StatusBar();
  session = new Session(bar, () => void tellMissing());
  const adapters = new Adapters(session, context.workspaceState);
  const reports = new Reports(session);
  context.subscriptions.push(bar, session, adapters, reports, ...registerCommands(session, adapters, reports));
  void session.restart();
}

export function deactivate(): Promise<void> | undefined {
  return session?.stop();
}
