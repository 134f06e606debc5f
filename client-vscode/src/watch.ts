/** Turns what happens in the editor into events of `feedback`, and its outcomes into notifications. */

import * as vscode from "vscode";
import { type Event, ghostText, type Offer, type Outcome, step } from "./feedback";

type Item = vscode.InlineCompletionItem;
export type Notify = (method: string, params: object) => void;

export class Watch implements vscode.Disposable {
  private offer: Offer<Item> | undefined;
  private readonly listeners: vscode.Disposable[];

  constructor(private readonly notify: Notify) {
    this.listeners = [
      vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)),
      vscode.window.onDidChangeTextEditorSelection((event) => this.moved(event)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.focused(editor)),
    ];
  }

  /** An answer has come for a place; `version` is the document's when it was asked for. */
  answered(
    document: vscode.TextDocument,
    version: number,
    position: vscode.Position,
    items: readonly Item[],
    selected: vscode.SelectedCompletionInfo | undefined,
  ): void {
    const cursor = vscode.window.activeTextEditor;
    const isThere =
      cursor?.document === document && cursor.selection.isEmpty && cursor.selection.active.isEqual(position);
    if (!isThere || document.version !== version) {
      return;
    }
    const lineBreak = document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
    const suggestions = items.flatMap((item) => {
      const written = item.range ? document.getText(new vscode.Range(item.range.start, position)) : "";
      const text = ghostText(textOf(item), written, selected?.text, lineBreak);
      return text === undefined ? [] : [{ text, item }];
    });
    this.feed({ kind: "answered", uri: key(document), offset: document.offsetAt(position), suggestions });
  }

  /** The editor has run the command of an accepted suggestion. */
  accepted(): void {
    this.feed({ kind: "accepted" });
  }

  dispose(): void {
    this.listeners.forEach((listener) => listener.dispose());
  }

  private changed(event: vscode.TextDocumentChangeEvent): void {
    if (event.contentChanges.length > 0) {
      const changes = event.contentChanges.map((change) => ({
        offset: change.rangeOffset,
        length: change.rangeLength,
        text: change.text,
      }));
      this.feed({ kind: "changed", uri: key(event.document), changes });
    }
  }

  private moved(event: vscode.TextEditorSelectionChangeEvent): void {
    const { document } = event.textEditor;
    if (this.offer === undefined || event.textEditor !== vscode.window.activeTextEditor) {
      return;
    }
    const [selection] = event.selections;
    const offset = selection.isEmpty ? document.offsetAt(selection.active) : -1;
    const byTyping = event.kind === vscode.TextEditorSelectionChangeKind.Keyboard;
    this.feed({ kind: "moved", uri: key(document), offset, byTyping });
  }

  private focused(editor: vscode.TextEditor | undefined): void {
    this.feed({ kind: "left" });
    this.notify("textDocument/didFocus", editor ? { textDocument: { uri: key(editor.document) } } : {});
  }

  private feed(event: Event<Item>): void {
    const { offer, outcomes } = step(this.offer, event);
    this.offer = offer;
    outcomes.forEach((outcome) => this.tell(outcome));
  }

  private tell(outcome: Outcome<Item>): void {
    const item = { insertText: textOf(outcome.item), command: outcome.item.command };
    switch (outcome.kind) {
      case "shown":
        return this.notify("textDocument/didShowCompletion", { item });
      case "taken":
        return this.notify("textDocument/didPartiallyAcceptCompletion", { item, acceptedLength: outcome.length });
      case "rejected":
        return this.notify("finetab/didRejectCompletion", { item });
    }
  }
}

function textOf(item: Item): string {
  return typeof item.insertText === "string" ? item.insertText : item.insertText.value;
}

function key(document: vscode.TextDocument): string {
  return document.uri.toString();
}
