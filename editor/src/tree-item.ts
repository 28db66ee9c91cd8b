/** One line of the tree: made once, and changed in place. */
import { element } from "./host";
import { icon, type IconName } from "./look";

/** What a line shows. */
export interface Shown {
  icon: IconName;
  label: string;
  title: string;
  count: number;
  level: number;
  enabled: boolean;
  linked: boolean;
  current: boolean;
  /** Whether it can be unfolded, and is; undefined where it contains nothing. */
  unfolded: boolean | undefined;
  place: number;
  places: number;
}

export class Item {
  readonly twist = element("span", { className: "pk-twist" }, icon("next", 12));
  readonly #icon = element("span", { className: "pk-tree-icon" });
  readonly #label = element("span", { className: "pk-tree-label", dir: "auto" });
  readonly #linked = element("span", { className: "pk-tree-linked", title: "Linked to a folder" }, icon("link", 12));
  readonly #off = element("span", { className: "pk-tree-off" }, "disabled");
  readonly #count = element("span", { className: "pk-tree-count" });
  readonly node = element(
    "div", { className: "pk-tree-item", role: "treeitem", tabIndex: -1 },
    this.twist, this.#icon, this.#label, this.#linked, this.#off, this.#count,
  );
  #drawn: IconName | null = null;

  /** `key` names it among all lines. */
  constructor(readonly key: string) {
    this.node.dataset["key"] = key;
  }

  show(shown: Shown): void {
    if (this.#drawn !== shown.icon) this.#icon.replaceChildren(icon(shown.icon));
    this.#drawn = shown.icon;
    if (this.#label.textContent !== shown.label) this.#label.textContent = shown.label;
    this.node.title = shown.title;
    this.#count.textContent = shown.count.toLocaleString("en");
    this.#linked.hidden = !shown.linked;
    this.#off.hidden = shown.enabled;
    this.node.classList.toggle("pk-tree-disabled", !shown.enabled);
    this.node.style.setProperty("--pk-level", String(shown.level - 1));
    this.#tell(shown);
  }

  #tell(shown: Shown): void {
    const { node } = this;
    node.setAttribute("aria-level", String(shown.level));
    node.setAttribute("aria-posinset", String(shown.place));
    node.setAttribute("aria-setsize", String(shown.places));
    node.setAttribute("aria-selected", String(shown.current));
    const says = [shown.label, shown.count === 1 ? "1 prompt" : `${shown.count} prompts`];
    if (!shown.enabled) says.push("disabled");
    if (shown.linked) says.push("linked to a folder");
    node.setAttribute("aria-label", says.join(", "));
    if (shown.unfolded === undefined) node.removeAttribute("aria-expanded");
    else node.setAttribute("aria-expanded", String(shown.unfolded));
  }
}
