/** Prompts of the same directory: a click or a drag writes their inclusion, a link opens them beside. */

import { element } from "./host";
import { addressOf } from "./links";

export interface Sibling {
  path: string;
  name: string;
}

export const PATH = "text/x-prompt-path";
export const PATHS = "text/x-prompt-paths";

/** The paths that are dragged; none where something else is. */
export function draggedPaths(data: DataTransfer | null): string[] {
  const many = data?.getData(PATHS);
  const one = data?.getData(PATH);
  if (many) {
    try {
      const found: unknown = JSON.parse(many);
      if (Array.isArray(found)) return found.filter((path) => typeof path === "string");
    } catch {
      return many.split("\n").filter(Boolean);
    }
  }
  return one ? [one] : [];
}

/** A button that opens the list. */
export class Siblings {
  readonly node: HTMLElement;
  private readonly list = element("ul", { className: "pk-menu", hidden: true });
  private readonly button = element("button", { type: "button", className: "pk-button pk-button-bare", ariaHasPopup: "true", ariaExpanded: "false", title: "Insert a prompt of this directory" });

  constructor(private readonly insert: (name: string) => void) {
    this.button.append(element("span", { ariaHidden: "true" }, "[[ ]]"), element("span", { className: "pk-label" }, "Insert"));
    this.button.ariaLabel = "Insert a prompt of this directory";
    this.node = element("div", { className: "pk-siblings" }, this.button, this.list);
    this.button.addEventListener("click", () => this.toggle(Boolean(this.list.hidden)));
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && this.toggle(false));
    this.node.addEventListener("focusout", (event) => {
      if (!this.node.contains(event.relatedTarget as Node | null)) this.toggle(false);
    });
  }

  show(siblings: readonly Sibling[], readOnly: boolean): void {
    this.node.hidden = siblings.length === 0 || readOnly;
    this.list.replaceChildren(...siblings.map((sibling) => this.row(sibling)));
  }

  private row({ path, name }: Sibling): HTMLElement {
    const button = element("button", { type: "button", className: "pk-menu-item", title: path, draggable: true }, name);
    button.addEventListener("click", () => {
      this.toggle(false);
      this.insert(name);
    });
    button.addEventListener("dragstart", ({ dataTransfer }) => {
      dataTransfer?.setData(PATH, path);
      dataTransfer?.setData("text/plain", `[[${name}]]`);
    });
    const link = element("a", { href: addressOf(path), target: "_blank", className: "pk-menu-link", title: "Open in a new tab", ariaLabel: `Open ${path} in a new tab` }, "↗");
    return element("li", {}, button, link);
  }

  private toggle(open: boolean): void {
    this.list.hidden = !open;
    this.button.ariaExpanded = String(open);
  }
}
