/** What means something in a prompt's text; the same as `prompt_kernel/language.py`, for colours and for clicks. */

import { beforeBackslashes, codeSpans, type Span } from "./codespans";

export type Kind = "inclusion" | "variable" | "escape" | "quoted";

/** A construct and where it stands; of an inclusion also where its path stands. */
export interface Token {
  kind: Kind;
  from: number;
  to: number;
  path?: Span;
}

const INCLUSION =
  /\[\[([^[\]"'()\n]+(?:\((?:[^[\]"'()\\\n]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')*\))?)\]\]/gu;
const VARIABLE = /\{\{[ \t]*([^\s{}]+)[ \t]*\}\}/gu;
const TAIL = /^(?:@([^@()]+))?(?:\((.*)\))?$/u;
const ARGUMENT =
  /\s*([^\s=]+)\s*=\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d{1,300}(?:\.\d{1,300})?|[Tt]rue|[Ff]alse)\s*(?:,|$)/uy;
const SEGMENT = String.raw`[\p{L}_][\p{L}\p{N}\p{M}_\-]*(?:(?:[ ]|\.+)[\p{L}\p{N}\p{M}_\-]+)*`;
const PATH = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`, "u");
const PIN = /^(?:[0-9]{1,9}|[\p{L}_][\p{L}\p{N}\p{M}_.\-]*)$/u;
const IDENTIFIER = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;
/** Fillers for unfinished Korean syllables: letters to Unicode, and nothing at all to the eye. */
const BLANK_LETTERS = /[\u115f\u1160\u3164\uffa0]/;
const MAX_PATH_CHARACTERS = 1000;

/** The constructs of `text`, in order. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let done = 0;
  for (const inclusion of text.includes("[[") ? inclusions(text) : []) {
    found.push(...variables(text, done, inclusion.from), inclusion);
    done = inclusion.to;
  }
  return found.concat(variables(text, done, text.length));
}

function* inclusions(text: string): Generator<Token> {
  const bounds = codeSpans(text).flat();
  let done = 0;
  INCLUSION.lastIndex = 0;
  for (let match = INCLUSION.exec(text); match; match = INCLUSION.exec(text)) {
    const from = match.index;
    const to = from + match[0].length;
    INCLUSION.lastIndex = from + 1; // in what is no inclusion a real one may begin
    const length = pathLength(match[1]!);
    const token = length > 0 ? construct(text, from, to, done, countUpTo(bounds, from) % 2 === 1) : null;
    if (!token) continue;
    yield { ...token, path: [from + 2, from + 2 + length] };
    done = INCLUSION.lastIndex = to;
  }
}

/** Tell an inclusion from its escaped and its quoted form by what stands before the brackets. */
function construct(text: string, from: number, to: number, done: number, inCode: boolean): Token | null {
  const before = from > done ? text[from - 1] : "";
  if (before === "\\") {
    const first = beforeBackslashes(text, from);
    const embedded = first > done && text[first - 1] === "!";
    return embedded || !inCode ? { kind: "escape", from: from - 1, to } : null;
  }
  if (before === "!") return { kind: "inclusion", from: from - 1, to };
  return { kind: inCode ? "quoted" : "inclusion", from, to };
}

/** The length of the path that begins what stands between the brackets; 0 if that is not of the grammar. */
function pathLength(inner: string): number {
  const cut = inner.search(/[@(]/);
  const path = cut < 0 ? inner : inner.slice(0, cut);
  const tail = TAIL.exec(inner.slice(path.length));
  if (!tail || path.length > MAX_PATH_CHARACTERS || BLANK_LETTERS.test(path) || !(PATH.test(path) || isGlob(path))) return 0;
  const [, pin, argumentList = ""] = tail;
  return (pin === undefined || PIN.test(pin)) && areArguments(argumentList) ? path.length : 0;
}

function isGlob(path: string): boolean {
  const cut = path.lastIndexOf("/");
  const name = path.slice(cut + 1);
  return name.includes("*") && PATH.test(path.slice(0, Math.max(cut, 0))) && PATH.test(name.replaceAll("*", "a"));
}

function areArguments(list: string): boolean {
  const names = new Set<string>();
  ARGUMENT.lastIndex = 0;
  while (ARGUMENT.lastIndex < list.length) {
    const name = ARGUMENT.exec(list)?.[1]?.normalize("NFKC");
    if (!name || !IDENTIFIER.test(name) || names.has(name)) return false;
    names.add(name);
  }
  return true;
}

function variables(text: string, from: number, to: number): Token[] {
  const part = text.slice(from, to);
  if (!part.includes("{{")) return [];
  const found: Token[] = [];
  let done = 0;
  for (const match of part.matchAll(VARIABLE)) {
    if (!IDENTIFIER.test(match[1]!.normalize("NFKC"))) continue;
    const end = match.index + match[0].length;
    const escaped = match.index > done && part[match.index - 1] === "\\";
    found.push({ kind: escaped ? "escape" : "variable", from: from + match.index - (escaped ? 1 : 0), to: from + end });
    done = end;
  }
  return found;
}

/** How many of the ascending `bounds` are not beyond `position`. */
function countUpTo(bounds: number[], position: number): number {
  let low = 0;
  for (let high = bounds.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
