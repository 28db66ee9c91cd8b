/** The library by mouse and touch: what a click in a row means, and what a row carries when it is dragged. */
import { address, type Act } from "./library-data";
import type { List } from "./library-list";
import type { Row } from "./library-row";

/** What a directory takes: a JSON list of paths; and the editor: one path. */
export const PATHS = "text/x-prompt-paths";
export const PATH = "text/x-prompt-path";

export function followMouse(list: List, act: Act): void {
  const { body } = list;
  body.addEventListener("click", (event) => {
    const found = rowOf(list, event);
    if (found) click(list, found, event, act);
  });
  body.addEventListener("auxclick", (event) => {
    const found = rowOf(list, event);
    if (!found || event.button !== 1 || doing(event)) return; // a middle click on a link opens it without us
    event.preventDefault();
    openTab(found.entry.path);
  });
  body.addEventListener("focusin", (event) => {
    const found = rowOf(list, event);
    if (found) list.activate(found.entry.path);
  });
  body.addEventListener("dragstart", (event) => {
    const found = rowOf(list, event);
    if (found && event.dataTransfer) carry(list, found.entry.path, event.dataTransfer);
  });
}

/** Open a prompt beside this page. */
export function openTab(path: string): void {
  window.open(address(path), "_blank", "noopener");
}

function click(list: List, row: Row, event: MouseEvent, act: Act): void {
  const { path } = row.entry;
  const control = doing(event);
  const elsewhere = event.ctrlKey || event.metaKey;
  if (control?.dataset["do"] === "select") {
    list.select(path, row.check.checked, event.shiftKey);
  } else if (control?.dataset["do"] === "star") {
    const on = !row.favoured;
    row.favour(on);
    act({ kind: "favourite", path, on });
  } else if (control?.dataset["do"] === "tag") {
    act({ kind: "tag", tag: control.dataset["tag"] ?? "" });
  } else if (event.shiftKey) {
    event.preventDefault();
    document.getSelection()?.removeAllRanges();
    list.select(path, true, true);
  } else if (control && elsewhere) {
    return; // a link opens its own tab
  } else if (elsewhere) {
    openTab(path);
  } else if (control || !document.getSelection()?.toString()) {
    event.preventDefault();
    act({ kind: "open", path, newTab: false });
  }
}

function carry(list: List, path: string, transfer: DataTransfer): void {
  const { selected } = list;
  const paths = selected.includes(path) ? selected : [path];
  transfer.setData(PATHS, JSON.stringify(paths));
  transfer.setData(PATH, path);
  transfer.setData("text/plain", paths.join("\n"));
  transfer.effectAllowed = "copyMove";
}

function rowOf(list: List, event: Event): Row | undefined {
  const node = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-path]") : null;
  return node ? list.row(node.dataset["path"] ?? "") : undefined;
}

/** The control in a row that an event is for. */
function doing(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>("[data-do]") : null;
}
