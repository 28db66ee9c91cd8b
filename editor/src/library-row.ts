/** One row of the library: made once for a path, and changed in place. */
import { element } from "./host";
import { address, type LibraryRow } from "./library-data";
import { icon } from "./look";

const TAGS_SHOWN = 3;

export class Row {
  readonly check = control(element("input", { type: "checkbox" }), "select");
  readonly link = control(element("a", { className: "pk-name", draggable: false, dir: "auto" }), "open");
  readonly #star = control(element("button", { type: "button", className: "pk-star" }, icon("star")), "star");
  readonly #off = element("span", { className: "pk-off", title: "Inclusions of this prompt are left out." }, "disabled");
  readonly #path = element("div", { className: "pk-path", dir: "auto" });
  readonly #directory = element("span", { className: "pk-cut", dir: "auto" });
  readonly #description = element("div", { className: "pk-description", dir: "auto" });
  readonly #snippet = element("div", { className: "pk-snippet", dir: "auto" });
  readonly #tags = element("div", { className: "pk-tags" });
  readonly #version = element("span", { className: "pk-version" });
  readonly #updated = element("time");
  readonly #author = element("span", { className: "pk-cut", dir: "auto" });
  readonly node: HTMLTableRowElement;
  #shown = "";
  #entry!: LibraryRow;

  constructor(entry: LibraryRow, id: string) {
    this.node = element(
      "tr", { id, draggable: true, tabIndex: -1, role: "row", "data-path": entry.path },
      cell("check", this.check), cell("star", this.#star), cell("name", this.link, this.#off, this.#path),
      cell("directory", this.#directory), cell("description", this.#description, this.#snippet), cell("tags", this.#tags),
      cell("version", this.#version), cell("updated", this.#updated), cell("author", this.#author),
    );
    this.show(entry);
  }

  get entry(): LibraryRow {
    return this.#entry;
  }

  /** Show other data of the same prompt. */
  show(entry: LibraryRow): void {
    this.#entry = entry;
    const all = JSON.stringify(entry);
    if (all === this.#shown) return;
    this.#shown = all;
    this.link.href = address(entry.path);
    write(this.link, entry.display_name);
    this.#path.hidden = entry.display_name === entry.path;
    write(this.#path, entry.path, entry.path);
    write(this.#directory, entry.directory, entry.directory);
    write(this.#description, entry.description, entry.description);
    write(this.#author, entry.author, entry.author);
    write(this.#version, String(entry.version), entry.version === 1 ? "1 version" : `${entry.version} versions`);
    write(this.#updated, entry.updated_text, exact(entry.updated));
    this.#updated.dateTime = entry.updated;
    this.#snippet.replaceChildren(...marked(entry.snippet, entry.marks));
    this.#snippet.hidden = entry.snippet === "";
    this.#tags.replaceChildren(...chips(entry.tags));
    this.node.classList.toggle("pk-disabled", !entry.enabled);
    this.#off.hidden = entry.enabled;
    this.check.setAttribute("aria-label", `Select ${entry.path}`);
    this.favour(entry.favourite);
  }

  /** Whether the star is on, as shown. */
  get favoured(): boolean {
    return this.#star.getAttribute("aria-pressed") === "true";
  }

  /** Show at once what the page will hear of. */
  favour(on: boolean): void {
    this.#star.setAttribute("aria-pressed", String(on));
    const says = on ? "Remove from favourites" : "Add to favourites";
    this.#star.setAttribute("aria-label", `${says}: ${this.#entry.path}`);
    this.#star.title = says;
    this.#shown = on === this.#entry.favourite ? this.#shown : "";
  }

  /** Selected rows have a tick; the active one is where arrows and Tab go. */
  mark(selected: boolean, active: boolean, reachable: boolean): void {
    this.check.checked = selected;
    this.node.setAttribute("aria-selected", String(selected));
    this.node.toggleAttribute("data-active", active);
    this.node.tabIndex = reachable ? 0 : -1;
    for (const each of this.node.querySelectorAll<HTMLElement>("[data-do]")) each.tabIndex = reachable ? 0 : -1;
  }
}

function control<E extends HTMLElement>(made: E, does: string): E {
  made.dataset["do"] = does;
  return made;
}

function cell(name: string, ...children: Node[]): HTMLTableCellElement {
  return element("td", { className: `pk-cell-${name}`, role: "gridcell" }, ...children);
}

function write(where: HTMLElement, text: string, title?: string): void {
  if (where.textContent !== text) where.textContent = text;
  if (title !== undefined) where.title = title;
}

function exact(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
}

function chips(tags: string[]): Node[] {
  const shown = tags.slice(0, TAGS_SHOWN).map((tag) => {
    const made = element("button", { type: "button", className: "pk-chip", title: `Only prompts with the tag ${tag}`, dir: "auto" }, tag);
    made.dataset["tag"] = tag;
    return control(made, "tag");
  });
  const rest = tags.slice(TAGS_SHOWN);
  if (rest.length === 0) return shown;
  return [...shown, element("span", { className: "pk-chip", title: rest.join(", ") }, `+${rest.length}`)];
}

/** A text with its marks as elements; marks that lie outside or overlap are left out. */
export function marked(text: string, marks: readonly (readonly [number, number])[]): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  for (const [from, to] of [...marks].sort((one, other) => one[0] - other[0])) {
    if (from < at || to <= from || to > text.length) continue;
    if (from > at) nodes.push(document.createTextNode(text.slice(at, from)));
    nodes.push(element("mark", {}, text.slice(from, to)));
    at = to;
  }
  if (at < text.length) nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}
