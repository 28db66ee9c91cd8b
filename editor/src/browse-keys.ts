/** Keys that are pressed in a panel are the panel's, though its notebook listens to the whole page. */

/** What stays the notebook's with Ctrl or ⌘: saving, the palette. */
const NOTEBOOKS = new Set(["s", "S", "C"]);

/** Keep the notebook's shortcuts away from what is typed into `host`; return what lets them in again. */
export function shield(host: HTMLElement): () => void {
  // JupyterLab asks this of the element that it sees as the target, which for anything in a shadow root is its host.
  host.dataset["lmSuppressShortcuts"] = "true";
  const stop = (event: KeyboardEvent): void => {
    const theirs = (event.ctrlKey || event.metaKey) && NOTEBOOKS.has(event.key);
    if (theirs) delete host.dataset["lmSuppressShortcuts"];
    else host.dataset["lmSuppressShortcuts"] = "true";
    if (!theirs) event.stopPropagation();
  };
  const names = ["keydown", "keypress", "keyup"] as const;
  for (const name of names) host.addEventListener(name, stop);
  return () => {
    for (const name of names) host.removeEventListener(name, stop);
  };
}
