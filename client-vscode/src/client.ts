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
import { Server } from "./server";
import { chosenSettings, type Values } from "./settings";
import type { ServerStatus } from "./status";
import { whyOff } from "./switches";
import { Watch } from "./watch";

export const ACCEPTED = "finetab.accepted";
const ERRORS_IN_A_ROW = 3;

/** What the client tells whoever started it. */
export interface Listener {
  status(status: ServerStatus): unknown;
  answered(latencyMs: number): void;
  accepted(): void;
  /** The server has gone without being asked to; the client stays as it is. */
  ended(): unknown;
}

/** Leaves it to the session to tell the user; the library's own messages go to the log. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export interface Connection {
  readonly client: LanguageClient;
  /** End client, server and watch, whatever they are at. */
  end(): Promise<void>;
}

export function connect(command: Command, channel: vscode.LogOutputChannel, listener: Listener): Connection {
  const watch = new Watch((method, params) => {
    if (client.isRunning()) {
      void client.sendNotification(method, params);
    }
  });
  const server = new Server(command, (line) => channel.info(line));
  const client = new QuietClient("finetab", "finetab", () => server.start(), options(channel, watch, listener));
  client.onNotification("didChangeStatus", (status: ServerStatus) => void listener.status(status));
  return {
    client,
    async end() {
      watch.dispose();
      const isAsked = client.isRunning();
      if (isAsked) {
        await client.stop().catch((error: unknown) => channel.warn(String(error)));
      }
      server.end(isAsked);
    },
  };
}

/** The settings that hold at a place, as the server is told them. */
export function settingsAt(uri?: vscode.Uri): Values {
  return chosenSettings(vscode.workspace.getConfiguration("finetab", uri));
}

function options(channel: vscode.LogOutputChannel, watch: Watch, listener: Listener): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { notebook: "*" }],
    // `status` asks for the notification `didChangeStatus`.
    initializationOptions: { ...settingsAt(), status: true },
    outputChannel: channel,
    // The server's log is no list of errors, though it comes over stderr.
    stdioOptions: { stdout: logTo(channel), stderr: logTo(channel) },
    errorHandler: errorHandler(listener),
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

/** Leaves it to the session to start anew: it may find another command by then, and it tells the user once. */
function errorHandler(listener: Listener): ErrorHandler {
  return {
    error: (_error, _message, count = 0) => ({
      action: count <= ERRORS_IN_A_ROW ? ErrorAction.Continue : ErrorAction.Shutdown,
      handled: true,
    }),
    closed: () => {
      listener.ended();
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
