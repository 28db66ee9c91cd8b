/** Where a key press goes: whether somebody is writing there, and whether a dialog has the keyboard. */

/** The innermost element of an event, through shadow roots. */
export function target(event: Event): Element | null {
  const first = event.composedPath()[0] ?? event.target;
  return first instanceof Element ? first : null;
}

/** The element that has the focus, through shadow roots. */
export function focused(): Element | null {
  let found = document.activeElement;
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found;
}

const NO_TEXT = new Set(["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit"]);

/** Whether plain keys are text, or a choice, for the element of this event. */
export function takesText(event: Event): boolean {
  return event.composedPath().some((node) => {
    if (!(node instanceof HTMLElement)) return false;
    if (node instanceof HTMLInputElement) return !NO_TEXT.has(node.type);
    if (node.isContentEditable || node.getAttribute("contenteditable") === "true") return true;
    return node.matches("textarea, select, [role=textbox], [role=combobox], [role=listbox]");
  });
}

const MODAL = "dialog[open], [aria-modal=true], [data-testid=stDialog]";

/** Whether a dialog is open, or the event is inside of one. */
export function inDialog(event: Event): boolean {
  if (document.querySelector(MODAL)) return true;
  return event.composedPath().some((node) => node instanceof Element && node.matches(MODAL));
}

/** Whether a key press belongs to an input method, which makes a character of several. */
export function composes(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Whether AltGr makes a character here: it shows as Ctrl with Alt or as neither. Alt alone is Option on a Mac. */
export function altGraph(event: KeyboardEvent): boolean {
  return event.getModifierState("AltGraph") && event.altKey === event.ctrlKey;
}

export function onMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}
