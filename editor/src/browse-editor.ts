/** The shared editor in the panel's place of a prompt: another widget, of which the kernel has told the model. */

import type { Model } from "./comm";
import { element } from "./host";
import { icon } from "./look";

/** Shows a widget in an element; returns what takes it away again. */
export type Render = (context: { model: Model; el: HTMLElement }) => () => void;

export class EditorHost {
  readonly #model: Model;
  readonly #render: Render;
  readonly #closed: () => void;
  readonly #back = element("button", { type: "button", className: "pk-button" }, icon("back"), element("span", {}, "Close the editor"));
  readonly #host = element("div", { className: "pk-browse-editor-host" });
  readonly node = element(
    "section", { className: "pk-browse-editor", ariaLabel: "Editor", hidden: true },
    element("div", { className: "pk-browse-editor-bar" }, this.#back), this.#host,
  );
  #stop: (() => void) | null = null;

  /** `model` is that of the panel, `closed` is told when the editor is closed. */
  constructor(model: Model, render: Render, closed: () => void) {
    this.#model = model;
    this.#render = render;
    this.#closed = closed;
    this.#back.addEventListener("click", () => { this.close(); });
  }

  /** Show the editor that has the model `id`; fails with a sentence where the notebook does not hand out models. */
  async open(path: string, id: string): Promise<void> {
    const manager = this.#model.widget_manager;
    if (!manager?.get_model) throw new Error(`This notebook shows no editor in a panel: run %prompt ${path} --edit in a cell.`);
    const model = await manager.get_model(id);
    this.#take();
    // The editor's styles have names that the panel's have, too.
    const place = element("div");
    const inner = element("div");
    place.attachShadow({ mode: "open" }).append(inner);
    this.#host.replaceChildren(place);
    this.node.hidden = false;
    this.#stop = this.#render({ model, el: inner });
    this.#back.focus();
  }

  close(): void {
    if (this.#stop === null) return;
    this.#take();
    this.#closed();
  }

  destroy(): void {
    this.#take();
  }

  #take(): void {
    this.#stop?.();
    this.#stop = null;
    this.node.hidden = true;
    this.#host.replaceChildren();
  }
}
