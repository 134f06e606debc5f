/** Which adapters can be chosen, and which was in force before. Pure. */

/** One adapter, as the server's `finetab.adapters` tells. */
export interface KnownAdapter {
  readonly name: string;
  readonly version?: string | number;
  readonly created?: string;
  readonly base?: string;
  readonly in_force?: boolean;
}

export interface Choice {
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
}

/** The adapters by name, then `base`; the one in force is marked. */
export function adapterChoices(known: readonly KnownAdapter[], set: string): Choice[] {
  const isBase = known.length > 0 ? !known.some((adapter) => adapter.in_force) : set === "base";
  const choices = known.map((adapter) => ({
    label: adapter.name,
    description: mark(adapter.in_force ?? false),
    detail: facts(adapter),
  }));
  return [...choices, { label: "base", description: mark(isBase), detail: "The model as it comes" }];
}

/** The length of the date in a time such as 2026-01-31T12:00:00+00:00. */
const DATE = 10;

function mark(isInForce: boolean): string {
  return isInForce ? "in force" : "";
}

function facts(adapter: KnownAdapter): string {
  const parts = [
    adapter.version === undefined ? "" : `version ${adapter.version}`,
    adapter.created ? `made ${adapter.created.slice(0, DATE)}` : "",
    adapter.base ? `for ${adapter.base}` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** What is set and what was set before it; null stands for nothing set. */
export interface Memory {
  readonly current: string | null;
  readonly previous?: string | null;
}

/** The memory after the setting was looked at again. */
export function moved(memory: Memory | undefined, now: string | null): Memory {
  if (memory === undefined) {
    return { current: now };
  }
  return memory.current === now ? memory : { current: now, previous: memory.current };
}
