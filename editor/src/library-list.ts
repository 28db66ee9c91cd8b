/** The rows: kept by path and changed in place, with the selected ones and the active one. */
import { element } from "./host";
import { focused } from "./keys-target";
import type { LibraryRow } from "./library-data";
import { Row } from "./library-row";

let lists = 0;

export class List {
  readonly body = element("tbody", { role: "rowgroup" });
  readonly #id = `pk-list-${++lists}`;
  readonly #rows = new Map<string, Row>();
  readonly #changed: () => void;
  #order: Row[] = [];
  #selected = new Set<string>();
  #active: string | null = null;
  /** Where a range starts. */
  #anchor: string | null = null;
  #made = 0;

  /** `changed` is called when other rows are selected, or another one is active. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get length(): number {
    return this.#order.length;
  }

  /** The selected paths, in the order of the rows. */
  get selected(): string[] {
    return this.#order.map((row) => row.entry.path).filter((path) => this.#selected.has(path));
  }

  get active(): Row | undefined {
    return this.#active === null ? undefined : this.#rows.get(this.#active);
  }

  row(path: string): Row | undefined {
    return this.#rows.get(path);
  }

  /** Show these rows; `top` makes the first one active. What has gone is not selected any more. */
  show(entries: LibraryRow[], top: boolean): void {
    const focus = focused();
    const place = this.#order.findIndex((row) => row.node.contains(focus));
    const wanted = new Set(entries.map((entry) => entry.path));
    for (const [path, row] of this.#rows) if (!wanted.has(path)) this.#drop(path, row);
    this.#order = entries.map((entry) => this.#row(entry));
    this.#arrange();
    if (top || (this.#active !== null && !wanted.has(this.#active))) this.#active = top ? (entries[0]?.path ?? null) : null;
    this.#mark();
    if (place >= 0) this.#refocus(focus, place);
  }

  /** Make a row active by its place among the rows. */
  go(index: number): Row | undefined {
    const row = this.#order[Math.max(0, Math.min(index, this.#order.length - 1))];
    if (row) this.activate(row.entry.path);
    return row;
  }

  /** Make the row that many places away active; from nowhere, the first one. */
  move(by: number): Row | undefined {
    const at = this.#order.findIndex((row) => row.entry.path === this.#active);
    return this.go(at < 0 ? 0 : at + by);
  }

  /** Whether the first row is the active one. */
  get atTop(): boolean {
    return this.#order[0] !== undefined && this.#order[0].entry.path === this.#active;
  }

  activate(path: string | null): void {
    if (this.#active === path) return;
    this.#active = path;
    this.#mark();
  }

  /** Select a row, or not; with `range`, all from the last one that was selected like this. */
  select(path: string, on: boolean, range = false): void {
    const places = [this.#anchor, path].map((each) => this.#order.findIndex((row) => row.entry.path === each));
    const [from, to] = places.includes(-1) || !range ? [path, path] : [this.#anchor, path];
    for (const each of this.#between(from ?? path, to ?? path)) {
      if (on) this.#selected.add(each);
      else this.#selected.delete(each);
    }
    this.#anchor = path;
    this.#mark();
  }

  selectAll(on: boolean): void {
    this.#selected = new Set(on ? this.#order.map((row) => row.entry.path) : []);
    this.#mark();
  }

  #between(one: string, other: string): string[] {
    const paths = this.#order.map((row) => row.entry.path);
    const [from, to] = [paths.indexOf(one), paths.indexOf(other)].sort((a, b) => a - b) as [number, number];
    return paths.slice(from, to + 1);
  }

  #row(entry: LibraryRow): Row {
    const found = this.#rows.get(entry.path);
    if (found) {
      found.show(entry);
      return found;
    }
    const made = new Row(entry, `${this.#id}-${++this.#made}`);
    this.#rows.set(entry.path, made);
    return made;
  }

  #drop(path: string, row: Row): void {
    row.node.remove();
    this.#rows.delete(path);
    this.#selected.delete(path);
  }

  /** Put the rows into order, and touch none that is in place already: a moved element loses the focus. */
  #arrange(): void {
    let next = this.body.firstChild;
    for (const { node } of this.#order) {
      if (node === next) next = next.nextSibling;
      else this.body.insertBefore(node, next);
    }
  }

  #refocus(focus: Element | null, place: number): void {
    if (focus === focused() || !(focus instanceof HTMLElement)) return;
    if (focus.isConnected) focus.focus({ preventScroll: true });
    else this.go(place)?.node.focus({ preventScroll: true });
  }

  #mark(): void {
    const reachable = this.active ?? this.#order[0];
    for (const row of this.#order) row.mark(this.#selected.has(row.entry.path), row.entry.path === this.#active, row === reachable);
    this.#changed();
  }
}
