/** What became of the last requests, in words: the records of the server's `finetab.why` as Markdown. Pure. */

import { adapterInWords, duration, plain } from "./words";

/** One record; a server may tell more than this, or less. */
export interface WhyRecord {
  readonly uri: string;
  readonly line: number;
  readonly character: number;
  readonly why: string;
  readonly total_ms: number;
  readonly finish_reason?: string;
  readonly prompt_tokens?: number;
  readonly reused_tokens?: number;
  readonly generated_tokens?: number;
  readonly adapter?: string;
}

const WORDS: Readonly<Record<string, string>> = {
  answered: "a suggestion from the model",
  "typed through": "the rest of the suggestion you were typing along",
  "taken over": "the rest of a suggestion that was on its way while you typed along",
  remembered: "a suggestion from memory",
  "nothing to add": "none: the model had nothing to add",
  filtered: "none: a filter took it away",
  "not sure enough": "none: the model was less sure than the setting eagerness wants",
  superseded: "none: you typed on, or moved, before it was ready",
  // VS Code withdraws a request at the next key, before it sends another one.
  cancelled: "none: you typed on, or moved, before it was ready",
};

const OVERTAKEN = new Set(["superseded", "cancelled"]);
/** Answers that the model was not asked for: what it took is told of the answer they come from. */
const FROM_MEMORY = new Set(["typed through", "taken over", "remembered"]);

const EMPTY = "finetab was not asked for a suggestion yet. Type some code, or press Alt+\\.";

/** Newest first, as the server gives them. */
export function whyReport(records: readonly WhyRecord[]): string {
  const entries = records.length === 0 ? EMPTY : inRuns(records).map(entry).join("\n");
  return `### finetab: what became of the last requests\n\n${entries}\n`;
}

/** Requests in a row that were overtaken by the next keystroke are one line. */
function inRuns(records: readonly WhyRecord[]): WhyRecord[][] {
  const runs: WhyRecord[][] = [];
  for (const record of records) {
    const run = runs.at(-1);
    if (run !== undefined && OVERTAKEN.has(run[0].why) && OVERTAKEN.has(record.why)) {
      run.push(record);
    } else {
      runs.push([record]);
    }
  }
  return runs;
}

function entry(run: readonly WhyRecord[]): string {
  const [newest] = run;
  const times = run.length > 1 ? ` ${run.length} times in a row, last` : "";
  const details = how(newest);
  return `- **${outcome(newest)}**${times} at ${place(newest)}, after ${duration(newest.total_ms)}${details && `  \n  ${details}`}`;
}

function place(record: WhyRecord): string {
  const name = record.uri.slice(record.uri.lastIndexOf("/") + 1);
  return `${plain(decoded(name))}:${record.line + 1}:${record.character + 1}`;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function outcome(record: WhyRecord): string {
  const words = WORDS[record.why] ?? plain(record.why);
  return record.why === "filtered" && record.finish_reason ? `${words} (${plain(record.finish_reason)})` : words;
}

function how(record: WhyRecord): string {
  const parts: string[] = [];
  const isWork = !FROM_MEMORY.has(record.why);
  if (isWork && record.prompt_tokens) {
    parts.push(`${record.prompt_tokens} tokens read, ${record.reused_tokens ?? 0} of them kept from before`);
  }
  if (isWork && record.generated_tokens) {
    parts.push(`${record.generated_tokens} written`);
  }
  if (record.adapter) {
    parts.push(adapterInWords(record.adapter));
  }
  return parts.join("; ");
}
