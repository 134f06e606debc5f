import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServerStatus, type Status, view } from "../src/status";

const READY: Status = { process: "running", off: "" };

function told(server: Partial<ServerStatus>): Status {
  return { ...READY, server: { busy: false, kind: "Normal", message: "", ...server } };
}

for (const [name, status, text, words, severity] of [
  ["a server that never tells is ready", READY, "$(sparkle) finetab", "ready", "none"],
  ["starting", { process: "starting", off: "" }, "$(loading~spin) finetab", "starting", "none"],
  ["loading", told({ busy: true, kind: "Inactive", percentage: 35 }), "$(loading~spin) finetab 35%", "loading", "none"],
  ["ready", told({ message: "gemma3-270m · base" }), "$(sparkle) finetab", "ready", "none"],
  ["busy", told({ busy: true }), "$(loading~spin) finetab", "working", "none"],
  ["off by the server", told({ kind: "Inactive" }), "$(circle-slash) finetab", "off", "none"],
  [
    "off by the user",
    { ...told({ busy: true }), off: "turned off for go" },
    "$(circle-slash) finetab",
    "turned off for go",
    "none",
  ],
  ["a warning", told({ kind: "Warning", message: "Slow disk." }), "$(warning) finetab", "Slow disk.", "warning"],
  [
    "an error",
    told({ kind: "Error", message: "Run: finetab models fetch x" }),
    "$(error) finetab",
    "Run: finetab models",
    "error",
  ],
  ["stopped", { process: "stopped", off: "" }, "$(error) finetab", "stopped", "error"],
  ["not installed", { process: "missing", off: "turned off" }, "$(error) finetab", "not installed", "error"],
] as [string, Status, string, string, string][]) {
  test(`status: ${name}`, () => {
    const seen = view(status);
    assert.equal(seen.text, text);
    assert.ok(seen.tooltip.includes(words), seen.tooltip);
    assert.equal(seen.severity, severity);
  });
}

test("the tooltip has base, adapter, latency and acceptance, where they are known", () => {
  const counts = { shown: 40, accepted: 12 };
  const { tooltip } = view({ ...told({ base: "gemma3-270m", adapter: "mine@3" }), latencyMs: 81.6, counts });
  for (const part of ["`gemma3-270m`", "adapter `mine@3`", "after 82 ms", "12 of 40 shown (30%)"]) {
    assert.ok(tooltip.includes(part), tooltip);
  }
  const nothing = view({ ...told({ base: "x", adapter: "base" }), counts: { shown: 0, accepted: 0 } }).tooltip;
  assert.ok(nothing.includes("no adapter") && !nothing.includes("Accepted"), nothing);
  const shipped = view(told({ base: "x", adapter: "base@d7ae" })).tooltip;
  assert.ok(shipped.includes("the adapter that comes with the base"), shipped);
});

test("a message cannot bring Markdown of its own", () => {
  const { tooltip } = view(told({ kind: "Error", message: "[x](command:y) <img>" }));
  assert.ok(!tooltip.includes("[x](") && !tooltip.includes("<img>"), tooltip);
});
