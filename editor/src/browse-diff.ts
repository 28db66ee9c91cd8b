/** A difference as elements: lines that went, lines that came, and what changed inside of a line marked. */

import { element } from "./host";

/** The lines of `diff -u` as elements. */
export function diffLines(lines: readonly string[]): HTMLElement[] {
  const made: HTMLElement[] = [];
  for (let at = 0; at < lines.length; ) {
    const gone = run(lines, at, "-");
    const come = run(lines, at + gone, "+");
    const pairs = gone === come ? gone : 0;
    for (let number = 0; number < gone; number++) made.push(changed(lines[at + number]!, pairs ? lines[at + gone + number]! : null, "del"));
    for (let number = 0; number < come; number++) made.push(changed(lines[at + gone + number]!, pairs ? lines[at + number]! : null, "ins"));
    at += gone + come;
    if (gone + come === 0) made.push(same(lines[at++]!));
  }
  return made;
}

/** How many lines from `at` on begin with `sign`. */
function run(lines: readonly string[], at: number, sign: string): number {
  let end = at;
  while (lines[end]?.startsWith(sign)) end++;
  return end - at;
}

function same(line: string): HTMLElement {
  return element("div", { className: line.startsWith("@@") ? "pk-diff-place" : "pk-diff-same" }, line);
}

/** A line that went or came; what is between the common beginning and end of it and `other` is marked. */
function changed(line: string, other: string | null, tag: "del" | "ins"): HTMLElement {
  const sign = line.slice(0, 1);
  const text = [...line.slice(1)];
  const made = element("div", { className: `pk-diff-${tag}` }, sign);
  if (other === null) {
    made.append(text.join(""));
    return made;
  }
  const [start, end] = middle(text, [...other.slice(1)]);
  made.append(text.slice(0, start).join(""));
  if (end > start) made.append(element(tag, {}, text.slice(start, end).join("")));
  made.append(text.slice(end).join(""));
  return made;
}

/** Where `text` begins and ends to be another than `other`. */
function middle(text: readonly string[], other: readonly string[]): [number, number] {
  const most = Math.min(text.length, other.length);
  let start = 0;
  while (start < most && text[start] === other[start]) start++;
  let tail = 0;
  while (tail < most - start && text[text.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  return [start, text.length - tail];
}
