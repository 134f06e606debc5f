import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, ghostText, type Offer, type Outcome, step } from "../src/feedback";

const URI = "file:///a.py";

/** What is told after a row of events, as short words. */
function told(...events: Event<string>[]): string[] {
  let offer: Offer<string> | undefined;
  return events.flatMap((event) => {
    const next = step(offer, event);
    offer = next.offer;
    return next.outcomes.map(short);
  });
}

function short(outcome: Outcome<string>): string {
  return outcome.kind === "taken" ? `taken ${outcome.item} ${outcome.length}` : `${outcome.kind} ${outcome.item}`;
}

function answered(offset: number, ...texts: string[]): Event<string> {
  return {
    kind: "answered",
    uri: URI,
    offset,
    suggestions: texts.map((text, index) => ({ text, item: `${index + 1}` })),
  };
}

function changed(offset: number, text: string, length = 0, uri = URI): Event<string> {
  return { kind: "changed", uri, changes: [{ offset, length, text }] };
}

function typed(offset: number, uri = URI): Event<string> {
  return { kind: "moved", uri, offset, byTyping: true };
}

function put(offset: number): Event<string> {
  return { kind: "moved", uri: URI, offset, byTyping: false };
}

const SHOWN = answered(10, "return 1");

test("an answer is shown, an empty one is not", () => {
  assert.deepEqual(told(SHOWN), ["shown 1"]);
  assert.deepEqual(told(answered(10)), []);
  assert.deepEqual(told(answered(10, "")), []);
});

test("a word that a command put in is taken, counted from the start", () => {
  assert.deepEqual(told(SHOWN, changed(10, "return"), put(16)), ["shown 1", "taken 1 6"]);
  const twice = [answered(10, "return 1 + x"), changed(10, "return"), put(16), changed(16, " 1"), put(18)];
  assert.deepEqual(told(...twice), ["shown 1", "taken 1 6", "taken 1 8"]);
});

test("one character that a command put in is taken as well", () => {
  assert.deepEqual(told(answered(0, "(a)"), changed(0, "("), put(1)), ["shown 1", "taken 1 1"]);
});

test("typing along is neither taken nor rejected, and counts towards what is taken later", () => {
  const events = [SHOWN, changed(10, "r"), typed(11), changed(11, "e"), typed(12)];
  assert.deepEqual(told(...events), ["shown 1"]);
  assert.deepEqual(told(...events, changed(12, "turn"), put(16)), ["shown 1", "taken 1 6"]);
});

test("Enter with its indentation and Tab are typing along, though no cause is named for their moves", () => {
  const entered = [answered(5, "\n    pass"), changed(5, "\n    "), put(10)];
  assert.deepEqual(told(...entered), ["shown 1"]);
  assert.deepEqual(told(...entered, changed(10, "pa"), put(12)), ["shown 1", "taken 1 7"]);
  assert.deepEqual(told(answered(0, "    return"), changed(0, "    "), put(4)), ["shown 1"]);
});

test("a bracket that brings its closing one is typing along", () => {
  assert.deepEqual(told(answered(5, "(a, b)"), changed(5, "()"), typed(6), changed(6, "a"), typed(7)), ["shown 1"]);
});

test("what is typed to its end goes in silence, as does what is accepted", () => {
  const whole = [SHOWN, changed(10, "return 1"), put(18)];
  assert.deepEqual(told(...whole), ["shown 1"]);
  assert.deepEqual(told(...whole, { kind: "accepted" }, changed(18, "x")), ["shown 1"]);
});

test("an edit that replaces what was written by more of it is taken", () => {
  const events = [SHOWN, changed(10, "re"), typed(12), changed(10, "return", 2), put(16)];
  assert.deepEqual(told(...events), ["shown 1", "taken 1 6"]);
});

test("another answer or none for the place is no word of the user's", () => {
  assert.deepEqual(told(SHOWN, answered(10, "yield")), ["shown 1", "shown 1"]);
  assert.deepEqual(told(SHOWN, answered(10), changed(3, "x")), ["shown 1"]);
});

for (const [name, event] of [
  ["other text", changed(10, "x")],
  ["a deletion", changed(9, "", 1)],
  ["an edit elsewhere in the file", changed(3, "return")],
  ["the cursor elsewhere", put(4)],
  ["a click elsewhere", { kind: "moved", uri: URI, offset: 2, byTyping: false }],
  ["the focus elsewhere", { kind: "left" }],
] as [string, Event<string>][]) {
  test(`${name} rejects it, once`, () => {
    assert.deepEqual(told(SHOWN, event, event), ["shown 1", "rejected 1"]);
  });
}

test("several edits at once reject it", () => {
  const change = { offset: 10, length: 0, text: "r" };
  const event: Event<string> = { kind: "changed", uri: URI, changes: [change, { ...change, offset: 2 }] };
  assert.deepEqual(told(SHOWN, event), ["shown 1", "rejected 1"]);
});

test("what happens in another file leaves it alone", () => {
  const other = "file:///b.py";
  assert.deepEqual(told(SHOWN, changed(10, "x", 0, other), typed(3, other)), ["shown 1"]);
});

test("a part of one that was cycled to is told of that one", () => {
  const events = [answered(0, "alpha beta", "gamma delta"), changed(0, "gamma"), put(5)];
  assert.deepEqual(told(...events), ["shown 1", "taken 2 5"]);
});

test("a suggestion is what stands behind the cursor, with the document's line breaks", () => {
  assert.equal(ghostText("append(x)", "ap", undefined, "\n"), "pend(x)");
  assert.equal(ghostText("a\n  b", "", undefined, "\r\n"), "a\r\n  b");
  assert.equal(ghostText("Append(x)", "ap", undefined, "\n"), undefined);
});

test("beside the menu of completions only what begins with its selected entry is shown", () => {
  assert.equal(ghostText("append(x)", "ap", "append", "\n"), "pend(x)");
  assert.equal(ghostText("apply(x)", "ap", "append", "\n"), undefined);
});

test("line breaks of Windows are typed and taken as others are", () => {
  assert.deepEqual(told(answered(5, "a\r\n  b"), changed(5, "a\r\n"), put(8)), ["shown 1", "taken 1 3"]);
  assert.deepEqual(told(answered(5, "a\r\n  b"), changed(5, "a"), typed(6), changed(6, "\r\n  "), typed(10)), ["shown 1"]);
});
