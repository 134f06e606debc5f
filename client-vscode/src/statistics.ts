/** The server's summary, `finetab.stats`, as Markdown: whatever it counts, table by table. Pure. */

import { plain } from "./status";

type Table = Readonly<Record<string, unknown>>;

export function statisticsReport(summary: Table): string {
  const title = "# finetab: statistics\n\nCounted on this machine, and kept on it.\n";
  return Object.keys(summary).length === 0 ? `${title}\nNothing has been counted yet.\n` : title + section(summary, 2);
}

/** Plain values first, as one table; then each nested one under a heading of its own. */
function section(table: Table, level: number): string {
  const entries = Object.entries(table).filter(([, value]) => value !== null && value !== undefined);
  const plainOnes = entries.filter(([, value]) => typeof value !== "object");
  const nested = entries.filter(([, value]) => typeof value === "object");
  const parts = plainOnes.length > 0 ? [rows(["", ""], plainOnes.map(([key, value]) => [words(key), cell(value)]))] : [];
  for (const [key, value] of nested) {
    parts.push(`\n${"#".repeat(Math.min(level, 6))} ${words(key)}\n${body(value as object, level)}`);
  }
  return parts.join("");
}

function body(value: object, level: number): string {
  const records = Array.isArray(value) ? value.filter(isTable) : recordsOf(value as Table);
  if (records.length === 0) {
    return Array.isArray(value) ? `\n${value.map(cell).join(", ") || "none"}\n` : section(value as Table, level + 1);
  }
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return rows(columns.map(words), records.map((record) => columns.map((column) => cell(record[column]))));
}

/** A mapping of names to flat mappings reads best as one table with a row a name. */
function recordsOf(table: Table): Table[] {
  const entries = Object.entries(table);
  const isFlat = entries.every(([, value]) => isTable(value) && Object.values(value).every((inner) => !isTable(inner)));
  return isFlat ? entries.map(([name, value]) => ({ "": name, ...(value as Table) })) : [];
}

function rows(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => "---"), ...lines];
  return `\n${all.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function words(key: string): string {
  return plain(key.replaceAll("_", " "));
}

function cell(value: unknown): string {
  if (typeof value === "number") {
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
  }
  return value === undefined || value === null ? "" : plain(String(isTable(value) ? JSON.stringify(value) : value));
}
