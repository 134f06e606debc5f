/** Reports that are shown as Markdown and never saved: why there was no suggestion, and the statistics. */

import * as vscode from "vscode";
import type { Session } from "./session";
import { statisticsReport, type Summary } from "./statistics";
import { whyReport, type WhyRecord } from "./why";

const SCHEME = "finetab";
const NOT_RUNNING = "The finetab server does not run, or it is too old to tell. See *finetab: Show Log*.\n";

type Report = (session: Session) => Promise<string>;

const REPORTS: Readonly<Record<string, Report>> = {
  "finetab - why.md": async (session) => {
    const records = await session.ask<WhyRecord[]>("finetab.why");
    return records === undefined ? NOT_RUNNING : whyReport(records);
  },
  "finetab - statistics.md": async (session) => {
    const summary = await session.ask<Summary>("finetab.stats");
    return summary === undefined ? NOT_RUNNING : statisticsReport(summary);
  },
};

export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changes.event;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(private readonly session: Session) {}

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    return REPORTS[uri.path](this.session);
  }

  why(): Promise<void> {
    return this.show("finetab - why.md", "markdown.showPreviewToSide");
  }

  statistics(): Promise<void> {
    return this.show("finetab - statistics.md", "markdown.showPreview"); // tables want the whole width
  }

  dispose(): void {
    this.registration.dispose();
    this.changes.dispose();
  }

  private async show(name: string, preview: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: name });
    this.changes.fire(uri); // an open report is made anew
    const document = await vscode.workspace.openTextDocument(uri);
    try {
      await vscode.commands.executeCommand(preview, document.uri);
    } catch {
      await vscode.window.showTextDocument(document, vscode.ViewColumn.Beside, true); // no Markdown preview here
    }
  }
}
