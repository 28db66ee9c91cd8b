/** The library: a search box, a table of prompts that becomes cards where it is narrow, and what is done with many at once. */
import { element, type Create, type Instance, type Mount } from "./host";
import { focused } from "./keys-target";
import { Line, TagFilter } from "./library-bar";
import type { Act, BulkVerb, LibraryAction, LibraryData } from "./library-data";
import { Head } from "./library-head";
import { followKeys } from "./library-keys";
import { List } from "./library-list";
import { followMouse, openTab } from "./library-mouse";
import { SearchBox } from "./library-search";
import { styles } from "./library.css";
import { dress } from "./look";

export type { LibraryAction, LibraryData, LibraryRow } from "./library-data";

class Library implements Instance<LibraryData> {
  #mount: Mount<LibraryData>;
  readonly #act: Act = (action: LibraryAction) => { this.#mount.setTriggerValue("action", action); };
  readonly #search = new SearchBox((query) => { this.#mount.setStateValue("query", query); }, () => { this.#typed(); });
  readonly #filter = new TagFilter(this.#act);
  readonly #head = new Head(this.#act);
  readonly #list = new List(() => { this.#marked(); });
  readonly #line = new Line(
    this.#act,
    (verb) => { this.#bulk(verb); },
    () => { this.#list.selectAll(false); },
  );
  readonly #table = element("table", { className: "pk-table", role: "grid" }, this.#head.node, this.#list.body);
  readonly #empty = new Empty(this.#act);
  readonly #root = element(
    "div", { className: "pk pk-library" },
    element("div", { className: "pk-tools" }, this.#search.node, this.#filter.node), this.#line.node, this.#table, this.#empty.node,
  );
  readonly #stop: () => void;
  /** The query that the rows answer; null before the first. */
  #query: string | null = null;
  #focus = false;
  /** Enter was pressed before the rows of the newest query were here. */
  #opening: { newTab: boolean } | null = null;

  constructor(mount: Mount<LibraryData>) {
    this.#mount = mount;
    this.#table.setAttribute("aria-multiselectable", "true");
    this.#head.all.addEventListener("change", () => { this.#list.selectAll(this.#head.all.checked); });
    followMouse(this.#list, this.#act);
    mount.parentElement.append(this.#root);
    dress(mount.parentElement, styles);
    this.#stop = followKeys({
      root: this.#root, search: this.#search, list: this.#list, open: (newTab) => { this.#enter(newTab); },
      replace: () => { this.#bulk("replace"); },
    });
    this.update(mount);
  }

  update(mount: Mount<LibraryData>): void {
    this.#mount = mount;
    const { data } = mount;
    this.#search.answer(data.query, this.#query === null);
    const top = data.query !== "" && data.query !== this.#query;
    this.#query = data.query;
    this.#filter.show(data.tags, data.tag ?? "");
    this.#head.show(data);
    this.#line.show(data);
    this.#list.show(data.rows, top);
    this.#table.setAttribute("aria-label", data.title);
    this.#table.setAttribute("aria-rowcount", String(data.total));
    this.#table.hidden = data.rows.length === 0;
    this.#empty.show(data);
    this.#root.toggleAttribute("data-found", data.query !== "");
    this.#wait();
    this.#open();
    this.#takeFocus(data.focus);
  }

  destroy(): void {
    this.#stop();
    this.#search.destroy();
  }

  /** Show whether newer rows are on their way; the old ones stay until then. */
  #wait(): void {
    this.#table.setAttribute("aria-busy", String(this.#search.waiting));
  }

  #typed(): void {
    this.#opening = null;
    this.#wait();
  }

  #enter(newTab: boolean): void {
    this.#search.flush();
    this.#opening = { newTab };
    this.#open();
  }

  #open(): void {
    if (!this.#opening || this.#search.waiting) return;
    const { newTab } = this.#opening;
    this.#opening = null;
    const path = this.#list.active?.entry.path;
    if (path === undefined) return;
    if (newTab) openTab(path);
    else this.#act({ kind: "open", path, newTab: false });
  }

  /** Follow what is selected and active. */
  #marked(): void {
    const { selected, active, length } = this.#list;
    this.#head.tick(selected.length, length);
    this.#line.select(selected.length);
    if (active) this.#search.input.setAttribute("aria-activedescendant", active.node.id);
    else this.#search.input.removeAttribute("aria-activedescendant");
  }

  #bulk(verb: BulkVerb): void {
    this.#act({ kind: "bulk", do: verb, paths: this.#list.selected });
  }

  /** Take the focus when the page begins to ask for it, but never from where somebody writes. */
  #takeFocus(wanted: boolean): void {
    const free = focused() === null || focused() === document.body;
    if (wanted && !this.#focus && free) this.#search.focus();
    this.#focus = wanted;
  }
}

/** What stands in place of the rows where there are none: what to do first. */
class Empty {
  readonly #title = element("strong", { className: "pk-empty-title" });
  readonly #text = element("p", { className: "pk-empty-text" });
  readonly node: HTMLElement;

  constructor(act: Act) {
    const create = element("button", { type: "button", className: "pk-button pk-button-main" }, "New prompt");
    create.addEventListener("click", () => { act({ kind: "new" }); });
    this.node = element("div", { className: "pk-empty" }, this.#title, this.#text, create);
  }

  show(data: LibraryData): void {
    this.node.hidden = data.rows.length > 0;
    this.#title.textContent = data.empty.title;
    this.#text.textContent = data.empty.text;
  }
}

export const createLibrary: Create<LibraryData> = (mount) => new Library(mount);
