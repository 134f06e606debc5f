/** What `findCommand` may look at, in the real world: the disk, PATH, the settings, the Python extension. */

import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Surroundings } from "./command";

const PROBE = "import importlib.util, sys; sys.exit(importlib.util.find_spec('finetab') is None)";
const PROBE_TIMEOUT_MS = 10_000;

export async function surroundings(ownBin: string): Promise<Surroundings> {
  const { isTrusted, workspaceFolders = [] } = vscode.workspace;
  return {
    configured: vscode.workspace.getConfiguration("finetab").get<string[]>("command", []),
    folders: workspaceFolders.filter((folder) => folder.uri.scheme === "file").map((folder) => folder.uri.fsPath),
    isTrusted,
    interpreter: isTrusted ? await chosenInterpreter() : undefined,
    ownBin,
    searchPath: (process.env.PATH ?? "").split(path.delimiter),
    platform: process.platform,
    isFile,
    canImport,
  };
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false; // it is not there, or in a folder that may not be entered
  }
}

/** The part of the Python extension's API that is used. */
interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

async function chosenInterpreter(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  try {
    const environments = (await extension?.activate())?.environments;
    const active = environments?.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
    return active && (await environments?.resolveEnvironment(active))?.executable.uri?.fsPath;
  } catch {
    return undefined; // the Python extension has a fault; the search goes on without it
  }
}

function canImport(python: string): Promise<boolean> {
  const options = { cwd: homedir(), timeout: PROBE_TIMEOUT_MS };
  return new Promise((resolve) => execFile(python, ["-P", "-c", PROBE], options, (error) => resolve(error === null)));
}
