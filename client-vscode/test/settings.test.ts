import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chosenSettings, followUp, SERVER_SETTINGS } from "../src/settings";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const properties: Record<string, { default: unknown; markdownDescription: string }> =
  manifest.contributes.configuration.properties;

/** The server's defaults, read out of its own files: lines such as `    max_new_tokens: int = 64`. */
function serverDefaults(): Map<string, unknown> {
  const names = readFileSync("../server/finetab/core/pointer.py", "utf8");
  const base = names.match(/^BASE = (".*")$/m)?.[1] ?? "";
  const source = readFileSync("../server/finetab/settings.py", "utf8").replace("= BASE\n", `= ${base}\n`);
  const lines = source.matchAll(/^ {4}([a-z_]+): (?:str|int|bool) = (?:field\(default=)?(".*?"|\w+)/gm);
  return new Map([...lines].map(([, name, value]) => [camel(name), JSON.parse(value.toLowerCase())]));
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

test("defaults shown in the editor are the server's", () => {
  const known = [...serverDefaults()].filter(([name]) => SERVER_SETTINGS.some((key) => key === name));
  assert.ok(known.length >= 7);
  for (const [name, value] of known) {
    assert.equal(properties[`finetab.${name}`].default, value, name);
  }
});

test("there are at most 15 settings, each described, and each one that is sent is there", () => {
  assert.ok(Object.keys(properties).length <= 15);
  for (const [name, property] of Object.entries(properties)) {
    assert.ok(property.markdownDescription.length > 20, name);
    assert.notEqual(property.default, undefined, name);
  }
  for (const key of SERVER_SETTINGS) {
    assert.ok(`finetab.${key}` in properties, key);
  }
});

test("only what the user has set is sent, and of that only what the server knows", () => {
  const set: Record<string, object> = {
    adapter: { workspaceValue: "mine" },
    form: { globalValue: "spm" },
    enabled: { globalValue: false },
  };
  const configuration = {
    get: (key: string) => ({ adapter: "mine", form: "spm", base: "default", enabled: false })[key],
    inspect: (key: string) => set[key],
  };
  assert.deepEqual(chosenSettings(configuration), { adapter: "mine", form: "spm" });
});

test("a change makes the server ask again, one of a folder too, which the workspace's own values do not show", () => {
  assert.equal(followUp({ adapter: "mine" }, { adapter: "mine" }), "ask");
  assert.equal(followUp({ adapter: "mine" }, { adapter: "base", form: "spm" }), "ask");
});

test("a setting that the server was started with and that is taken back makes it start anew", () => {
  assert.equal(followUp({ adapter: "mine" }, {}), "restart");
});
