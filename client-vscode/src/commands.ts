/** The table of commands, and the menu that the status bar opens. */

import * as vscode from "vscode";
import type { Adapters } from "./adapters";
import type { Installation } from "./installation";
import { chooseCommand, install } from "./missing";
import type { Reports } from "./reports";
import type { Session } from "./session";
import { isOffFor, isOn, toggle, toggleLanguage } from "./switches";
import { tune } from "./tune";

type Handler = () => unknown;

export function registerCommands(
  session: Session,
  adapters: Adapters,
  reports: Reports,
  installation: Installation,
): vscode.Disposable[] {
  const handlers: Record<string, Handler> = {
    menu,
    toggle,
    toggleLanguage,
    explain: () => reports.why(),
    switchAdapter: () => adapters.switch(),
    rollBack: () => adapters.rollBack(),
    tune: () => tune(session),
    showStatistics: () => reports.statistics(),
    showLog: () => session.channel.show(),
    restart: () => session.restart(),
    install: () => install(installation, () => session.restart()),
    chooseCommand,
  };
  return Object.entries(handlers).map(([name, handler]) => vscode.commands.registerCommand(`finetab.${name}`, handler));
}

async function menu(): Promise<void> {
  const picked = await vscode.window.showQuickPick(entries(), { title: "finetab" });
  if (picked !== undefined) {
    await vscode.commands.executeCommand(picked.command, ...picked.args);
  }
}

interface Entry extends vscode.QuickPickItem {
  readonly command: string;
  readonly args: unknown[];
}

function entries(): Entry[] {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const entry = (label: string, command: string, ...args: unknown[]): Entry => ({ label, command, args });
  return [
    entry(isOn() ? "$(circle-slash) Turn Off" : "$(sparkle) Turn On", "finetab.toggle"),
    ...(language === undefined
      ? []
      : [entry(`$(code) Turn ${isOffFor(language) ? "On" : "Off"} for ${language}`, "finetab.toggleLanguage")]),
    entry("$(question) Why No Suggestion?", "finetab.explain"),
    entry("$(arrow-swap) Switch Adapter…", "finetab.switchAdapter"),
    entry("$(discard) Roll Back Adapter", "finetab.rollBack"),
    entry("$(mortar-board) Tune on This Workspace…", "finetab.tune"),
    entry("$(graph) Show Statistics", "finetab.showStatistics"),
    entry("$(output) Show Log", "finetab.showLog"),
    entry("$(debug-restart) Restart Server", "finetab.restart"),
    entry("$(gear) Settings", "workbench.action.openSettings", "finetab."),
  ];
}
