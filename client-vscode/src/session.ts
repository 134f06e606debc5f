/** One running server and what belongs to it: start, restart, settings, status. */

import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient/node";
import { type Connection, connect, type Listener, settingsAt } from "./client";
import { type Command, findCommand } from "./command";
import { followUp, type Values } from "./settings";
import type { Counts } from "./status";
import type { StatusBar } from "./statusBar";
import { surroundings } from "./surroundings";
import { whyOff } from "./switches";

/** Counts change with each suggestion; the tooltip need not follow at once. */
const COUNTS_EVERY_MS = 10_000;
/** A server that ends unasked is started anew, but not for ever. */
const RESTARTS = 3;
const RESTART_WINDOW_MS = 3 * 60_000;
/** What to do when the server does not run: a button and its command. */
const REMEDIES: Readonly<Record<string, string>> = {
  "Show Log": "finetab.showLog",
  "Choose Command…": "finetab.chooseCommand",
  Restart: "finetab.restart",
};

export class Session implements vscode.Disposable {
  /** The command that runs finetab, once it was found. */
  command: Command | undefined;
  readonly channel = vscode.window.createOutputChannel("finetab", { log: true });
  private connection: Connection | undefined;
  private started: Values = {};
  private countedAt = 0;
  private isUp = false;
  private ends: number[] = [];
  private latest = 0;
  private stopped: Promise<void> = Promise.resolve();
  private readonly listeners: vscode.Disposable[];

  constructor(
    private readonly bar: StatusBar,
    private readonly ownBin: string,
    private readonly onMissing: () => void,
  ) {
    this.listeners = [
      vscode.workspace.onDidChangeConfiguration((event) => this.configured(event)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.restart()),
      vscode.window.onDidChangeActiveTextEditor(() => this.showSwitches()),
    ];
    this.showSwitches();
  }

  /** Stop what runs, be it still starting, and start anew; of starts that wait, only the last is made. */
  restart(): Promise<void> {
    const number = ++this.latest;
    const isLatest = () => number === this.latest;
    this.stopped = this.stopped.then(() => this.stop());
    return this.stopped.then(() => (isLatest() ? this.start(isLatest) : undefined));
  }

  /** The answer to one of the server's commands; undefined when no server runs or it does not know the command. */
  async ask<T>(command: string, ...args: unknown[]): Promise<T | undefined> {
    const client = this.connection?.client;
    const known = client?.initializeResult?.capabilities.executeCommandProvider?.commands ?? [];
    if (!client?.isRunning() || !known.includes(command)) {
      return undefined;
    }
    return client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args }) as Promise<T>;
  }

  async stop(): Promise<void> {
    const connection = this.connection;
    this.connection = undefined;
    this.isUp = false;
    await connection?.end();
  }

  dispose(): void {
    this.listeners.forEach((listener) => listener.dispose());
    this.channel.dispose();
  }

  /** A start that was overtaken by another says nothing more. */
  private async start(isLatest: () => boolean): Promise<void> {
    this.bar.update({ process: "starting", server: undefined, latencyMs: undefined });
    const command = await this.search();
    if (!isLatest()) {
      return;
    }
    this.command = command;
    if (command === undefined) {
      this.bar.update({ process: "missing" });
      return this.onMissing();
    }
    this.channel.info(`starting: ${[command.program, ...command.args, "serve"].join(" ")}`);
    this.started = settingsAt();
    this.connection = connect(command, this.channel, this.listener(isLatest));
    try {
      await this.connection.client.start();
      if (isLatest()) {
        this.isUp = true;
        this.bar.update({ process: "running" });
        void this.count();
      }
    } catch (error) {
      this.channel.error(String(error));
      if (isLatest()) {
        this.failed(`finetab could not be started with ${command.program}.`);
      }
    }
  }

  private async search(): Promise<Command | undefined> {
    try {
      return await findCommand(await surroundings(this.ownBin));
    } catch (error) {
      this.channel.error(`the search for finetab failed: ${String(error)}`);
      return undefined;
    }
  }

  private listener(isLatest: () => boolean): Listener {
    return {
      status: (server) => isLatest() && this.bar.update({ process: "running", server }),
      answered: (latencyMs) => {
        this.bar.update({ latencyMs });
        void this.count();
      },
      accepted: () => {
        this.countedAt = 0; // what was just accepted is to be seen
        void this.count();
      },
      ended: () => isLatest() && this.ended(),
    };
  }

  /** A server that ends before it was up is told of by `start`. */
  private ended(): void {
    if (!this.isUp) {
      return;
    }
    this.isUp = false;
    const now = Date.now();
    this.ends = [...this.ends.filter((end) => now - end < RESTART_WINDOW_MS), now];
    if (this.ends.length <= RESTARTS) {
      void this.restart();
    } else {
      this.failed(`The finetab server ended ${this.ends.length} times within a few minutes.`);
    }
  }

  private failed(message: string): void {
    this.bar.update({ process: "stopped" });
    void vscode.window.showErrorMessage(message, ...Object.keys(REMEDIES)).then((choice) => {
      return choice && vscode.commands.executeCommand(REMEDIES[choice]);
    });
  }

  private async count(): Promise<void> {
    if (Date.now() - this.countedAt < COUNTS_EVERY_MS) {
      return;
    }
    this.countedAt = Date.now();
    const counts = await this.ask<Counts>("finetab.counts").catch(() => undefined); // the log has it
    if (typeof counts?.shown === "number" && typeof counts.accepted === "number") {
      this.bar.update({ counts });
    }
  }

  private configured(event: vscode.ConfigurationChangeEvent): void {
    if (!event.affectsConfiguration("finetab")) {
      return;
    }
    this.showSwitches();
    if (event.affectsConfiguration("finetab.command") || followUp(this.started, settingsAt()) === "restart") {
      void this.restart();
    } else if (this.connection?.client.isRunning()) {
      // Sent none, the server asks for those of each folder.
      void this.connection.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }
  }

  private showSwitches(): void {
    this.bar.update({ off: whyOff(vscode.window.activeTextEditor?.document.languageId) });
  }
}
