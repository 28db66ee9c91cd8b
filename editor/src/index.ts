/** The one module that browsers load: components of the dashboard, and the widget of a notebook. */

import { type Model, socketsOver } from "./comm";
import type { EditorData } from "./editor";
import { type Create, type Instance, mount, type Mount } from "./host";
import { createKeys } from "./keys";
import { createLibrary } from "./library";
import { createTree } from "./tree";

type Core = typeof import("./core");

// Streamlit loads the module for each component anew, under another address. What holds the shared text must be one all
// the same, and Yjs complains of a second copy: so the first module that is loaded lends its core to all.
const CORE = Symbol.for("prompt-kernel.core");
const shared = globalThis as unknown as { [CORE]?: () => Promise<Core> };
const core = (shared[CORE] ??= () => import("./core"));

/** A component that is made as soon as the core is there. */
function later<Data>(choose: (core: Core) => Create<Data>): Create<Data> {
  return (mount) => {
    let newest = mount;
    let made: Instance<Data> | null = null;
    let gone = false;
    void core().then((loaded) => {
      if (!gone) made = choose(loaded)(newest);
    });
    return {
      update(again) {
        newest = again;
        made?.update(again);
      },
      destroy() {
        gone = true;
        made?.destroy();
      },
    };
  };
}

const components: Record<string, Create<never>> = {
  editor: later(({ createEditor }) => createEditor),
  preview: later(({ createPreview }) => createPreview),
  library: createLibrary,
  tree: createTree,
  keys: createKeys,
};

/** Show the shared editor in a notebook: the model's `data` is what Streamlit hands to the editor. */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const args = (): Mount<EditorData> => ({
    name: "editor",
    key: "",
    data: model.get("data") as EditorData,
    parentElement: el,
    setStateValue(name, value) {
      model.set(name, value);
      model.save_changes();
    },
    setTriggerValue: (name, value) => model.send({ kind: "trigger", name, value }),
  });
  const instance = later<EditorData>(({ editorOver }) => editorOver(socketsOver(model)))(args());
  const update = (): void => instance.update(args());
  model.on("change:data", update);
  return () => {
    model.off("change:data", update);
    instance.destroy();
  };
}

/** Streamlit calls with arguments and mounts a component; anywidget calls without, for a widget. */
export default function start(args?: Mount<never>): { render: typeof render } | (() => void) {
  if (args === undefined) return { render };
  const name = args.name.slice(args.name.lastIndexOf(".") + 1);
  const create = components[name];
  if (!create) throw new Error(`There is no component ${JSON.stringify(name)} in this module.`);
  return mount(create, args);
}
