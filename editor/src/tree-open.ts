/** Which directories are unfolded, remembered by this browser. */

const PLACE = "pk:tree";
/** A tree of more directories than this starts folded. */
const MANY = 40;

export class Unfolded {
  #chosen: Record<string, boolean>;
  #many = false;

  constructor() {
    this.#chosen = read();
  }

  /** Say how many directories there are. */
  expect(directories: number): void {
    this.#many = directories > MANY;
  }

  has(path: string): boolean {
    return this.#chosen[path] ?? !this.#many;
  }

  set(path: string, on: boolean): void {
    this.#chosen[path] = on;
    try {
      localStorage.setItem(PLACE, JSON.stringify(this.#chosen));
    } catch {
      // A browser may keep nothing for us; then it lasts as long as the page.
    }
  }
}

function read(): Record<string, boolean> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    if (typeof found !== "object" || found === null) return Object.create(null) as Record<string, boolean>;
    const kept = Object.entries(found).filter((pair): pair is [string, boolean] => typeof pair[1] === "boolean");
    return Object.assign(Object.create(null) as Record<string, boolean>, Object.fromEntries(kept));
  } catch {
    return Object.create(null) as Record<string, boolean>;
  }
}
