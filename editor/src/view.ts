/** The text field: CodeMirror over a shared text, with everything that belongs into it. */

import { acceptCompletion } from "@codemirror/autocomplete";
import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, tooltips } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";

import { completion } from "./complete";
import type { Connection } from "./connection";
import { cursors } from "./cursors";
import { following } from "./follow";
import { input } from "./input";
import { language } from "./language";
import type { Open } from "./links";
import { searching } from "./search";
import { draggedPaths } from "./siblings";
import { underlining } from "./underline";

/** What the text field needs of the editor around it. */
export interface Surroundings {
  open: Open;
  /** Say why something was not taken. */
  refuse(sentence: string): void;
  /** What to write between the brackets for a path. */
  nameOf(path: string): string;
  /** Whether what pops up is cut off outside of the editor, as in the output of a notebook's cell. */
  confined: boolean;
  /** The cursor or the text has changed. */
  moved(view: EditorView): void;
}

const writing = new Compartment();

function writable(readOnly: boolean): Extension {
  return EditorState.readOnly.of(readOnly);
}

export function setReadOnly(view: EditorView, readOnly: boolean): void {
  if (view.state.readOnly !== readOnly) view.dispatch({ effects: writing.reconfigure(writable(readOnly)) });
}

/** A state that shows the text of `connection`, and changes it. */
export function stateFor(connection: Connection, surroundings: Surroundings): EditorState {
  const { text, undo, awareness } = connection;
  const suggest = async (beginning: string, limit: number) => (await connection.ask("suggest", { beginning, limit })).suggestions;
  return EditorState.create({
    doc: text.toString(),
    extensions: [
      writing.of(writable(connection.readOnly)),
      input(surroundings.refuse),
      // What changes the text comes first, then what is placed in it. Marks of these are within those of the language,
      // because a mark around an isolate of a right-to-left line would tear it apart.
      Prec.highest([yCollab(text, null, { undoManager: undo }), cursors(awareness, text), searching(() => connection.undo)]),
      Prec.high(keymap.of([{ key: "Tab", run: acceptCompletion }])),
      following(surroundings.open),
      language,
      completion(suggest),
      underlining,
      keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      surroundings.confined ? tooltips({ tooltipSpace: (view) => view.dom.getBoundingClientRect() }) : [],
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "Text of the prompt", spellcheck: "true", autocorrect: "off", autocapitalize: "off" }),
      EditorView.updateListener.of(({ view, docChanged, selectionSet }) => (docChanged || selectionSet) && surroundings.moved(view)),
      dropping(surroundings),
    ],
  });
}

/** Prompts that are dropped become inclusions where they are dropped. */
function dropping({ nameOf }: Surroundings): Extension {
  return EditorView.domEventHandlers({
    drop(event, view) {
      const paths = draggedPaths(event.dataTransfer);
      if (paths.length === 0) return false;
      event.preventDefault();
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.selection.main.head;
      insertInclusions(view, paths.map(nameOf), at);
      return true;
    },
  });
}

/** Write inclusions of `names` at a place, each on a line of its own if they are many. */
export function insertInclusions(view: EditorView, names: readonly string[], at = view.state.selection.main.from): void {
  if (view.state.readOnly) return;
  const to = Math.max(at, at === view.state.selection.main.from ? view.state.selection.main.to : at);
  const insert = names.map((name) => `[[${name}]]`).join("\n");
  view.dispatch({ changes: { from: at, to, insert }, selection: { anchor: at + insert.length }, userEvent: "input.drop", scrollIntoView: true });
  view.focus();
}
