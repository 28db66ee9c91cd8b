/** What the tree of directories shows, and in what order. */

export interface TreeDirectory {
  path: string;
  name: string;
  prompts: number;
  enabled: boolean;
  /** Whether a folder on disk is linked to it. */
  linked: boolean;
}

export type View = "all" | "favourites" | "recent" | "directory";

export interface TreeData {
  directories: TreeDirectory[];
  /** All prompts. */
  total: number;
  /** The path of the directory that is shown, where `view` is "directory". */
  current: string;
  view: View;
  counts: { favourites: number; recent: number };
}

/** The value of the trigger `choose`; `path` is that of a directory, else empty. */
export interface Choice {
  view: View;
  path: string;
}

/** The value of the trigger `move`: prompts that were dropped on a directory. */
export interface Moved {
  paths: string[];
  to: string;
}

/** A directory at its place: below the nearest one that contains it. */
export interface Branch {
  directory: TreeDirectory;
  label: string;
  level: number;
  parent: Branch | null;
  children: Branch[];
}

/** All directories in the order of the tree, each before what it contains. */
export function branches(directories: readonly TreeDirectory[]): Branch[] {
  const known = new Map<string, Branch>();
  const order: Branch[] = [];
  const tops: Branch[] = [];
  for (const directory of [...directories].sort(byPath)) {
    const parent = nearest(directory.path, known);
    const label = parent ? directory.path.slice(parent.directory.path.length + 1) : directory.path || directory.name;
    const made: Branch = { directory, label, level: parent ? parent.level + 1 : 1, parent, children: [] };
    known.set(directory.path, made);
    (parent?.children ?? tops).push(made);
  }
  const waiting = [...tops].reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    order.push(next);
    waiting.push(...[...next.children].reverse());
  }
  return order;
}

/** The containing paths of a path, the nearest first: `a/b/c` → `a/b`, `a`. */
export function above(path: string): string[] {
  const found: string[] = [];
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) found.push(path.slice(0, at));
  return found;
}

function nearest(path: string, known: ReadonlyMap<string, Branch>): Branch | null {
  for (const each of above(path)) {
    const found = known.get(each);
    if (found) return found;
  }
  return null;
}

/** By name on each level, so that what contains comes before what it contains. */
function byPath(one: TreeDirectory, other: TreeDirectory): number {
  const [left, right] = [one.path.split("/"), other.path.split("/")];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = (left[at] ?? "").localeCompare(right[at] ?? "", "en", { numeric: true }) || compare(left[at] ?? "", right[at] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
