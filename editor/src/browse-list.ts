/** The list of prompts: a list box in which the arrows walk, and which asks for more at its end. */

import type { BrowseRow, Listed } from "./browse-data";
import { element } from "./host";

/** So close to the end the next rows are asked for; pixels. */
const NEAR = 120;
let lists = 0;

export class PromptList {
  readonly #box = element("div", { className: "pk-found-rows", role: "listbox", tabIndex: 0, ariaLabel: "Prompts" });
  readonly #said = element("div", { className: "pk-found-said", role: "status" });
  readonly node = element("div", { className: "pk-found" }, this.#box, this.#said);
  readonly #id = `pk-found-${++lists}`;
  readonly #chosen: (path: string) => void;
  readonly #more: (after: string) => void;
  #rows: BrowseRow[] = [];
  #hasMore = false;
  #asked = false;
  #active = "";

  /** `chosen` gets the path of the row that was gone to; `more` is to bring the rows after a path. */
  constructor(chosen: (path: string) => void, more: (after: string) => void) {
    this.#chosen = chosen;
    this.#more = more;
    this.#box.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-path]") : null;
      if (row) this.#go(row.dataset["path"] ?? "");
    });
    this.#box.addEventListener("keydown", (event) => { this.#press(event); });
    this.node.addEventListener("scroll", () => { this.#askNear(); });
  }

  /** Other rows are on their way, so that no more of these are asked for. */
  wait(): void {
    this.#hasMore = false;
    this.#box.setAttribute("aria-busy", "true");
  }

  /** Show other rows. */
  show(listed: Listed, empty: string): void {
    this.#rows = [];
    this.#box.replaceChildren();
    this.node.scrollTop = 0;
    this.add(listed);
    this.#said.textContent = listed.cut ? "There are more; say more precisely what you look for." : this.#rows.length === 0 ? empty : "";
  }

  /** Show more rows after those that are there. */
  add({ rows, more }: Listed): void {
    const nodes = rows.map((row, at) => this.#row(row, this.#rows.length + at));
    this.#rows.push(...rows);
    this.#box.append(...nodes);
    this.#hasMore = more;
    this.#asked = false;
    this.#box.setAttribute("aria-busy", "false");
    this.mark(this.#active);
  }

  /** Mark the row of a prompt, if it is here. */
  mark(path: string): void {
    this.#active = path;
    this.#box.removeAttribute("aria-activedescendant");
    for (const row of this.#box.querySelectorAll<HTMLElement>("[role=option]")) {
      const is = row.dataset["path"] === path;
      row.setAttribute("aria-selected", String(is));
      if (is) this.#box.setAttribute("aria-activedescendant", row.id);
    }
  }

  /** Go to the first row, unless one is gone to already. */
  enter(): void {
    const [first] = this.#rows;
    if (!first) return;
    if (!this.#rows.some(({ path }) => path === this.#active)) this.#go(first.path);
    this.#box.focus();
  }

  #row({ path, description, enabled, snippet }: BrowseRow, at: number): HTMLElement {
    const slash = path.lastIndexOf("/") + 1;
    const name = element("div", { className: "pk-found-name", dir: "auto" }, path.slice(slash));
    const directory = element("div", { className: "pk-found-directory", dir: "auto", hidden: slash === 0 }, path.slice(0, slash));
    const found = snippet.map(([text, is]) => (is ? element("mark", {}, text) : text));
    const about = element("div", { className: "pk-found-about", dir: "auto" }, ...(found.length > 0 ? found : [description]));
    if (!enabled) name.append(element("span", { className: "pk-off" }, "disabled"));
    about.hidden = about.textContent === "";
    const node = element("div", { className: "pk-found-row", role: "option", id: `${this.#id}-${at}`, "data-path": path, title: path }, name, directory, about);
    node.setAttribute("aria-selected", "false");
    return node;
  }

  #go(path: string): void {
    const moved = path !== this.#active;
    this.mark(path);
    this.#box.querySelector("[aria-selected=true]")?.scrollIntoView?.({ block: "nearest" });
    if (moved) this.#chosen(path);
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const at = this.#rows.findIndex(({ path }) => path === this.#active);
    const end = this.#rows.length - 1;
    const to = { ArrowDown: Math.min(at + 1, end), ArrowUp: Math.max(at - 1, 0), Home: 0, End: end }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const row = this.#rows[to];
    if (row) this.#go(row.path);
    if (to >= end - 1) this.#ask();
  }

  #askNear(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.node;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.#ask();
  }

  #ask(): void {
    const after = this.#rows.at(-1)?.path;
    if (!this.#hasMore || this.#asked || after === undefined) return;
    this.#asked = true;
    this.#more(after);
  }
}
