/** The one module that browsers load: components of the dashboard, and the widget of a notebook. */

import { renderBrowse } from "./browse";
import type { Model } from "./comm";
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

/** What a notebook's widget is rendered into, and how it ends. */
type Render = (context: { model: Model; el: HTMLElement }) => () => void;

/** Show the shared editor in a notebook. */
const renderEditor: Render = ({ model, el }) => {
  let made: { destroy(): void } | null = null;
  let gone = false;
  void core().then(async ({ EditorWidget, wholeOf }) => {
    const whole = await wholeOf(model);
    if (!gone) made = new EditorWidget(whole, el);
  });
  return () => {
    gone = true;
    made?.destroy();
  };
};

const widgets: Record<string, Render> = {
  editor: renderEditor,
  browse: (context) => renderBrowse(context, renderEditor),
};

/** Show the widget that the model names. */
const render: Render = ({ model, el }) => {
  const name = String(model.get("component"));
  const widget = widgets[name];
  if (!widget) throw new Error(`There is no widget ${JSON.stringify(name)} in this module.`);
  return widget({ model, el });
};

/** Streamlit calls with arguments and mounts a component; anywidget calls without, for a widget. */
export default function start(args?: Mount<never>): { render: Render } | (() => void) {
  if (args === undefined) return { render };
  const name = args.name.slice(args.name.lastIndexOf(".") + 1);
  const create = components[name];
  if (!create) throw new Error(`There is no component ${JSON.stringify(name)} in this module.`);
  return mount(create, args);
}
