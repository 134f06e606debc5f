import assert from "node:assert/strict";
import { test } from "node:test";
import { statisticsReport } from "../src/statistics";
import { whyReport, type WhyRecord } from "../src/why";

const RECORD: WhyRecord = { uri: "file:///p/my%20file.py", line: 2, character: 4, why: "answered", total_ms: 1234 };
const lines = (report: string) => report.split("\n").filter((line) => line.startsWith("- "));

test("the records keep their order, in words, with places counted from 1 and times", () => {
  const [first, second] = lines(whyReport([{ ...RECORD, why: "typed through", total_ms: 0.7 }, RECORD]));
  assert.equal(first, "- **the rest of the suggestion you were typing along** at my file.py:3:5, after 1 ms");
  assert.equal(second, "- **a suggestion from the model** at my file.py:3:5, after 1.2 s");
});

test("what it took is told where it is known", () => {
  const report = whyReport([{ ...RECORD, prompt_tokens: 120, reused_tokens: 118, generated_tokens: 9, adapter: "mine@2" }]);
  assert.match(report, /120 tokens read, 118 of them kept from before; 9 written; adapter mine@2/);
});

test("a filter is named, a reason we have no words for is given as it is", () => {
  const report = whyReport([
    { ...RECORD, why: "filtered", finish_reason: "repetition" },
    { ...RECORD, why: "the model is loading" },
  ]);
  assert.match(report, /a filter took it away \(repetition\)/);
  assert.match(report, /\*\*the model is loading\*\*/);
});

test("requests overtaken by the next keystroke share a line", () => {
  const overtaken = { ...RECORD, why: "superseded" };
  const found = lines(whyReport([RECORD, overtaken, overtaken, overtaken, RECORD]));
  assert.equal(found.length, 3);
  assert.match(found[1], /3 times in a row/);
});

test("without records the user is told what to do", () => {
  assert.match(whyReport([]), /not asked for a suggestion yet/);
});

test("a summary of any shape becomes tables", () => {
  const report = statisticsReport({
    shown: 40,
    acceptance: 0.30001,
    nothing: null,
    by_language: { python: { shown: 30, accepted: 10 }, go: { shown: 10, accepted: 2 } },
    latency_ms: { p50: 80.25, p95: 300 },
    adapters: [{ name: "mine@2", accepted: 3 }],
    empty: [],
  });
  for (const part of [
    "| shown | 40 |",
    "| acceptance | 0.3 |",
    "## by language",
    "| python | 30 | 10 |",
    "| p50 | 80.3 |",
    "| mine@2 | 3 |",
    "## empty\n\nnone",
  ]) {
    assert.ok(report.replaceAll("\\", "").includes(part), `${part} in\n${report}`);
  }
  assert.ok(!report.includes("nothing"));
});

test("an empty summary says so", () => {
  assert.match(statisticsReport({}), /Nothing has been counted yet/);
});
