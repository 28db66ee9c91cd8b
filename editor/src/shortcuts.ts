/** The editor's keys that work everywhere on its page, and the keys that stay inside. */

/** What the keys do. */
export interface Shortcuts {
  copy(): void;
  replace(): void;
  save(): void;
  saveWithMessage(): void;
}

/** Which of `shortcuts` a key means; by the place of the key, because Alt changes the letter on a Mac. */
export function shortcutOf(event: KeyboardEvent): keyof Shortcuts | null {
  const { code, altKey, shiftKey } = event;
  const modified = event.ctrlKey || event.metaKey;
  if (altKey && !modified && !shiftKey) return code === "KeyC" ? "copy" : code === "KeyR" ? "replace" : null;
  if (modified && !altKey && code === "KeyS") return shiftKey ? "saveWithMessage" : "save";
  return null;
}

/** Listen until the returned function is called: on the whole page, or within the editor alone, as where there are many. */
export function listen(root: HTMLElement, shortcuts: Shortcuts, within: boolean): () => void {
  const hear = (event: KeyboardEvent): void => {
    const heard = root.isConnected && (!within || event.composedPath().includes(root));
    const meant = heard ? shortcutOf(event) : null;
    if (!meant) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) shortcuts[meant]();
  };
  document.addEventListener("keydown", hear, true);
  return () => document.removeEventListener("keydown", hear, true);
}

/** Keep typing from being read as commands of the page; what holds Alt is meant for the page. */
export function fence(root: HTMLElement): void {
  const stop = (event: KeyboardEvent): void => {
    const forPage = event.altKey && !event.ctrlKey && !event.metaKey;
    if (!forPage) event.stopPropagation();
  };
  for (const type of ["keydown", "keypress", "keyup"] as const) root.addEventListener(type, stop);
}
