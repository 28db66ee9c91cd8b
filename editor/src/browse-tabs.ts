/** Tabs: the arrows walk, and each has its panel. */

import { element } from "./host";

let groups = 0;

export class Tabs<Name extends string> {
  readonly node: HTMLElement;
  readonly #tabs = new Map<Name, HTMLButtonElement>();
  readonly #panels: Record<Name, HTMLElement>;
  readonly #chosen: (name: Name) => void;
  #current: Name;

  /** `panels` by the names of the tabs, which are shown as they are; the first is open. */
  constructor(label: string, panels: Record<Name, HTMLElement>, chosen: (name: Name) => void) {
    this.#panels = panels;
    this.#chosen = chosen;
    this.node = element("div", { className: "pk-tabs", role: "tablist", ariaLabel: label });
    const names = Object.keys(panels) as Name[];
    this.#current = names[0]!;
    const group = ++groups;
    for (const name of names) {
      const tab = element("button", { type: "button", className: "pk-tab", role: "tab", id: `pk-tab-${group}-${name}` }, name);
      const panel = panels[name];
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => { this.open(name); });
      this.#tabs.set(name, tab);
      this.node.append(tab);
    }
    this.node.addEventListener("keydown", (event) => { this.#press(event, names); });
    this.#mark();
  }

  get current(): Name {
    return this.#current;
  }

  open(name: Name): void {
    this.#current = name;
    this.#mark();
    this.#chosen(name);
  }

  #mark(): void {
    for (const [name, tab] of this.#tabs) {
      const is = name === this.#current;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
      this.#panels[name].hidden = !is;
    }
  }

  #press(event: KeyboardEvent, names: readonly Name[]): void {
    const at = names.indexOf(this.#current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + names.length, Home: 0, End: names.length - 1 }[event.key];
    const name = to === undefined ? undefined : names[to % names.length];
    if (name === undefined) return;
    event.preventDefault();
    this.open(name);
    this.#tabs.get(name)?.focus();
  }
}
