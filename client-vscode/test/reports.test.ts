import assert from "node:assert/strict";
import { test } from "node:test";
import { statisticsReport } from "../src/statistics";
import { view } from "../src/status";
import { whyReport, type WhyRecord } from "../src/why";

const RECORD: WhyRecord = { uri: "file:///p/my%20file.py", line: 2, character: 4, why: "answered", total_ms: 1234 };
const READY = { busy: false, kind: "Normal", message: "", base: "smollm2" } as const;
const lines = (report: string) => report.split("\n").filter((line) => line.startsWith("- "));

test("the records keep their order, in words, with places counted from 1 and times", () => {
  const [first, second] = lines(whyReport([{ ...RECORD, why: "typed through", total_ms: 0.7 }, RECORD]));
  assert.equal(first, "- **the rest of the suggestion you were typing along** at my file.py:3:5, after less than 1 ms");
  assert.equal(second, "- **a suggestion from the model** at my file.py:3:5, after 1.2 s");
});

test("what it took is told where it is known", () => {
  const report = whyReport([
    { ...RECORD, prompt_tokens: 120, reused_tokens: 118, generated_tokens: 9, adapter: "mine@2" },
  ]);
  assert.match(report, /120 tokens read, 118 of them kept from before; 9 written; adapter `mine@2`/);
});

test("an adapter is called the same as in the status bar", () => {
  for (const adapter of ["base", "none", "base@1", "mine@2"]) {
    const { tooltip } = view({ process: "running", off: "", server: { ...READY, adapter } });
    const words = tooltip.match(/^Base `smollm2`, (.*)$/m)?.[1];
    assert.ok(whyReport([{ ...RECORD, adapter }]).includes(`\n  ${words}\n`), adapter);
  }
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
  const [superseded, cancelled] = ["superseded", "cancelled"].map((why) => ({ ...RECORD, why }));
  const found = lines(whyReport([RECORD, superseded, cancelled, superseded, RECORD]));
  assert.equal(found.length, 3);
  assert.match(found[1], /3 times in a row/);
});

test("without records the user is told what to do", () => {
  assert.match(whyReport([]), /not asked for a suggestion yet/);
});

test("an answer from memory does not claim the model's work", () => {
  const report = whyReport([{ ...RECORD, why: "remembered", prompt_tokens: 120, generated_tokens: 9 }]);
  assert.ok(!report.includes("tokens"), report);
});

const GROUP = {
  shown: 40,
  accepted: 12,
  partly_accepted: 3,
  typed: 1,
  rejected: 20,
  acceptance: { rate: 0.3, low: 0.1809, high: 0.4543 },
};

test("a summary becomes tables: all, languages, adapters, what is left, times", () => {
  const report = statisticsReport({
    ...GROUP,
    languages: { python: { ...GROUP, shown: 30 } },
    adapters: { "gemma3-270m · mine@2": GROUP },
    retained: { 30: { mean: 0.9, n: 10 }, 600: { mean: null, n: 0 } },
    latency_ms: { total: { p50: 80.25, p95: 1300, n: 38 }, prefill: null, memory: { p50: 0.4, p95: 2, n: 9 } },
  });
  for (const line of [
    "| **all** | 40 | 12 | 30% (18–45%) | 3 | 1 | 20 |",
    "| `python` | 30 | 12 | 30% (18–45%) | 3 | 1 | 20 |",
    "| `gemma3-270m · mine@2` | 40 | 12 | 30% (18–45%) | 3 | 1 | 20 |",
    "| after 30 s | 90% | 10 |",
    "| from the model | 80 ms | 1.3 s | 38 |",
    "| from memory | less than 1 ms | 2 ms | 9 |",
  ]) {
    assert.ok(report.includes(line), `${line} in\n${report}`);
  }
  assert.ok(!report.includes("600 s") && !report.includes("reading"), report);
});

test("a server that counts less still gets a report", () => {
  assert.ok(statisticsReport({ shown: 2, accepted: 1 }).includes("| **all** | 2 | 1 |  |  |  |  |"));
});

test("an empty summary says so", () => {
  assert.match(statisticsReport({}), /None was shown yet/);
  assert.match(statisticsReport({ ...GROUP, shown: 0 }), /None was shown yet/);
});
