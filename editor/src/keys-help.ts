/** The overlay that lists all keys. */
import { element } from "./host";
import { caps } from "./keys-combination";
import type { Binding } from "./keys-data";
import { focused, onMac } from "./keys-target";
import { icon } from "./look";

const HELP: Binding = { id: "help", keys: "?", does: "This list", group: "Everywhere", shown_only: true };

export class Help {
  readonly #close = element("button", { type: "button", className: "pk-button pk-button-bare", title: "Close (Escape)" }, icon("clear"));
  readonly #groups = element("div", { className: "pk-help-groups" });
  readonly node = element(
    "dialog", { className: "pk-dialog pk-help" },
    element("div", { className: "pk-help-head" }, element("h2", { className: "pk-help-title", id: "pk-help-title" }, "Keyboard"), this.#close),
    this.#groups,
  );
  #back: Element | null = null;

  constructor() {
    this.node.setAttribute("aria-labelledby", "pk-help-title");
    this.#close.setAttribute("aria-label", "Close");
    this.#close.addEventListener("click", () => { this.node.close(); });
    this.node.addEventListener("click", (event) => { if (event.target === this.node) this.node.close(); });
    this.node.addEventListener("close", () => { this.#return(); });
  }

  get isOpen(): boolean {
    return this.node.open;
  }

  show(bindings: readonly Binding[]): void {
    const all = bindings.some((each) => each.keys === "?") ? bindings : [...bindings, HELP];
    const groups = [...new Set(all.map((each) => each.group))];
    this.#groups.replaceChildren(...groups.map((group) => section(group, all.filter((each) => each.group === group))));
  }

  /** Open over everything; the browser keeps the focus inside, and Escape closes. */
  open(): void {
    if (this.node.open) return;
    this.#back = focused();
    this.node.showModal();
    this.#close.focus();
  }

  close(): void {
    if (this.node.open) this.node.close();
  }

  #return(): void {
    if (this.#back instanceof HTMLElement && this.#back.isConnected) this.#back.focus({ preventScroll: true });
    this.#back = null;
  }
}

function section(group: string, bindings: readonly Binding[]): HTMLElement {
  const lines = bindings.map(({ keys, does }) => {
    const keyed = caps(keys).map((cap) => element("kbd", { className: "pk-key" }, shown(cap)));
    return element("div", {}, element("dt", {}, ...keyed), element("dd", {}, does));
  });
  return element("section", {}, element("h3", {}, group), element("dl", {}, ...lines));
}

/** "Mod" is written for a key that has another name on a Mac. */
function shown(cap: string): string {
  if (cap.toLowerCase() !== "mod") return cap;
  return onMac() ? "Cmd" : "Ctrl";
}
