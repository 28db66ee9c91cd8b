/** The shared editor as the widget of a notebook: under a line that says what is edited, over the sockets of its model. */

import { type Model, socketsOver } from "./comm";
import { type EditorData, editorOver } from "./editor";
import { element, type Instance, type Mount } from "./host";

/** What the kernel gives: what Streamlit gives to the editor, and where one came from along inclusions. */
export interface WidgetData extends EditorData {
  trail?: string[];
}

export class EditorWidget {
  private readonly head = element("div", { className: "pk-widget-head" });
  private readonly remark = element("p", { className: "pk-widget-remark", role: "status", hidden: true });
  private readonly host = element("div");
  private readonly root: ShadowRoot;
  private readonly editor: Instance<EditorData>;

  constructor(
    private readonly model: Model,
    el: HTMLElement,
  ) {
    // JupyterLab takes no key for a command of its own in an element with this mark.
    this.host.dataset.lmSuppressShortcuts = "true";
    el.append(this.host);
    // Styles of the notebook stay out, and ours stay in.
    this.root = this.host.attachShadow({ mode: "open" });
    this.root.append(element("div", { className: "pk" }, this.head, this.remark));
    this.editor = editorOver(socketsOver(model))(this.mount());
    this.showHead();
    model.on("change:data", this.update);
    model.on("msg:custom", this.hear);
  }

  destroy(): void {
    this.model.off("change:data", this.update);
    this.model.off("msg:custom", this.hear);
    this.editor.destroy();
    this.host.remove();
  }

  private get data(): WidgetData {
    return this.model.get("data") as WidgetData;
  }

  private mount(): Mount<EditorData> {
    return {
      name: "editor",
      key: "",
      data: this.data,
      parentElement: this.root,
      setStateValue: () => undefined,
      setTriggerValue: (name, value) => this.model.send({ kind: "trigger", name, value }),
    };
  }

  private readonly update = (): void => {
    this.editor.update(this.mount());
    this.remark.hidden = true;
    this.showHead();
  };

  private readonly hear = (content: { kind: string; message: string }): void => {
    if (content.kind !== "remark") return;
    this.remark.textContent = content.message;
    this.remark.hidden = false;
  };

  private showHead(): void {
    const { path, trail = [] } = this.data;
    const before = trail.at(-1);
    const back = element("button", { type: "button", className: "pk-button", title: "Back to where you came from" }, `‹ ${before}`);
    back.addEventListener("click", () => this.model.send({ kind: "trigger", name: "back" }));
    this.head.replaceChildren(...(before === undefined ? [] : [back]), element("span", { className: "pk-widget-path" }, path));
  }
}

/** Return the model itself: a view is given a part of it that hears nothing any more once that view has gone. */
export async function wholeOf(model: Model): Promise<Model> {
  const { model: id } = (model.get("data") ?? {}) as { model?: string };
  return (id && (await model.widget_manager?.get_model?.(id))) || model;
}
