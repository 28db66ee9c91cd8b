/** A combination of keys as it is written ("Alt+N", "Ctrl+Shift+S", "F2", "?"), and whether an event is it. */
import { altGraph, onMac } from "./keys-target";

export interface Combination {
  /** One character in lower case, or a name like "enter" and "f2". */
  key: string;
  alt: boolean;
  ctrl: boolean;
  meta: boolean;
  shift: boolean;
}

/** The parts of a written combination, as caps to show: the plus sign itself can be the last. */
export function caps(written: string): string[] {
  const parts = written.split("+").map((part) => part.trim());
  const plus = written.trim().endsWith("+");
  const named = parts.filter((part) => part !== "");
  return plus ? [...named, "+"] : named;
}

/** Read a written combination; "Mod" is Ctrl, and Cmd on a Mac. */
export function combination(written: string): Combination {
  const parts = caps(written).map((part) => part.toLowerCase());
  const key = parts.pop() ?? "";
  const mod = parts.includes("mod");
  const mac = onMac();
  return {
    key, alt: parts.includes("alt"), shift: parts.includes("shift"),
    ctrl: parts.includes("ctrl") || (mod && !mac), meta: ["cmd", "meta"].some((each) => parts.includes(each)) || (mod && mac),
  };
}

/** Whether somebody may be writing text with it: then it is left alone in inputs. */
export function isPlain(wanted: Combination): boolean {
  return !wanted.alt && !wanted.ctrl && !wanted.meta && !/^f\d+$/.test(wanted.key);
}

export function matches(wanted: Combination, event: KeyboardEvent): boolean {
  if (altGraph(event)) return isPlain(wanted) && event.key.toLowerCase() === wanted.key;
  if (event.altKey !== wanted.alt || event.ctrlKey !== wanted.ctrl || event.metaKey !== wanted.meta) return false;
  // Shift makes other characters of plain ones, so that it is asked for only where it is a modifier.
  if (!(isPlain(wanted) && wanted.key.length === 1) && event.shiftKey !== wanted.shift) return false;
  return event.key.toLowerCase() === wanted.key || (wanted.alt && physical(event) === wanted.key);
}

/** The letter or digit printed on a key, where the key itself makes something that no combination names (Option, Cyrillic). */
function physical(event: KeyboardEvent): string {
  if (/^[a-z0-9]$/i.test(event.key)) return "";
  return (/^(?:Key|Digit)(.)$/.exec(event.code)?.[1] ?? "").toLowerCase();
}
