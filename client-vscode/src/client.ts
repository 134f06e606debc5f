/** The language client: how the server is started, what it is told, and what passes between. */

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
} from "vscode-languageclient/node";
import type { Command } from "./command";
import { chosenSettings, type Values } from "./settings";
import type { ServerStatus } from "./status";
import { whyOff } from "./switches";
import { Watch } from "./watch";

export const ACCEPTED = "finetab.accepted";
const RESTARTS = 3;
const RESTART_WINDOW_MS = 3 * 60_000;

/** What the client tells whoever started it. */
export interface Listener {
  status(status: ServerStatus): void;
  answered(latencyMs: number): void;
  accepted(): void;
  gaveUp(): void;
}

/** A client with the watch over its suggestions; both end together. */
export interface Connection {
  readonly client: LanguageClient;
  readonly watch: Watch;
}

export function connect(command: Command, channel: vscode.LogOutputChannel, listener: Listener): Connection {
  const watch = new Watch((method, params) => {
    if (client.isRunning()) {
      void client.sendNotification(method, params);
    }
  });
  const server = { command: command.program, args: [...command.args, "serve"] };
  const client = new LanguageClient("finetab", "finetab", server, options(channel, watch, listener));
  client.onNotification("didChangeStatus", (status: ServerStatus) => listener.status(status));
  return { client, watch };
}

/** The settings that hold at a place, as the server is told them. */
export function settingsAt(uri?: vscode.Uri): Values {
  return chosenSettings(vscode.workspace.getConfiguration("finetab", uri));
}

function options(channel: vscode.LogOutputChannel, watch: Watch, listener: Listener): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { notebook: "*" }],
    initializationOptions: settingsAt(),
    outputChannel: channel,
    // The server's log is no list of errors, though it comes over stderr.
    stdioOptions: { stdout: logTo(channel), stderr: logTo(channel) },
    errorHandler: patience(listener),
    initializationFailedHandler: () => false,
    middleware: middleware(watch, listener),
  };
}

function middleware(watch: Watch, listener: Listener): Middleware {
  return {
    async provideInlineCompletionItems(document, position, context, token, next) {
      if (whyOff(document.languageId)) {
        return [];
      }
      const { version } = document;
      const started = performance.now();
      const found = (await next(document, position, context, token)) ?? [];
      const items = Array.isArray(found) ? found : found.items;
      if (!token.isCancellationRequested) {
        watch.answered(document, version, position, items, context.selectedCompletionInfo);
        if (items.length > 0) {
          listener.answered(performance.now() - started);
        }
      }
      return items;
    },
    async executeCommand(command, args, next) {
      if (command !== ACCEPTED) {
        return next(command, args);
      }
      watch.accepted();
      const result = await next(command, args);
      listener.accepted();
      return result;
    },
    workspace: {
      configuration: ({ items }) =>
        items.map(({ section, scopeUri }) =>
          section === "finetab" ? settingsAt(scopeUri === undefined ? undefined : vscode.Uri.parse(scopeUri)) : null,
        ),
      // What is sent on a change is chosen in session.ts, not here: the whole section would have settings that the
      // server does not know.
      didChangeConfiguration: () => Promise.resolve(),
    },
  };
}

/** Starts a server that ends unasked anew, a few times; then gives up and says so once. */
function patience(listener: Listener): ErrorHandler {
  const ends: number[] = [];
  return {
    error: (_error, _message, count) => ({
      action: count !== undefined && count <= RESTARTS ? ErrorAction.Continue : ErrorAction.Shutdown,
      handled: true,
    }),
    closed: () => {
      const now = Date.now();
      ends.push(now);
      if (ends.filter((end) => now - end < RESTART_WINDOW_MS).length <= RESTARTS) {
        return { action: CloseAction.Restart, handled: true };
      }
      listener.gaveUp();
      return { action: CloseAction.DoNotRestart, handled: true };
    },
  };
}

function logTo(channel: vscode.LogOutputChannel): (input: NodeJS.ReadableStream) => void {
  return (input) => {
    let rest = "";
    input.setEncoding("utf8");
    input.on("data", (piece: string) => {
      const lines = (rest + piece).split(/\r?\n/);
      rest = lines.pop() ?? "";
      lines.forEach((line) => channel.info(line));
    });
    input.on("end", () => rest && channel.info(rest));
  };
}
