/** The search box: what is typed is told after a pause, and never replaced while somebody writes. */
import { element } from "./host";
import { focused } from "./keys-target";
import { icon } from "./look";

const PAUSE = 150;

export class SearchBox {
  readonly input = element("input", {
    type: "search", className: "pk-search-input", placeholder: "Search prompts", autocomplete: "off",
    title: "Search texts, paths, tags and descriptions; typing anywhere comes here", spellcheck: false, enterKeyHint: "search", dir: "auto",
  });
  readonly #clear = element("button", { type: "button", className: "pk-search-clear", title: "Clear (Escape)" }, icon("clear", 14));
  readonly node = element("div", { className: "pk-search", role: "search" }, icon("search"), this.input, this.#clear);
  readonly #send: (query: string) => void;
  readonly #changed: () => void;
  /** The queries told since the rows last answered the one in the box. */
  readonly #told = new Set<string>();
  #last = "";
  #answered = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #composing = false;

  /** `send` gets a query that has rested; `changed` is called at every change of the box. */
  constructor(send: (query: string) => void, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
    this.input.setAttribute("aria-label", "Search prompts");
    this.#clear.setAttribute("aria-label", "Clear the search");
    this.#clear.hidden = true;
    this.input.addEventListener("compositionstart", () => { this.#composing = true; });
    this.input.addEventListener("compositionend", () => {
      this.#composing = false;
      this.#typed();
    });
    this.input.addEventListener("input", () => { this.#typed(); });
    this.#clear.addEventListener("click", () => {
      this.clear();
      this.input.focus();
    });
  }

  get query(): string {
    return this.input.value.trim();
  }

  /** Whether the rows answer another query than the one in the box. */
  get waiting(): boolean {
    return this.query !== this.#answered;
  }

  /** Take note of the query that the rows answer; the page may change it, but not under somebody's hands. */
  answer(query: string, first: boolean): void {
    const writing = focused() === this.input;
    const given = query.trim();
    const ours = this.#told.has(given) || given === this.#answered;
    this.#answered = given;
    if (first || (!ours && !writing && this.#timer === undefined)) {
      this.input.value = query;
      this.#last = given;
      // The state of the component has to be the same, or the page would not hear of a change back. Not while mounting.
      if (!(first && given === "")) setTimeout(() => { if (this.#last === given) this.#send(given); });
    }
    if (!this.waiting) this.#told.clear();
    this.#clear.hidden = this.input.value === "";
  }

  clear(): void {
    this.input.value = "";
    this.#typed();
    this.flush();
  }

  /** Tell the query now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#composing || this.query === this.#last) return;
    this.#last = this.query;
    this.#told.add(this.query);
    this.#send(this.query);
  }

  /** Go to the end of what is there, to write on. */
  focus(): void {
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  #typed(): void {
    this.#clear.hidden = this.input.value === "";
    clearTimeout(this.#timer);
    if (this.#composing) return;
    this.#timer = setTimeout(() => { this.flush(); }, PAUSE);
    this.#changed();
  }
}
