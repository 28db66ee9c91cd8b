/** Links to prompts: real ones, so that a new tab is a new tab, and quick ones, because the page is already here. */

import { element } from "./host";

export type Open = (path: string, newTab: boolean) => void;

export function addressOf(path: string): string {
  return `edit?prompt=${encodeURIComponent(path)}`;
}

/** A link to a prompt that `open` follows without loading the page again. */
export function promptLink(path: string, open: Open, text: string = path): HTMLAnchorElement {
  const link = element("a", { href: addressOf(path), className: "pk-link" }, text);
  link.addEventListener("click", (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(path, false);
  });
  return link;
}
