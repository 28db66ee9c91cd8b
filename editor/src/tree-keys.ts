/** The tree by keyboard, as trees are used: arrows walk and fold, Home and End, Enter and Space choose. */
import type { Tree } from "./tree";
import type { Item } from "./tree-item";

export function followTreeKeys(tree: Tree): void {
  tree.root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
    const item = tree.itemOf(event);
    if (!item || !press(tree, item, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function press(tree: Tree, item: Item, key: string): boolean {
  const { lines } = tree;
  const at = lines.indexOf(item.node);
  switch (key) {
    case "ArrowDown": lines[at + 1]?.focus(); return true;
    case "ArrowUp": lines[at - 1]?.focus(); return true;
    case "Home": lines[0]?.focus(); return true;
    case "End": lines.at(-1)?.focus(); return true;
    case "ArrowRight": right(tree, item); return true;
    case "ArrowLeft": left(tree, item); return true;
    case "Enter": case " ": tree.choose(item); return true;
    default: return false;
  }
}

/** Unfold; or, when that is done, go to the first directory inside. */
function right(tree: Tree, item: Item): void {
  const branch = tree.branch(item);
  const inside = branch?.children[0];
  if (!branch || !inside) return;
  if (tree.isUnfolded(branch)) tree.focus(inside);
  else tree.unfold(branch, true);
}

/** Fold; or, when that is done, go to what contains it. */
function left(tree: Tree, item: Item): void {
  const branch = tree.branch(item);
  if (!branch) return;
  if (branch.children.length > 0 && tree.isUnfolded(branch)) tree.unfold(branch, false);
  else if (branch.parent) tree.focus(branch.parent);
}
