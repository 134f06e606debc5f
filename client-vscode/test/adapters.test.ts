import assert from "node:assert/strict";
import { test } from "node:test";
import { adapterChoices, type Memory, moved } from "../src/adapterChoices";

test("adapters come first, the base last, and the one in force is marked", () => {
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
    ],
  );
  assert.equal(choices[0].detail, "version 3, made 2026-11-01, for gemma3-270m");
});

test("without an adapter in force the base is", () => {
  assert.equal(adapterChoices([{ name: "mine", in_force: false }], "base").at(-1)?.description, "in force");
  assert.equal(adapterChoices([], "base")[0].description, "in force");
  assert.equal(adapterChoices([], "/a/folder")[0].description, "");
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
