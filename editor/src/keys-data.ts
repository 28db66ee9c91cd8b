/** What the page says about keys. */

export interface Binding {
  id: string;
  /** As it is shown: "Alt+N", "Ctrl+Shift+S", "?". */
  keys: string;
  /** What it does: "New prompt". */
  does: string;
  /** "Everywhere", "Library", "Editor". */
  group: string;
  /** Only listed; somebody else hears it. */
  shown_only?: boolean;
  /** A CSS selector: it means this in such an input only, in a dialog too, and the input hears it as well. */
  inside?: string;
}

export interface KeysData {
  bindings: Binding[];
  /** Who is here; remembered in the cookie `pk_name`. */
  name?: string;
  /** Another number than before opens the overlay. */
  open_help?: number;
}

/** The value of the trigger `pressed`. */
export interface Pressed {
  id: string;
}
