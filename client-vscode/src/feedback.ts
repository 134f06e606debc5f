/**
 * What became of the suggestions: shown, taken in part, rejected. Pure: it knows texts and offsets, no editor.
 *
 * VS Code tells an extension only of a suggestion that was accepted whole, by running its command. The rest is
 * inferred here from what every extension sees: the answers, the edits, and the moves of the cursor.
 *
 * - shown: an answer came while the cursor still stood where it was asked for.
 * - taken in part: the text grew by the beginning of what was left, and the cursor was not moved by typing. (VS Code
 *   names typing as the cause of a move; it names none for the command that accepts a word or a line. It names none for
 *   Enter and Tab either, so blank text counts as typed.)
 * - typed through: the same, moved by typing. The user writes what was suggested without taking it, so it is neither
 *   accepted nor rejected; the suggestion goes on with what is left, and ends in silence when nothing is.
 * - replaced: another answer, or none, came for the same place. That is no word of the user's, so nothing is sent.
 * - rejected: anything else the user does while it stands there: other text, a deletion, the cursor or the focus
 *   elsewhere. Escape is not seen; what follows it is.
 *
 * All offsets and lengths are UTF-16 units, as VS Code and the protocol count them.
 */

/** One suggestion of an answer; `T` is whatever the caller needs to send word of it. */
export interface Suggestion<T> {
  readonly text: string;
  readonly item: T;
}

/** Suggestions that stand at a place; the first is the one shown, the others are cycled to. */
export interface Offer<T> {
  readonly uri: string;
  readonly start: number;
  /** Those that agree with what has been written since. */
  readonly suggestions: readonly Suggestion<T>[];
  /** How much of their beginning has been written, by taking or by typing. */
  readonly written: number;
  /** Whether the last of it may have been taken: the cursor's move will tell. */
  readonly isUnsure: boolean;
}

export interface Change {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

export type Event<T> =
  | {
      readonly kind: "answered";
      readonly uri: string;
      readonly offset: number;
      readonly suggestions: readonly Suggestion<T>[];
    }
  | { readonly kind: "changed"; readonly uri: string; readonly changes: readonly Change[] }
  | { readonly kind: "moved"; readonly uri: string; readonly offset: number; readonly byTyping: boolean }
  | { readonly kind: "left" }
  | { readonly kind: "accepted" };

export type Outcome<T> =
  | { readonly kind: "shown"; readonly item: T }
  | { readonly kind: "taken"; readonly item: T; readonly length: number }
  | { readonly kind: "rejected"; readonly item: T };

export interface Step<T> {
  readonly offer?: Offer<T>;
  readonly outcomes: readonly Outcome<T>[];
}

/**
 * What stands behind the cursor of a suggestion's text, with the document's line breaks; `written` is what it replaces.
 *
 * While the menu of completions is open, VS Code shows only what begins with the entry selected there.
 */
export function ghostText(
  text: string,
  written: string,
  selected: string | undefined,
  lineBreak: string,
): string | undefined {
  const isShown = text.startsWith(written) && text.startsWith(selected ?? "");
  return isShown ? text.slice(written.length).replace(/\r?\n/g, lineBreak) : undefined;
}

/** The offer that stands after an event, and what is to be told of it. */
export function step<T>(offer: Offer<T> | undefined, event: Event<T>): Step<T> {
  switch (event.kind) {
    case "answered":
      return answered(event);
    case "accepted":
      return { outcomes: [] };
    case "left":
      return rejected(offer);
    case "changed":
      return offer && offer.uri === event.uri ? changed(offer, event.changes) : { offer, outcomes: [] };
    case "moved":
      return offer && offer.uri === event.uri ? moved(offer, event) : { offer, outcomes: [] };
  }
}

function answered<T>(event: Extract<Event<T>, { kind: "answered" }>): Step<T> {
  const suggestions = event.suggestions.filter((suggestion) => suggestion.text !== "");
  if (suggestions.length === 0) {
    return { outcomes: [] };
  }
  const offer = { uri: event.uri, start: event.offset, suggestions, written: 0, isUnsure: false };
  return { offer, outcomes: [{ kind: "shown", item: suggestions[0].item }] };
}

function changed<T>(offer: Offer<T>, changes: readonly Change[]): Step<T> {
  const grown = changes.length === 1 ? grow(offer, changes[0]) : undefined;
  if (grown === undefined) {
    return rejected(offer);
  }
  const isWhole = grown.suggestions.some((suggestion) => suggestion.text.length === grown.written);
  return isWhole ? { outcomes: [] } : { offer: grown, outcomes: [] };
}

/** The offer after a change that writes on in one of its suggestions; none after any other change. */
function grow<T>(offer: Offer<T>, change: Change): Offer<T> | undefined {
  const end = offer.start + offer.written;
  if (change.offset < offer.start || change.offset + change.length !== end) {
    return undefined;
  }
  const kept = offer.suggestions[0].text.slice(0, change.offset - offer.start);
  for (const text of [change.text, withoutClosing(change.text)]) {
    const written = kept + text;
    const suggestions = offer.suggestions.filter((suggestion) => suggestion.text.startsWith(written));
    if (written.length > offer.written && suggestions.length > 0) {
      return { ...offer, suggestions, written: written.length, isUnsure: offer.isUnsure || text.trim() !== "" };
    }
  }
  return undefined;
}

const PAIRS = new Set(["()", "[]", "{}", '""', "''", "``"]);

/** What was typed, where the editor has put the closing bracket or quote behind it. */
function withoutClosing(text: string): string {
  return PAIRS.has(text) ? text[0] : text;
}

function moved<T>(offer: Offer<T>, event: Extract<Event<T>, { kind: "moved" }>): Step<T> {
  if (event.offset !== offer.start + offer.written) {
    return rejected(offer);
  }
  const isTaken = offer.isUnsure && !event.byTyping;
  const item = offer.suggestions[0].item;
  return {
    offer: { ...offer, isUnsure: false },
    outcomes: isTaken ? [{ kind: "taken", item, length: offer.written }] : [],
  };
}

function rejected<T>(offer: Offer<T> | undefined): Step<T> {
  return { outcomes: offer ? [{ kind: "rejected", item: offer.suggestions[0].item }] : [] };
}
