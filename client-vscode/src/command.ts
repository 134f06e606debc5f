/** Finds the command that runs finetab. Pure but for what it is given: it starts nothing itself. */

import * as path from "node:path";

/** A program with its first arguments; `serve`, `train` and so on come after them. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What the search may look at. */
export interface Surroundings {
  /** The setting `finetab.command`, empty when it is not set. */
  readonly configured: readonly string[];
  readonly folders: readonly string[];
  /** Nothing that lies in the folders of an untrusted workspace is run. */
  readonly isTrusted: boolean;
  /** The Python that was chosen for this workspace, if that is known. */
  readonly interpreter?: string;
  /** Where the extension keeps a finetab of its own, if it can. */
  readonly ownBin: string;
  /** The folders of PATH. */
  readonly searchPath: readonly string[];
  readonly platform: NodeJS.Platform;
  isFile(file: string): boolean;
  /** Whether a Python can import finetab. */
  canImport(python: string): Promise<boolean>;
}

/**
 * The setting, a virtual environment of the workspace, the chosen interpreter, `finetab` on PATH, Python on PATH, what
 * the extension has installed. None when finetab is nowhere.
 */
export async function findCommand(around: Surroundings): Promise<Command | undefined> {
  const [program, ...args] = around.configured;
  if (program) {
    return { program, args };
  }
  return (
    inVirtualEnvironment(around) ??
    (await ofInterpreter(around)) ??
    (await onSearchPath(around)) ??
    firstScript(around, around.ownBin ? [around.ownBin] : [])
  );
}

function inVirtualEnvironment(around: Surroundings): Command | undefined {
  const bin = around.platform === "win32" ? "Scripts" : "bin";
  const folders = around.isTrusted ? around.folders : [];
  const places = folders.flatMap((folder) => [".venv", "venv"].map((name) => path.join(folder, name, bin)));
  return firstScript(around, places);
}

async function ofInterpreter(around: Surroundings): Promise<Command | undefined> {
  const python = around.isTrusted ? around.interpreter : undefined;
  if (python === undefined) {
    return undefined;
  }
  return firstScript(around, [path.dirname(python)]) ?? (await asModule(around, python));
}

async function onSearchPath(around: Surroundings): Promise<Command | undefined> {
  const places = around.searchPath.filter((place) => path.isAbsolute(place) && mayRun(around, place));
  const python = firstFile(around, places, around.platform === "win32" ? ["python"] : ["python3", "python"]);
  return firstScript(around, places) ?? (python === undefined ? undefined : await asModule(around, python));
}

/** `python -m` would look into the current folder first, which is the workspace; -P forbids it. */
async function asModule(around: Surroundings, python: string): Promise<Command | undefined> {
  return (await around.canImport(python)) ? { program: python, args: ["-P", "-m", "finetab"] } : undefined;
}

function firstScript(around: Surroundings, places: readonly string[]): Command | undefined {
  const program = firstFile(around, places, ["finetab"]);
  return program === undefined ? undefined : { program, args: [] };
}

function firstFile(around: Surroundings, places: readonly string[], names: readonly string[]): string | undefined {
  const suffix = around.platform === "win32" ? ".exe" : "";
  const files = names.flatMap((name) => places.map((place) => path.join(place, name + suffix)));
  return files.find((file) => around.isFile(file));
}

function mayRun(around: Surroundings, place: string): boolean {
  return around.isTrusted || !around.folders.some((folder) => isInside(folder, place));
}

function isInside(folder: string, place: string): boolean {
  const way = path.relative(folder, place);
  return way === "" || !(way.startsWith("..") || path.isAbsolute(way));
}
