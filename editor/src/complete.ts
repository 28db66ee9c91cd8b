/** Names of prompts while an inclusion is typed, as the store ranks them. */

import { autocompletion, type Completion, type CompletionContext, type CompletionResult, pickedCompletion } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

import { beforeBackslashes, codeSpans } from "./codespans";
import type { Suggestion } from "./protocol";

const LIMIT = 20;

export type Suggest = (beginning: string, limit: number) => Promise<Suggestion[]>;

/** Where the name begins that is being typed at `position`; null where none is. */
export function beginning(text: string, position: number): { from: number; typed: string } | null {
  const lineStart = text.lastIndexOf("\n", position - 1) + 1;
  const found = /(!?)\[\[([^[\]@(\n]*)$/.exec(text.slice(position > 0 ? lineStart : 0, position));
  if (!found) return null;
  const from = position - found[2]!.length;
  const brackets = from - 2;
  if (brackets > beforeBackslashes(text, brackets)) return null;
  if (!found[1] && codeSpans(text).some(([start, end]) => start < brackets && brackets < end && position < end)) return null;
  return { from, typed: found[2]! };
}

/** The change that writes a chosen name: the rest of the old one goes, and brackets are closed once. */
export function insertion(text: string, name: string, from: number, to: number): { from: number; to: number; insert: string; cursor: number } {
  const lineEnd = text.indexOf("\n", to);
  const rest = /^([^[\]@(\n]*)(\]\]|[@(])/.exec(text.slice(to, lineEnd < 0 ? undefined : lineEnd));
  if (!rest) return { from, to, insert: `${name}]]`, cursor: from + name.length + 2 };
  const closing = rest[2] === "]]" ? 2 : 0;
  return { from, to: to + rest[1]!.length, insert: name, cursor: from + name.length + closing };
}

export function completion(suggest: Suggest): Extension {
  return autocompletion({
    override: [(context) => complete(context, suggest)],
    icons: false,
    maxRenderedOptions: LIMIT,
    optionClass: () => "pk-suggestion",
  });
}

export async function complete(context: CompletionContext, suggest: Suggest): Promise<CompletionResult | null> {
  const found = beginning(context.state.doc.toString(), context.pos);
  if (!found) return null;
  try {
    const suggestions = await suggest(found.typed, LIMIT);
    // The order is the store's, and what it found may be spelled otherwise than what was typed.
    return { from: found.from, options: suggestions.map(option), filter: false };
  } catch {
    return null; // without a connection there is nothing to offer, and the status says so
  }
}

function option({ path, name, insert, description }: Suggestion): Completion {
  const detail = [path === name ? "" : path, description].filter(Boolean).join(" · ");
  return {
    label: name,
    ...(detail && { detail }),
    apply: (view: EditorView, chosen: Completion, from: number, to: number) => {
      const { cursor, ...changes } = insertion(view.state.doc.toString(), insert, from, to);
      view.dispatch({
        changes,
        selection: { anchor: cursor },
        annotations: pickedCompletion.of(chosen),
        userEvent: "input.complete",
        scrollIntoView: true,
      });
    },
  };
}
