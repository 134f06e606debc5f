/** The server's process: started in the workspace, and ended whatever state it is in. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import type { Command } from "./command";

/** The server ends itself a few seconds after it was asked to; a process that does not has lost its way. */
const PATIENCE_MS = 8_000;

export class Server {
  private process: ChildProcess | undefined;

  constructor(
    private readonly command: Command,
    private readonly log: (line: string) => void,
  ) {}

  /** Start it; rejects when there is no such program. */
  start(): Promise<ChildProcess> {
    const { program, args } = this.command;
    const child = spawn(program, [...args, "serve"], { cwd: folder() });
    this.process = child;
    child.once("exit", (code, signal) => this.log(`the server ended (${signal ?? code})`));
    return new Promise((resolve, reject) => {
      child.once("spawn", () => resolve(child));
      child.once("error", reject);
    });
  }

  /** End it at once, or, when it was asked to end, in a while. */
  end(wasAsked: boolean): void {
    const child = this.process;
    if (wasAsked) {
      setTimeout(() => child?.kill(), PATIENCE_MS).unref();
    } else {
      child?.kill();
    }
  }
}

/** The first folder of the workspace that is on this machine. */
function folder(): string | undefined {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.map(({ uri }) => uri.fsPath).find((place) => existsSync(place));
}
