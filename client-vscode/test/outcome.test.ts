import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome } from "../src/outcome";

const BEFORE = { inForce: "base", reportedAt: 1 };

test("without a new report nothing was measured, and no gain is spoken of", () => {
  assert.match(outcome(BEFORE, BEFORE, undefined), /nothing is new/);
  assert.doesNotMatch(outcome(BEFORE, BEFORE, undefined), /gain/);
});

test("a new report, or the first one, has the reasons why nothing was promoted", () => {
  assert.match(outcome(BEFORE, { ...BEFORE, reportedAt: 2 }, undefined), /promoted nothing; the report says why/);
  assert.match(outcome({ inForce: "base" }, BEFORE, undefined), /promoted nothing; the report says why/);
});

test("what was promoted is in force, unless a setting goes first", () => {
  const now = { inForce: "mine", reportedAt: 2 };
  assert.equal(outcome(BEFORE, now, undefined), "mine is in force.");
  assert.match(outcome(BEFORE, now, "old-one"), /^mine was promoted, but .* names old-one/);
});
