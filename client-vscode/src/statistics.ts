/** The server's summary, `finetab.stats`, as Markdown. Pure. */

import { code, duration, percent, plain, table } from "./words";

/** What became of the suggestions of a group; a server may tell less than this. */
export interface Group {
  readonly shown?: number;
  readonly accepted?: number;
  readonly partly_accepted?: number;
  readonly typed?: number;
  readonly rejected?: number;
  /** With its 95 % interval. */
  readonly acceptance?: { readonly rate: number; readonly low: number; readonly high: number } | null;
}

export interface Summary extends Group {
  readonly languages?: Readonly<Record<string, Group>>;
  readonly adapters?: Readonly<Record<string, Group>>;
  /** By seconds after the acceptance: how much of it was still there, on average, of how many. */
  readonly retained?: Readonly<Record<string, { readonly mean: number | null; readonly n: number }>>;
  readonly latency_ms?: Readonly<
    Record<string, { readonly p50: number; readonly p95: number; readonly n: number } | null>
  >;
}

const STAGES: Readonly<Record<string, string>> = {
  total: "from the model",
  prefill: "reading",
  decode: "writing",
  memory: "from memory",
};

export function statisticsReport(summary: Summary): string {
  const title = "### finetab: what became of the suggestions\n\nCounted on this machine, and kept on it.\n";
  return summary.shown
    ? title + outcomes(summary) + retention(summary) + latency(summary)
    : `${title}\nNone was shown yet.\n`;
}

function outcomes(summary: Summary): string {
  const groups = (found: Readonly<Record<string, Group>> = {}) =>
    Object.entries(found).map(([name, group]) => counts(code(name), group));
  const rows = [counts("**all**", summary), ...groups(summary.languages), ...groups(summary.adapters)];
  return table(["", "shown", "accepted", "share (95%)", "a part", "typed", "rejected"], rows);
}

function counts(name: string, group: Group): string[] {
  const { shown, accepted, acceptance, partly_accepted, typed, rejected } = group;
  const share = acceptance
    ? `${percent(acceptance.rate)} (${Math.round(100 * acceptance.low)}–${percent(acceptance.high)})`
    : "";
  const count = (value?: number) => (value === undefined ? "" : String(value));
  return [name, count(shown), count(accepted), share, count(partly_accepted), count(typed), count(rejected)];
}

function retention(summary: Summary): string {
  const rows = Object.entries(summary.retained ?? {}).map(([seconds, { mean, n }]) =>
    mean === null ? undefined : [`after ${plain(seconds)} s`, percent(mean), String(n)],
  );
  return table(
    ["What is left of the accepted", "on average", "of"],
    rows.filter((row) => row !== undefined),
  );
}

function latency(summary: Summary): string {
  const rows = Object.entries(summary.latency_ms ?? {}).map(([stage, found]) =>
    found ? [STAGES[stage] ?? plain(stage), duration(found.p50), duration(found.p95), String(found.n)] : undefined,
  );
  return table(
    ["How long it took", "half within", "95% within", "of"],
    rows.filter((row) => row !== undefined),
  );
}
