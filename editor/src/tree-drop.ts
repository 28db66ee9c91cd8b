/** Prompts that are dropped on a directory. */
import { PATHS } from "./library-mouse";
import type { Tree } from "./tree";
import type { Moved } from "./tree-data";

/** A folded directory unfolds when something is held over it; milliseconds. */
const HOLD = 600;

export function takeDrops(tree: Tree, moved: (moved: Moved) => void): void {
  let over: HTMLElement | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const leave = (): void => {
    clearTimeout(timer);
    over?.removeAttribute("data-drop");
    over = null;
  };
  tree.root.addEventListener("dragover", (event) => {
    const item = tree.itemOf(event);
    const branch = item && tree.branch(item);
    if (!branch || !event.dataTransfer?.types.includes(PATHS)) {
      leave();
      return;
    }
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    if (over === item.node) return;
    leave();
    over = item.node;
    over.setAttribute("data-drop", "");
    if (branch.children.length > 0 && !tree.isUnfolded(branch)) timer = setTimeout(() => { tree.unfold(branch, true); }, HOLD);
  });
  tree.root.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && tree.root.contains(event.relatedTarget))) leave();
  });
  tree.root.addEventListener("drop", (event) => {
    const item = tree.itemOf(event);
    const branch = item && tree.branch(item);
    leave();
    if (!branch || !event.dataTransfer?.types.includes(PATHS)) return;
    event.preventDefault();
    const paths = dropped(event.dataTransfer.getData(PATHS));
    if (paths.length > 0) moved({ paths, to: branch.directory.path });
  });
}

/** The paths in what was dropped; it may come from any page. */
function dropped(text: string): string[] {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}
