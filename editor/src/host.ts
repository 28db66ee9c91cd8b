/** What Streamlit hands to a component, and how one module serves several components and two hosts. */

/** The arguments of a Streamlit component (components v2). */
export interface Mount<Data = Record<string, unknown>> {
  /** The component's name, with the distribution's before a dot. */
  name: string;
  key: string;
  data: Data;
  parentElement: HTMLElement | ShadowRoot;
  /** Set a value that stays, and run the page again. */
  setStateValue(name: string, value: unknown): void;
  /** Set a value for one run of the page. */
  setTriggerValue(name: string, value: unknown): void;
}

/** A live instance of a component: it is given new data, and told when it goes. */
export interface Instance<Data> {
  update(mount: Mount<Data>): void;
  destroy(): void;
}

export type Create<Data> = (mount: Mount<Data>) => Instance<Data>;

const instances = new WeakMap<Node, Instance<never>>();
/** A superseded run of the page calls our cleanup though the element stays; so wait this long and look again. */
const LINGER = 150;

/** Make an instance at the first call for an element, and hand new data to it at every later one. */
export function mount<Data>(create: Create<Data>, args: Mount<Data>): () => void {
  const parent = args.parentElement;
  const found = instances.get(parent) as Instance<Data> | undefined;
  if (found) found.update(args);
  else instances.set(parent, create(args) as Instance<never>);
  return () => {
    setTimeout(() => {
      const host = parent instanceof ShadowRoot ? parent.host : parent;
      if (host.isConnected) return;
      instances.get(parent)?.destroy();
      instances.delete(parent);
    }, LINGER);
  };
}

/** Make an element with properties and children; texts become text nodes, never HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<Omit<HTMLElementTagNameMap[K], "style">> & { [attribute: `data-${string}`]: string; role?: string } = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, String(value));
    else (made as unknown as Record<string, unknown>)[name] = value;
  }
  made.append(...children);
  return made;
}
