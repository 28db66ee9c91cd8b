/** The tree: all prompts, favourites and recent ones, then the directories; prompts can be dropped on a directory. */
import { element, type Create, type Instance, type Mount } from "./host";
import { focused } from "./keys-target";
import { dress } from "./look";
import { styles } from "./tree.css";
import { above, branches, type Branch, type Choice, type TreeData, type View } from "./tree-data";
import { takeDrops } from "./tree-drop";
import { Item, type Shown } from "./tree-item";
import { followTreeKeys } from "./tree-keys";
import { Unfolded } from "./tree-open";

export type { Choice, Moved, TreeData, TreeDirectory, View } from "./tree-data";

/** So many lines stand above the directories. */
const VIEWS = 3;
/** The key of a directory's line; the views above have their names as keys. */
const directoryKey = (path: string): string => `/${path}`;

export class Tree implements Instance<TreeData> {
  #mount: Mount<TreeData>;
  readonly #unfolded = new Unfolded();
  readonly #items = new Map<string, Item>();
  readonly root = element("div", { className: "pk pk-tree", role: "tree" });
  #branches: Branch[] = [];
  #tops: Branch[] = [];
  #current = "";
  /** The line that Tab comes to. */
  #reachable = "";

  constructor(mount: Mount<TreeData>) {
    this.#mount = mount;
    this.root.setAttribute("aria-label", "Directories");
    mount.parentElement.append(this.root);
    dress(mount.parentElement, styles);
    this.root.addEventListener("click", (event) => { this.#click(event); });
    this.root.addEventListener("focusin", (event) => {
      const item = this.itemOf(event);
      if (item) this.#reach(item.key);
    });
    followTreeKeys(this);
    takeDrops(this, (moved) => { this.#mount.setTriggerValue("move", moved); });
    this.update(mount);
  }

  update(mount: Mount<TreeData>): void {
    this.#mount = mount;
    const { data } = mount;
    this.#unfolded.expect(data.directories.length);
    this.#branches = branches(data.directories);
    this.#tops = this.#branches.filter((each) => !each.parent);
    const current = data.view === "directory" ? directoryKey(data.current) : data.view;
    if (current !== this.#current && data.view === "directory") this.#reveal(data.current);
    if (current !== this.#current) this.#reachable = current;
    this.#current = current;
    this.#draw();
  }

  destroy(): void {
    this.root.remove();
  }

  /** The lines that are to be seen, in order. */
  get lines(): HTMLElement[] {
    return [...this.root.children] as HTMLElement[];
  }

  itemOf(event: Event): Item | undefined {
    const node = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-key]") : null;
    return this.#items.get(node?.dataset["key"] ?? "");
  }

  /** The directory of a line, or undefined for a view. */
  branch(item: Item): Branch | undefined {
    return this.#branches.find((each) => directoryKey(each.directory.path) === item.key);
  }

  choose(item: Item): void {
    const branch = this.branch(item);
    const choice: Choice = branch ? { view: "directory", path: branch.directory.path } : { view: item.key as View, path: "" };
    this.#mount.setTriggerValue("choose", choice);
  }

  unfold(branch: Branch, on: boolean): void {
    this.#unfolded.set(branch.directory.path, on);
    this.#draw();
  }

  isUnfolded(branch: Branch): boolean {
    return this.#unfolded.has(branch.directory.path);
  }

  focus(branch: Branch): void {
    this.#items.get(directoryKey(branch.directory.path))?.node.focus();
  }

  #click(event: MouseEvent): void {
    const item = this.itemOf(event);
    if (!item) return;
    const branch = this.branch(item);
    item.node.focus();
    const twisted = event.target instanceof Node && item.twist.contains(event.target);
    if (twisted && branch && branch.children.length > 0) this.unfold(branch, !this.isUnfolded(branch));
    else this.choose(item);
  }

  /** Unfold what contains a directory. */
  #reveal(path: string): void {
    for (const each of above(path)) if (!this.#unfolded.has(each)) this.#unfolded.set(each, true);
  }

  #draw(): void {
    const focus = focused();
    const had = this.root.contains(focus);
    const { data } = this.#mount;
    const wanted = [
      this.#view("all", "list", "All prompts", data.total, 1),
      this.#view("favourites", "star", "Favourites", data.counts.favourites, 2),
      this.#view("recent", "clock", "Recent", data.counts.recent, 3),
      ...this.#branches.filter((each) => this.#seen(each)).map((each) => this.#line(each)),
    ];
    wanted.forEach((item, at) => { item.node.classList.toggle("pk-tree-first", at === VIEWS); });
    this.#arrange(wanted);
    if (!wanted.some((item) => item.key === this.#reachable)) this.#reachable = this.#items.has(this.#current) ? this.#current : "all";
    this.#reach(this.#reachable);
    if (had && focus !== focused()) this.#items.get(this.#reachable)?.node.focus({ preventScroll: true });
  }

  /** Put the lines into order, and touch none that is in place already: a moved element loses the focus. */
  #arrange(wanted: Item[]): void {
    const kept = new Set(wanted);
    for (const [key, item] of this.#items) {
      if (kept.has(item)) continue;
      item.node.remove();
      this.#items.delete(key);
    }
    let next = this.root.firstChild;
    for (const { node } of wanted) {
      if (node === next) next = next.nextSibling;
      else this.root.insertBefore(node, next);
    }
  }

  #seen(branch: Branch): boolean {
    for (let parent = branch.parent; parent; parent = parent.parent) if (!this.isUnfolded(parent)) return false;
    return true;
  }

  #view(key: View, icon: Shown["icon"], label: string, count: number, place: number): Item {
    return this.#item(key, {
      icon, label, title: "", count, level: 1, enabled: true, linked: false, current: key === this.#current, unfolded: undefined,
      place, places: VIEWS + this.#tops.length,
    });
  }

  #line(branch: Branch): Item {
    const { directory, parent } = branch;
    const siblings = parent?.children ?? this.#tops;
    const offset = parent ? 0 : VIEWS;
    const key = directoryKey(directory.path);
    return this.#item(key, {
      icon: "folder", label: branch.label, title: directory.path, count: directory.prompts, level: branch.level,
      enabled: directory.enabled, linked: directory.linked, current: key === this.#current,
      unfolded: branch.children.length > 0 ? this.isUnfolded(branch) : undefined,
      place: offset + siblings.indexOf(branch) + 1, places: offset + siblings.length,
    });
  }

  #item(key: string, shown: Shown): Item {
    const item = this.#items.get(key) ?? new Item(key);
    this.#items.set(key, item);
    item.show(shown);
    return item;
  }

  #reach(key: string): void {
    this.#reachable = key;
    for (const item of this.#items.values()) item.node.tabIndex = item.key === key ? 0 : -1;
  }
}

export const createTree: Create<TreeData> = (mount) => new Tree(mount);
