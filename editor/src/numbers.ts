/** Numbers for people. */

/** A count with its noun: "1 prompt", "1,200 prompts". */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** The characters of `text`, where an emoji beyond the first plane counts once, as everywhere outside of browsers. */
export function characters(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}
