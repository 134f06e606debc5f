import assert from "node:assert/strict";
import { test } from "node:test";
import { findCommand, type Surroundings } from "../src/command";

/** A machine where only the named files and Pythons are. */
function machine(files: string[], more: Partial<Surroundings> = {}, withFinetab: string[] = []): Surroundings {
  return {
    configured: [],
    folders: ["/project"],
    isTrusted: true,
    ownBin: "/storage/finetab/bin",
    searchPath: ["/usr/bin", "/home/me/bin"],
    platform: "linux",
    isFile: (file) => files.includes(file),
    canImport: async (python) => withFinetab.includes(python),
    ...more,
  };
}

const script = (program: string) => ({ program, args: [] });
const asModule = (program: string) => ({ program, args: ["-P", "-m", "finetab"] });
const EVERYWHERE = [
  "/project/.venv/bin/finetab",
  "/project/venv/bin/finetab",
  "/conda/bin/finetab",
  "/home/me/bin/finetab",
  "/storage/finetab/bin/finetab",
];

test("the setting goes first, word by word", async () => {
  const found = await findCommand(machine(EVERYWHERE, { configured: ["ssh", "box", "finetab"] }));
  assert.deepEqual(found, { program: "ssh", args: ["box", "finetab"] });
});

test("then the environments of the workspace, the chosen interpreter's, PATH, and the extension's own", async () => {
  const files = [...EVERYWHERE];
  const order: (string | undefined)[] = [];
  for (let count = 0; count < EVERYWHERE.length; count++) {
    order.push((await findCommand(machine(files, { interpreter: "/conda/bin/python" })))?.program);
    files.shift();
  }
  assert.deepEqual(order, EVERYWHERE);
});

test("an interpreter without the script is asked whether it has the package", async () => {
  const around = machine([], { interpreter: "/conda/bin/python" }, ["/conda/bin/python"]);
  assert.deepEqual(await findCommand(around), asModule("/conda/bin/python"));
});

test("the last resort is Python on PATH, which must have the package", async () => {
  assert.deepEqual(
    await findCommand(machine(["/usr/bin/python3"], {}, ["/usr/bin/python3"])),
    asModule("/usr/bin/python3"),
  );
  assert.equal(await findCommand(machine(["/usr/bin/python3"])), undefined);
});

test("nothing of an untrusted workspace is run, even where PATH points into it", async () => {
  const around = {
    isTrusted: false,
    interpreter: "/project/.venv/bin/python",
    searchPath: ["/project/.venv/bin", ".", "bin"],
  };
  assert.equal(
    await findCommand(machine(["/project/.venv/bin/finetab", "bin/finetab"], around, ["/project/.venv/bin/python"])),
    undefined,
  );
  const withPath = { ...around, searchPath: ["/project/.venv/bin", "/home/me/bin"] };
  assert.deepEqual(await findCommand(machine(EVERYWHERE, withPath)), script("/home/me/bin/finetab"));
});

test("a folder whose name begins like the workspace's is outside of it", async () => {
  const around = machine(["/project-tools/finetab"], { isTrusted: false, searchPath: ["/project-tools"] });
  assert.deepEqual(await findCommand(around), script("/project-tools/finetab"));
});
