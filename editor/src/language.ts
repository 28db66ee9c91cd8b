/** How a prompt's text is coloured: markdown, and over it what means something to Prompt Kernel. */

import { insertNewlineContinueMarkup, markdownLanguage } from "@codemirror/lang-markdown";
import { HighlightStyle, Language, syntaxHighlighting } from "@codemirror/language";
import { type EditorState, type Extension, Prec, type Range, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, Direction, EditorView, keymap, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { InlineContext, MarkdownParser } from "@lezer/markdown";

import { type Token, tokens } from "./grammar";

const LONGEST_READ_WHOLE = 300_000;
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const BRACKETS = 91;

/** Keep markdown from reading brackets of inclusions as links, and a glob's star as emphasis. */
function parseInclusion(context: InlineContext, next: number, position: number): number {
  if (next !== BRACKETS || context.char(position + 1) !== BRACKETS) return -1;
  const found = /^\[\[[^[\]\n]+\]\]/.exec(context.slice(position, Math.min(context.end, position + 1200)));
  return found ? context.addElement(context.elt("Inclusion", position, position + found[0].length)) : -1;
}

const markdown = new Language(
  markdownLanguage.data,
  (markdownLanguage.parser as MarkdownParser).configure({
    defineNodes: ["Inclusion"],
    parseInline: [{ name: "Inclusion", parse: parseInclusion, before: "Link" }],
  }),
  [],
  "markdown",
);

const colours = HighlightStyle.define([
  { tag: tags.heading, fontWeight: "600", color: "var(--pk-heading)" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--pk-link)" },
  { tag: tags.monospace, color: "var(--pk-code)" },
  { tag: tags.quote, color: "var(--pk-muted)" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.meta], color: "var(--pk-muted)" },
]);

/** The constructs of the whole text; of a very long one none, so that typing stays quick. */
export const constructs = StateField.define<readonly Token[]>({
  create: ({ doc }) => readAll(doc),
  update: (value, { docChanged, newDoc }) => (docChanged ? readAll(newDoc) : value),
});

function readAll(doc: Text): readonly Token[] {
  return doc.length > LONGEST_READ_WHOLE ? [] : tokens(doc.toString());
}

/** The construct at `position`, its edges included. */
export function constructAt(state: EditorState, position: number): Token | undefined {
  return state.field(constructs).find(({ from, to }) => from <= position && position <= to);
}

const marks = {
  inclusion: Decoration.mark({ class: "pk-inclusion", bidiIsolate: Direction.LTR, attributes: { dir: "ltr" } }),
  path: Decoration.mark({ class: "pk-path" }),
  variable: Decoration.mark({ class: "pk-variable", bidiIsolate: Direction.LTR, attributes: { dir: "ltr" } }),
  escape: Decoration.mark({ class: "pk-escape" }),
  quoted: Decoration.mark({ class: "pk-quoted" }),
};
const ownDirection = Decoration.line({ attributes: { dir: "auto" } });

function decorate(view: EditorView): DecorationSet {
  const { doc } = view.state;
  const found: Range<Decoration>[] = [];
  for (const range of view.visibleRanges) {
    for (const { kind, from, to, path } of view.state.field(constructs)) {
      if (to < range.from || from > range.to) continue;
      found.push(marks[kind].range(from, to));
      if (kind === "inclusion" && path) found.push(marks.path.range(path[0], path[1]));
    }
    for (let line = doc.lineAt(range.from); ; line = doc.line(line.number + 1)) {
      if (RTL.test(line.text)) found.push(ownDirection.range(line.from));
      if (line.to >= range.to || line.number === doc.lines) break;
    }
  }
  return Decoration.set(found, true);
}

const painter = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }
    update({ docChanged, viewportChanged, view }: ViewUpdate): void {
      if (docChanged || viewportChanged) this.decorations = decorate(view);
    }
  },
  {
    decorations: (plugin) => plugin.decorations,
    provide: (plugin) => EditorView.bidiIsolatedRanges.of((view) => view.plugin(plugin)?.decorations ?? Decoration.none),
  },
);

/** Highlighting, a direction for each line, and lists that go on after Enter. */
export const language: Extension = [
  constructs,
  Prec.high(painter), // within markdown's own colours, which come after and are as high
  markdown.extension,
  syntaxHighlighting(colours),
  EditorView.perLineTextDirection.of(true),
  Prec.high(keymap.of([{ key: "Enter", run: insertNewlineContinueMarkup }])),
];
