/** Values as Markdown that people read. Pure. */

/** Text that Markdown leaves as it is. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>$~-]/g, "\\$&").replace(/\s+/g, " ");
}

export function code(name: string): string {
  return `\`${name.replaceAll("`", "'")}\``;
}

/** An adapter as the server names it. The base as it comes has one of that name, where finetab ships one for it. */
export function adapterInWords(adapter: string | undefined): string {
  if (adapter === undefined || adapter === "base" || adapter === "none") {
    return "no adapter";
  }
  return adapter.startsWith("base@") ? "the adapter that comes with the base" : `adapter ${code(adapter)}`;
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
