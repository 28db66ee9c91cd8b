/** The two lines above the rows: search and tag filter; then the title with the count, or what to do with the selected, and the pages. */
import { element } from "./host";
import { figures, prompts, type Act, type BulkVerb, type LibraryData } from "./library-data";
import { icon, type IconName } from "./look";

const VERBS: [BulkVerb, string][] = [["move", "Move"], ["tag", "Tags"], ["replace", "Replace"], ["delete", "Delete"]];

/** A choice of one tag, with counts; it is made anew only when the tags have changed. */
export class TagFilter {
  readonly node = element("select", { className: "pk-tag-filter" });
  #shown = "";

  constructor(act: Act) {
    this.node.setAttribute("aria-label", "Only prompts with the tag");
    this.node.addEventListener("change", () => { act({ kind: "tag", tag: this.node.value }); });
  }

  show(tags: Record<string, number>, tag: string): void {
    const all = JSON.stringify([tags, tag]);
    if (all !== this.#shown) {
      this.#shown = all;
      const known = tag && !(tag in tags) ? { ...tags, [tag]: 0 } : tags;
      const options = Object.entries(known).map(([name, count]) => element("option", { value: name }, `${name} (${figures(count)})`));
      this.node.replaceChildren(element("option", { value: "" }, "All tags"), ...options);
    }
    this.node.value = tag;
    this.node.toggleAttribute("data-on", tag !== "");
    this.node.disabled = tag === "" && Object.keys(tags).length === 0;
  }
}

/** `1–50 of 10,000` and the buttons to the other pages. */
class Pager {
  readonly #range = element("span", { className: "pk-range" });
  readonly #first: HTMLButtonElement;
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly node: HTMLElement;

  constructor(act: Act) {
    this.#first = turn("start", "First page", () => { act({ kind: "page", to: "first" }); });
    this.#previous = turn("back", "Previous page", () => { act({ kind: "page", to: "previous" }); });
    this.#next = turn("next", "Next page", () => { act({ kind: "page", to: "next" }); });
    this.node = element("nav", { className: "pk-pager" }, this.#range, this.#first, this.#previous, this.#next);
    this.node.setAttribute("aria-label", "Pages");
  }

  show(data: LibraryData): void {
    const last = data.first + data.rows.length - 1;
    this.node.hidden = data.rows.length === 0 || (data.first <= 1 && last >= data.total);
    this.#range.textContent = `${figures(data.first)}–${figures(last)} of ${figures(data.total)}`;
    this.#first.disabled = this.#previous.disabled = data.first <= 1;
    this.#next.disabled = last >= data.total;
  }
}

function turn(name: IconName, says: string, does: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", className: "pk-button pk-button-bare", title: says }, icon(name));
  made.setAttribute("aria-label", says);
  made.addEventListener("click", does);
  return made;
}

/** The line of the title; while rows are selected, their verbs stand in its place, so that nothing moves. */
export class Line {
  readonly #title = element("strong", { className: "pk-title", dir: "auto" });
  readonly #count = element("span", { className: "pk-count", role: "status" });
  readonly #what = element("div", { className: "pk-what" }, this.#title, this.#count);
  readonly #chosen = element("span", { className: "pk-count", role: "status" });
  readonly #bulk = element("div", { className: "pk-bulk", role: "toolbar" });
  readonly #pager: Pager;
  readonly node: HTMLElement;

  constructor(act: Act, bulk: (verb: BulkVerb) => void, deselect: () => void) {
    this.#pager = new Pager(act);
    this.#bulk.setAttribute("aria-label", "The selected prompts");
    this.#bulk.append(this.#chosen, ...VERBS.map(([verb, says]) => button(says, verb === "delete", () => { bulk(verb); })));
    const none = button("", false, deselect);
    none.classList.add("pk-button-bare");
    none.title = "Select none";
    none.setAttribute("aria-label", "Select none");
    none.append(icon("clear", 14));
    this.#bulk.append(none);
    this.#bulk.hidden = true;
    this.node = element("div", { className: "pk-line" }, this.#what, this.#bulk, this.#pager.node);
  }

  show(data: LibraryData): void {
    this.#title.textContent = data.title;
    this.#count.textContent = prompts(data.total);
    this.#pager.show(data);
    this.node.toggleAttribute("data-pages", !this.#pager.node.hidden);
  }

  select(count: number): void {
    this.#chosen.textContent = `${figures(count)} selected`;
    this.#bulk.hidden = count === 0;
    this.#what.hidden = count > 0;
    this.node.toggleAttribute("data-selecting", count > 0);
  }
}

function button(says: string, danger: boolean, does: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", className: `pk-button${danger ? " pk-button-danger" : ""}` }, says);
  made.addEventListener("click", does);
  return made;
}
