/** What a tuning has led to, in words. Pure. */

/** What tuning leaves in a folder: looked at before and after, it tells what has happened. */
export interface Tuned {
  /** The adapter that is in force because it was promoted there. */
  readonly inForce: string;
  /** When the newest report was written; undefined where there is none. */
  readonly reportedAt?: number;
}

/** `chosen` is the adapter that the settings name, which goes before a promoted one. */
export function outcome(before: Tuned, now: Tuned, chosen: string | undefined): string {
  if (now.inForce !== before.inForce) {
    return chosen === undefined
      ? `${now.inForce} is in force.`
      : `${now.inForce} was promoted, but the setting finetab.adapter names ${chosen}, which goes first.`;
  }
  return now.reportedAt === before.reportedAt
    ? "The tuning has ended at once: nothing is new since an earlier one, so nothing was measured or promoted."
    : "The tuning has ended, and promoted nothing; the report says why.";
}
