/** Values as Markdown that people read. Pure. */

/** Text that Markdown leaves as it is. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>$~-]/g, "\\$&").replace(/\s+/g, " ");
}

export function code(name: string): string {
  return `\`${name.replaceAll("`", "'")}\``;
}

export function duration(ms: number): string {
  if (ms < 1) {
    return "less than 1 ms";
  }
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

/** A table; the first column is words, the others are numbers. Empty without rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const borders = head.map((_, index) => (index === 0 ? "---" : "---:"));
  const lines = [head, borders, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`);
  return rows.length === 0 ? "" : `\n${lines.join("")}`;
}
