/** Where the code is in a markdown text: fenced blocks and inline code; the same as `prompt_kernel/codespans.py`. */

export type Span = readonly [from: number, to: number];

const FENCE = /(```+|~~~+)([^\n]*)/g;
const BEFORE_FENCE = /^(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*$/;
// A paragraph ends at a blank line, and where an item of a list or a heading begins.
const BREAK = /\n(?:[ \t\r>]*\n|[ \t>]*(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t])/;

interface Fence {
  from: number;
  marks: string;
  quotes: number;
  column: number;
}

/** The fenced blocks and the inline code of `text`, in order; a fence left open reaches to the end. */
export function codeSpans(text: string): Span[] {
  if (!text.includes("`") && !text.includes("~~~")) return [];
  const spans: Span[] = [];
  let prose = 0;
  for (const block of fencedBlocks(text)) {
    spans.push(...inlineCode(text, prose, block[0]), block);
    prose = block[1];
  }
  spans.push(...inlineCode(text, prose, text.length));
  return spans;
}

/** Where the backslashes begin that stand right before `position`; `position` where there are none. */
export function beforeBackslashes(text: string, position: number): number {
  while (position > 0 && text[position - 1] === "\\") position -= 1;
  return position;
}

function* fencedBlocks(text: string): Generator<Span> {
  let opener: Fence | null = null;
  for (const found of text.matchAll(FENCE)) {
    const from = text.lastIndexOf("\n", found.index - 1) + 1;
    const before = found.index > 0 ? text.slice(from, found.index) : "";
    const marks = found[1]!;
    const info = found[2]!.trim();
    if (!BEFORE_FENCE.test(before)) continue;
    if (opener === null) {
      // Otherwise a line of inline code that only looks like a fence.
      if (marks[0] === "~" || !info.includes("`")) opener = { from, marks, quotes: quotes(before), column: width(before) };
    } else if (!info && isClosing(opener, before, marks)) {
      yield [opener.from, found.index + found[0].length];
      opener = null;
    }
  }
  if (opener) yield [opener.from, text.length];
}

/** Tell a closing fence from a line of the block: of a shorter one, a list, a quotation or a docstring. */
function isClosing(opener: Fence, before: string, marks: string): boolean {
  const plain = marks.startsWith(opener.marks) && /^[ \t>]*$/.test(before);
  return plain && quotes(before) <= opener.quotes && width(before) <= opener.column + 3;
}

const quotes = (text: string): number => text.split(">").length - 1;

/** The columns that `text` takes, where a tab goes to the next multiple of four. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += character === "\t" ? 4 - (columns % 4) : 1;
  return columns;
}

/** Pair runs of backticks of one length; no code reaches beyond its paragraph. */
function inlineCode(text: string, from: number, to: number): Span[] {
  const spans: Span[] = [];
  let paragraph: Span[] = [];
  for (const found of text.slice(from, to).matchAll(/`+/g)) {
    const start = from + found.index;
    const last = paragraph.at(-1);
    if (last && BREAK.test(text.slice(last[1], start))) {
      spans.push(...pair(text, paragraph));
      paragraph = [];
    }
    paragraph.push([start, start + found[0].length]);
  }
  return spans.concat(pair(text, paragraph));
}

function pair(text: string, runs: Span[]): Span[] {
  const byLength = new Map<number, number[]>();
  for (const [number, [from, to]] of runs.entries()) {
    const sameLength = byLength.get(to - from);
    if (sameLength) sameLength.push(number);
    else byLength.set(to - from, [number]);
  }
  const spans: Span[] = [];
  const passed = new Map<number, number>();
  for (let number = 0; number < runs.length; number += 1) {
    const [run, end] = runs[number]!;
    const start = run + ((run - beforeBackslashes(text, run)) % 2); // an escaped backtick opens nothing
    const closers = byLength.get(end - start) ?? [];
    let next = passed.get(end - start) ?? 0;
    while (next < closers.length && closers[next]! <= number) next += 1;
    passed.set(end - start, next);
    if (start === end || next === closers.length) continue;
    number = closers[next]!;
    spans.push([start, runs[number]![1]]);
  }
  return spans;
}
