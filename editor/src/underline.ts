/** What the room finds wrong, under the words that it is about, with the names that may have been meant. */

import { type Action, type Diagnostic as Finding, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { type ChangeSpec, EditorState, type Extension, type Text } from "@codemirror/state";
import { type EditorView, keymap } from "@codemirror/view";

import { tokens } from "./grammar";
import type { Diagnostic, InclusionInfo, Preview } from "./protocol";

/** A text that is looked for around where it was; typing goes on while the room thinks. */
const NEARBY = 400;

/** The places that a preview speaks of, as they are in the text by now. */
export function locate(doc: Text, preview: Preview): { inclusions: InclusionInfo[]; diagnostics: Diagnostic[] } {
  const moved = new Map<string, [number, number]>();
  const inclusions = preview.inclusions.flatMap((inclusion) => {
    const at = find(doc, inclusion);
    if (!at) return [];
    moved.set(`${inclusion.from} ${inclusion.to}`, at);
    return [{ ...inclusion, from: at[0], to: at[1] }];
  });
  const known = new Set(preview.inclusions.map(({ from, to }) => `${from} ${to}`));
  const diagnostics = preview.diagnostics.flatMap((diagnostic) => {
    const key = `${diagnostic.from} ${diagnostic.to}`;
    const [from, to] = moved.get(key) ?? [diagnostic.from, diagnostic.to];
    const stands = from !== null && to !== null && to <= doc.length && (moved.has(key) || !known.has(key));
    return stands ? [{ ...diagnostic, from, to }] : [];
  });
  return { inclusions, diagnostics };
}

function find(doc: Text, { from, to, spelled }: InclusionInfo): [number, number] | null {
  if (to <= doc.length && doc.sliceString(from, to).includes(spelled)) return [from, to];
  const start = Math.max(0, from - NEARBY);
  const around = doc.sliceString(start, Math.min(doc.length, to + NEARBY));
  const candidates = tokens(around).filter(({ kind, path }) => kind === "inclusion" && around.slice(...path!) === spelled);
  candidates.sort((one, other) => Math.abs(start + one.from - from) - Math.abs(start + other.from - from));
  const [nearest] = candidates;
  return nearest ? [start + nearest.from, start + nearest.to] : null;
}

/** The change that spells the inclusion at `from` as `name`, and leaves its pin and arguments. */
export function respell(doc: Text, from: number, to: number, name: string): ChangeSpec | null {
  const source = doc.sliceString(from, to);
  const path = tokens(source).find(({ kind }) => kind === "inclusion")?.path;
  return path ? { from: from + path[0], to: from + path[1], insert: name } : null;
}

/** Underline what `diagnostics` say. */
export function underline(view: EditorView, diagnostics: Diagnostic[]): void {
  view.dispatch(setDiagnostics(view.state, diagnostics.map(finding)));
}

function finding({ severity, message, code, from, to, near }: Diagnostic): Finding {
  return {
    from: from!,
    to: to!,
    severity: severity === "error" || severity === "warning" ? severity : "info",
    source: code,
    message,
    actions: near.map(fix),
  };
}

function fix(name: string): Action {
  return {
    name: `[[${name}]]`,
    apply(view, from, to) {
      const changes = respell(view.state.doc, from, to, name);
      if (changes && !view.state.facet(EditorState.readOnly)) view.dispatch({ changes, userEvent: "input.fix" });
      view.focus();
    },
  };
}

/** F8 goes from one finding to the next. */
export const underlining: Extension = keymap.of(lintKeymap.filter(({ key }) => key === "F8"));
