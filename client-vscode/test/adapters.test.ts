import assert from "node:assert/strict";
import { test } from "node:test";
import { adapterChoices, type Memory, moved, wayBack } from "../src/adapterChoices";

test("adapters come first, the base and none last, and the one in force is marked", () => {
  const known = [
    { name: "mine", version: 3, created: "2026-11-01T12:30:00+00:00", base: "gemma3-270m", in_force: true },
    { name: "team", in_force: false },
  ];
  const choices = adapterChoices(known, "mine");
  assert.deepEqual(
    choices.map(({ label, description }) => [label, description]),
    [
      ["mine", "in force"],
      ["team", ""],
      ["base", ""],
      ["none", ""],
    ],
  );
  assert.equal(choices[0].detail, "version 3, made 2026-11-01, for gemma3-270m");
});

/** The labels of the choices that are marked. */
function marked(...of: Parameters<typeof adapterChoices>): string[] {
  return adapterChoices(...of).flatMap(({ label, description }) => (description === "in force" ? [label] : []));
}

test("without an adapter in force it is base or none, as the setting says, and base where it says nothing", () => {
  const mine = { name: "mine", in_force: false };
  assert.deepEqual(marked([mine], "base"), ["base"]);
  assert.deepEqual(marked([mine], "none"), ["none"]);
  assert.deepEqual(marked([mine], undefined), ["base"]);
  assert.deepEqual(marked([], "base"), ["base"]);
});

test("an adapter of any folder that is set marks neither base nor none", () => {
  assert.deepEqual(marked([], "/a/folder"), []);
  assert.deepEqual(marked([{ name: "mine", in_force: false }], "/a/folder"), []);
});

test("what was promoted is marked where nothing is set, and not where base is", () => {
  const mine = { name: "mine", in_force: true };
  assert.deepEqual(marked([mine], undefined), ["mine"]);
  assert.deepEqual(marked([mine], "base"), ["base"]);
});

test("rolling back twice is where one was", () => {
  let memory: Memory | undefined;
  for (const name of [null, "a", "a", "b"]) {
    memory = moved(memory, name);
  }
  assert.deepEqual(memory, { current: "b", previous: "a" });
  memory = moved(memory, memory?.previous ?? null);
  assert.deepEqual(memory, { current: "a", previous: "b" });
});

test("the first look remembers nothing before it, and nothing set is remembered too", () => {
  assert.deepEqual(moved(undefined, "a"), { current: "a" });
  assert.deepEqual(moved({ current: null }, "a"), { current: "a", previous: null });
});

test("once the setting is cleared, rolling back undoes the promotion that is in force then", () => {
  let memory: Memory | undefined;
  for (const name of [null, "old-one", null]) {
    memory = moved(memory, name);
  }
  assert.deepEqual(memory, { current: null });
  assert.equal(wayBack(memory, undefined), "promotion");
  assert.equal(wayBack({ current: null, previous: "old-one" }, undefined), "promotion"); // kept by an earlier version
});

test("a setting is rolled back to what was set before it, or to nothing set", () => {
  assert.equal(wayBack({ current: "b", previous: "a" }, "b"), "setting");
  assert.equal(wayBack({ current: "a", previous: null }, "a"), "setting");
  assert.equal(wayBack({ current: "a" }, "a"), "none");
});
