/** Find and replace in the text: a panel over the editor. */

import { type EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, type Panel, showPanel, type ViewUpdate, WidgetType } from "@codemirror/view";
import type * as Y from "yjs";

import { element } from "./host";
import { icon } from "./look";
import { findAll, type Found, type Match, type Query } from "./matching";

interface Search {
  open: boolean;
  replacing: boolean;
  query: Query;
  found: Found;
  /** The number of the match that is chosen; -1 where none is. */
  current: number;
}

const change = StateEffect.define<Partial<Pick<Search, "open" | "replacing" | "query">>>();
const NOTHING: Found = { matches: [], problem: "", more: false };
const EMPTY: Query = { find: "", replacement: "", regex: false, matchCase: false };

const search = StateField.define<Search>({
  create: () => ({ open: false, replacing: false, query: EMPTY, found: NOTHING, current: -1 }),
  update(value, { effects, newDoc, newSelection, docChanged, selection }) {
    let next = value;
    for (const effect of effects) if (effect.is(change)) next = { ...next, ...effect.value };
    if (!next.open) return next.found === NOTHING ? next : { ...next, found: NOTHING, current: -1 };
    const stale = docChanged || next.query !== value.query || !value.open;
    if (!stale && !selection) return next;
    const found = stale ? findAll(newDoc.toString(), next.query) : next.found;
    const { from, to } = newSelection.main;
    return { ...next, found, current: found.matches.findIndex((match) => match.from === from && match.to === to) };
  },
});

const matchMark = Decoration.mark({ class: "pk-match" });
const currentMark = Decoration.mark({ class: "pk-match pk-match-current" });
const leavingMark = Decoration.mark({ class: "pk-match pk-match-current pk-match-leaving" });

/** What the chosen match would become, shown behind it. */
class Replacement extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }
  override eq(other: Replacement): boolean {
    return other.text === this.text;
  }
  toDOM(): HTMLElement {
    return element("ins", { className: "pk-replacement", ariaLabel: `becomes ${this.text || "nothing"}` }, this.text || "∅");
  }
}

function decorate(state: EditorState): DecorationSet {
  const { found, current, replacing } = state.field(search);
  return Decoration.set(
    found.matches.flatMap(({ from, to, insert }, number) => {
      if (number !== current) return [matchMark.range(from, to)];
      const preview = Decoration.widget({ widget: new Replacement(insert), side: 1 }).range(to);
      return replacing ? [leavingMark.range(from, to), preview] : [currentMark.range(from, to)];
    }),
  );
}

function choose(view: EditorView, { from, to }: Match): void {
  view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }), userEvent: "select.search" });
}

function step(view: EditorView, by: 1 | -1): boolean {
  const { found, open } = view.state.field(search);
  if (!open) return openSearch(view);
  const { from, to } = view.state.selection.main;
  const { matches } = found;
  const next =
    by > 0
      ? (matches.find((match) => match.from >= to && match.to > from && !(match.from === from && match.to === to)) ?? matches[0])
      : (matches.findLast((match) => match.to <= from) ?? matches.at(-1));
  if (next) choose(view, next);
  return true;
}

/** Replace what is chosen and go on to the next; or choose, where nothing is. */
function replaceOne(view: EditorView): void {
  const { found, current } = view.state.field(search);
  const match = found.matches[current];
  if (match && !view.state.readOnly) {
    const { from, to, insert } = match;
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input.replace" });
  }
  step(view, 1);
}

/** Replace everything that matches, as one step to undo; the number of places. */
function replaceAll(view: EditorView, undo: Y.UndoManager | null): number {
  const { found, query } = view.state.field(search);
  const { matches } = found.more ? findAll(view.state.doc.toString(), query, Number.POSITIVE_INFINITY) : found;
  if (matches.length === 0 || view.state.readOnly) return 0;
  undo?.stopCapturing();
  view.dispatch({ changes: matches.map(({ from, to, insert }) => ({ from, to, insert })), userEvent: "input.replace.all" });
  undo?.stopCapturing();
  return matches.length;
}

/** Take another query, and go to what it finds first from the cursor on. */
function setQuery(view: EditorView, query: Query): void {
  view.dispatch({ effects: change.of({ query }) });
  const { matches } = view.state.field(search).found;
  const { from } = view.state.selection.main;
  const next = matches.find((match) => match.from >= from) ?? matches[0];
  if (next) choose(view, next);
}

/** Open the panel, with what is selected as the words to find. */
export function openSearch(view: EditorView, replacing = false): boolean {
  const { query } = view.state.field(search);
  const { from, to } = view.state.selection.main;
  const selected = view.state.sliceDoc(from, to);
  const find = selected && !selected.includes("\n") && selected.length < 200 && !query.regex ? selected : query.find;
  view.dispatch({ effects: change.of({ open: true, replacing: replacing && !view.state.readOnly, query: { ...query, find } }) });
  const input = view.dom.querySelector<HTMLInputElement>(".pk-search input");
  input?.focus();
  input?.select();
  return true;
}

function closeSearch(view: EditorView): boolean {
  if (!view.state.field(search).open) return false;
  view.dispatch({ effects: change.of({ open: false }) });
  view.focus();
  return true;
}

/** "3 of 12", and what can be said where there is no such number. */
export function count({ found, current, query }: Pick<Search, "found" | "current" | "query">): string {
  const total = found.matches.length;
  if (query.find === "" || found.problem) return "";
  if (total === 0) return "no matches";
  const many = `${total.toLocaleString("en")}${found.more ? "+" : ""}`;
  return current < 0 ? many : `${(current + 1).toLocaleString("en")} of ${many}`;
}

class SearchPanel implements Panel {
  readonly top = true;
  private readonly find = this.input("Find", (find) => this.ask({ find }));
  private readonly replacement = this.input("Replace with", (replacement) => this.ask({ replacement }));
  private readonly matchCase = this.toggle("Aa", "Match case", (matchCase) => this.ask({ matchCase }));
  private readonly regex = this.toggle(".*", "Regular expression", (regex) => this.ask({ regex }));
  private readonly replacing = this.toggle("⇄", "Replace", (replacing) => this.view.dispatch({ effects: change.of({ replacing }) }));
  private readonly count = element("span", { className: "pk-count", role: "status" });
  private readonly problem = element("div", { className: "pk-search-problem", role: "alert" });
  private readonly second: HTMLElement;
  readonly dom: HTMLElement;

  constructor(
    private readonly view: EditorView,
    private readonly undo: () => Y.UndoManager | null,
  ) {
    const one = this.button("Replace", () => replaceOne(view));
    const all = this.button("Replace all", () => this.all());
    this.second = element("div", { className: "pk-search-row" }, this.replacement, one, all);
    this.dom = element(
      "div",
      { className: "pk-search", role: "search" },
      element(
        "div",
        { className: "pk-search-row" },
        this.find,
        this.matchCase,
        this.regex,
        this.replacing,
        this.count,
        this.bare("up", "Previous match", () => step(view, -1)),
        this.bare("down", "Next match", () => step(view, 1)),
        this.bare("clear", "Close the search", () => closeSearch(view)),
      ),
      this.second,
      this.problem,
    );
    this.dom.addEventListener("keydown", (event) => this.press(event));
    this.show();
  }

  update({ state, startState }: ViewUpdate): void {
    if (state.field(search) !== startState.field(search) || state.readOnly !== startState.readOnly) this.show();
  }

  private show(): void {
    const { state } = this.view;
    const { query, found, replacing, current } = state.field(search);
    for (const [input, value] of [[this.find, query.find], [this.replacement, query.replacement]] as const) {
      if (input.value !== value) input.value = value;
    }
    this.matchCase.ariaPressed = String(query.matchCase);
    this.regex.ariaPressed = String(query.regex);
    this.replacing.ariaPressed = String(replacing);
    this.replacing.hidden = state.readOnly;
    this.second.hidden = !replacing || state.readOnly;
    this.count.textContent = count({ found, current, query });
    this.problem.textContent = found.problem;
    this.problem.hidden = found.problem === "";
    this.find.ariaInvalid = String(found.problem !== "");
  }

  private all(): void {
    const replaced = replaceAll(this.view, this.undo());
    if (replaced > 0) this.count.textContent = `${replaced.toLocaleString("en")} replaced`;
  }

  private ask(part: Partial<Query>): void {
    setQuery(this.view, { ...this.view.state.field(search).query, ...part });
  }

  private press(event: KeyboardEvent): void {
    const { key } = event;
    const inReplacement = event.target === this.replacement;
    if (key === "Escape") closeSearch(this.view);
    else if (key === "F3" || (key === "g" && (event.ctrlKey || event.metaKey))) step(this.view, event.shiftKey ? -1 : 1);
    else if (key === "Enter" && inReplacement && (event.ctrlKey || event.metaKey)) this.all();
    else if (key === "Enter" && inReplacement) replaceOne(this.view);
    else if (key === "Enter" && event.target === this.find) step(this.view, event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  }

  private input(label: string, change: (value: string) => void): HTMLInputElement {
    const input = element("input", { type: "text", placeholder: label, ariaLabel: label, spellcheck: false, className: "pk-field" });
    input.addEventListener("input", () => change(input.value));
    return input;
  }

  private toggle(text: string, label: string, change: (on: boolean) => void): HTMLButtonElement {
    const toggle = element("button", { type: "button", className: "pk-button pk-button-bare", ariaPressed: "false", ariaLabel: label, title: label }, text);
    toggle.addEventListener("click", () => change(toggle.ariaPressed !== "true"));
    return toggle;
  }

  private button(text: string, press: () => void): HTMLButtonElement {
    const button = element("button", { type: "button", className: "pk-button" }, text);
    button.addEventListener("click", press);
    return button;
  }

  private bare(name: "up" | "down" | "clear", label: string, press: () => void): HTMLButtonElement {
    const button = element("button", { type: "button", className: "pk-button pk-button-bare", ariaLabel: label, title: label }, icon(name, 14));
    button.addEventListener("click", press);
    return button;
  }
}

/** The search panel and its keys; `undo` is where a replacement of everything is one step. */
export function searching(undo: () => Y.UndoManager | null): Extension {
  const panel = (view: EditorView): Panel => new SearchPanel(view, undo);
  return [
    search,
    showPanel.compute([search], (state) => (state.field(search).open ? panel : null)),
    EditorView.decorations.compute([search], decorate),
    keymap.of([
      { key: "Mod-f", run: (view) => openSearch(view) },
      { key: "Mod-h", run: (view) => openSearch(view, true) },
      { key: "F3", run: (view) => step(view, 1), shift: (view) => step(view, -1), preventDefault: true },
      { key: "Mod-g", run: (view) => step(view, 1), shift: (view) => step(view, -1), preventDefault: true },
      { key: "Escape", run: closeSearch },
    ]),
  ];
}
