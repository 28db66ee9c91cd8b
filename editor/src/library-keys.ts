/** The library by keyboard: typing searches from anywhere, arrows move, Enter opens, Space selects, Escape clears. */
import { combination, matches } from "./keys-combination";
import { altGraph, composes, inDialog, takesText, target } from "./keys-target";
import type { List } from "./library-list";
import type { SearchBox } from "./library-search";

export interface KeyParts {
  root: HTMLElement;
  search: SearchBox;
  list: List;
  /** Open the active row, in a new tab or here. */
  open(newTab: boolean): void;
  /** Find and replace, in the selected rows if there are any. */
  replace(): void;
}

const REPLACE = combination("Alt+R");

/** Follow the keys of the whole page; returns how to stop. */
export function followKeys(parts: KeyParts): () => void {
  // Before the page's own shortcuts hear of it: a plain R would run the page again.
  const hear = (event: KeyboardEvent): void => {
    if (!event.defaultPrevented && !composes(event) && parts.root.isConnected && press(parts, event)) event.stopPropagation();
  };
  document.addEventListener("keydown", hear, true);
  return () => { document.removeEventListener("keydown", hear, true); };
}

/** Do what a key means; whether nobody else needs to hear of it. */
function press(parts: KeyParts, event: KeyboardEvent): boolean {
  const at = target(event);
  if (matches(REPLACE, event)) return replace(parts, event);
  if (at === parts.search.input) return inBox(parts, event);
  if (inDialog(event) || takesText(event)) return false;
  if (printable(event)) {
    parts.search.focus(); // the character itself is then written into the box
    if (event.key === "/") event.preventDefault();
    return true;
  }
  const row = at?.closest("tr[data-path]");
  if (row && parts.list.body.contains(row)) return inRow(parts, event, at === row, at?.matches("a") ?? false);
  if (at && (at === document.body || at.matches(IDLE))) return inBox(parts, event);
  if (at?.matches("a") && event.key !== "Enter") return inBox(parts, event); // the link that led here
  if (event.key === "Escape" && at && parts.root.contains(at)) return escape(parts, event);
  return false;
}

/** Wherever one is writing, but not while a dialog asks something. */
function replace(parts: KeyParts, event: KeyboardEvent): boolean {
  if (inDialog(event)) return false;
  event.preventDefault();
  if (!event.repeat) parts.replace();
  return true;
}

/** What has the focus when nothing has it. */
const IDLE = "main, section, [data-testid=stMain], [data-testid=stApp]";

/** Space and `?` have meanings of their own outside of a text; a slash only goes to the box. */
function printable(event: KeyboardEvent): boolean {
  if (event.key === " " || event.key === "?") return false;
  if ((event.ctrlKey || event.altKey || event.metaKey) && !altGraph(event)) return false;
  return [...event.key].length === 1 || event.key === "Dead";
}

/** In the search box the caret stays, and the rows move; with nothing focused it is the same. */
function inBox(parts: KeyParts, event: KeyboardEvent): boolean {
  const inside = target(event) === parts.search.input;
  if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
    if (!inside && !parts.list.active) return false;
    event.preventDefault();
    parts.open(event.ctrlKey || event.metaKey);
    return true;
  }
  if (event.key === "Escape") return escape(parts, event);
  const caret = inside && parts.search.input.value !== "";
  if (!(caret && (event.key === "Home" || event.key === "End")) && step(parts, event)) {
    parts.list.active?.node.scrollIntoView({ block: "nearest" });
    return true;
  }
  return inside && !event.ctrlKey && !event.metaKey && !event.altKey;
}

function inRow(parts: KeyParts, event: KeyboardEvent, itself: boolean, link: boolean): boolean {
  if (event.key === "Escape") return escape(parts, event);
  if (event.key === "ArrowUp" && parts.list.atTop && plain(event)) {
    event.preventDefault();
    parts.search.focus();
    return true;
  }
  if (step(parts, event)) {
    parts.list.active?.node.focus();
    return true;
  }
  const active = parts.list.active;
  if (!active || !(itself || link)) return false;
  if (event.key === "Enter") parts.open(event.ctrlKey || event.metaKey);
  else if (event.key === " ") parts.list.select(active.entry.path, !active.check.checked, event.shiftKey);
  else return false;
  event.preventDefault();
  return true;
}

/** Make another row active. */
function step(parts: KeyParts, event: KeyboardEvent): boolean {
  if (!plain(event) || parts.list.length === 0) return false;
  if (event.key === "ArrowDown") parts.list.move(1);
  else if (event.key === "ArrowUp") parts.list.move(-1);
  else if (event.key === "Home") parts.list.go(0);
  else if (event.key === "End") parts.list.go(parts.list.length - 1);
  else return false;
  event.preventDefault();
  return true;
}

function escape(parts: KeyParts, event: KeyboardEvent): boolean {
  if (parts.search.input.value === "") return false;
  event.preventDefault();
  parts.search.clear();
  parts.search.focus();
  return true;
}

function plain(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}
