/** The status bar item: holds the status and shows `view` of it. */

import * as vscode from "vscode";
import { type Status, view } from "./status";

const COLOURS = {
  none: undefined,
  warning: new vscode.ThemeColor("statusBarItem.warningBackground"),
  error: new vscode.ThemeColor("statusBarItem.errorBackground"),
};

export class StatusBar implements vscode.Disposable {
  private status: Status = { process: "starting", off: "" };
  private readonly item = vscode.window.createStatusBarItem("finetab.status", vscode.StatusBarAlignment.Right, 100);

  constructor() {
    this.item.name = "finetab";
    this.item.command = "finetab.menu";
    this.update({});
    this.item.show();
  }

  /** Take what is new and show it. */
  update(news: Partial<Status>): void {
    this.status = { ...this.status, ...news };
    const { text, tooltip, severity } = view(this.status);
    this.item.text = text;
    this.item.tooltip = new vscode.MarkdownString(tooltip);
    this.item.backgroundColor = COLOURS[severity];
    this.item.accessibilityInformation = { label: tooltip.replace(/[*`\\]/g, "") };
  }

  dispose(): void {
    this.item.dispose();
  }
}
