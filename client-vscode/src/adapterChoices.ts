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

/** What can be set without naming an adapter. */
export const WITHOUT_ADAPTER: ReadonlyMap<string, string> = new Map([
  ["base", "The model as it comes"],
  ["none", "The model alone, without the adapter that may come with it"],
]);

/**
 * The adapters by name, then `base` and `none`; what is in force is marked. Which of these two it is only the setting
 * can tell; where nothing is set, an adapter that was promoted may be in force.
 */
export function adapterChoices(known: readonly KnownAdapter[], set: string | undefined): Choice[] {
  const named = set ?? (known.some((adapter) => adapter.in_force) ? "" : "base");
  const adapters = known.map((adapter) => ({
    label: adapter.name,
    description: mark(!WITHOUT_ADAPTER.has(named) && (adapter.in_force ?? false)),
    detail: facts(adapter),
  }));
  const others = [...WITHOUT_ADAPTER].map(([label, detail]) => ({ label, description: mark(label === named), detail }));
  return [...adapters, ...others];
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

/** The memory after the setting was looked at again. Once it is cleared, there is no way back to what was set. */
export function moved(memory: Memory | undefined, now: string | null): Memory {
  if (memory === undefined || now === null) {
    return { current: now };
  }
  return memory.current === now ? memory : { current: now, previous: memory.current };
}

/** What Roll Back is to undo: with nothing set the last promotion is in force, else the setting goes before it. */
export function wayBack(memory: Memory | undefined, set: string | undefined): "promotion" | "setting" | "none" {
  if (set === undefined) {
    return "promotion";
  }
  return memory?.previous === undefined ? "none" : "setting";
}
