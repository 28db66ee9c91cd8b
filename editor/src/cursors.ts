/** Where the others are in the text: carets with names, and what they have selected. */

import { Annotation, type Extension, type Range } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import { element } from "./host";
import type { Person } from "./protocol";

const moved = Annotation.define<true>();
const UNKNOWN_COLOR = "#6b7280";

/** Where somebody's selection is in a document, whatever is typed before it. */
interface Cursor {
  anchor: unknown;
  head: unknown;
}

class Caret extends WidgetType {
  constructor(
    private readonly name: string,
    private readonly color: string,
  ) {
    super();
  }
  override eq(other: Caret): boolean {
    return other.name === this.name && other.color === this.color;
  }
  toDOM(): HTMLElement {
    const tag = element("span", { className: "pk-caret-name" }, this.name);
    const caret = element("span", { className: "pk-caret", ariaHidden: "true" }, "\u2060", tag, "\u2060");
    caret.style.setProperty("--pk-person", this.color);
    return caret;
  }
  override get estimatedHeight(): number {
    return -1;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

/** The place of a cursor in `text`; null if it is of another text, or of a part that has not come yet. */
export function positionOf(relative: unknown, text: Y.Text): number | null {
  if (!relative || !text.doc) return null;
  try {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(relative), text.doc);
    return found?.type === text ? found.index : null;
  } catch {
    return null; // whatever another client has sent
  }
}

/** Where the cursors of the others stand, and whether one waits for a part of the text that has not come yet. */
interface Placed {
  decorations: DecorationSet;
  waits: boolean;
}

function decorate(awareness: Awareness, text: Y.Text, length: number): Placed {
  let waits = false;
  const found: Range<Decoration>[] = [];
  for (const [client, state] of awareness.getStates()) {
    const cursor = state.cursor as Cursor | null | undefined;
    if (client === awareness.clientID || !cursor) continue;
    const [anchor, head] = [positionOf(cursor.anchor, text), positionOf(cursor.head, text)];
    if (anchor === null || head === null || Math.max(anchor, head) > length) {
      waits = true;
      continue;
    }
    const { name = "?", color = "" } = (state.user ?? {}) as Partial<Person>;
    const shown = /^#[0-9a-f]{6}$/i.test(color) ? color : UNKNOWN_COLOR;
    const [from, to] = anchor < head ? [anchor, head] : [head, anchor];
    const attributes = { style: `--pk-person: ${shown}` };
    if (from < to) found.push(Decoration.mark({ class: "pk-selected", attributes }).range(from, to));
    found.push(Decoration.widget({ widget: new Caret(name, shown), side: head > anchor ? -1 : 1 }).range(head));
  }
  return { decorations: Decoration.set(found, true), waits };
}

/** Show the cursors of `awareness`, and tell it ours; stands after what brings changes into `text`. */
export function cursors(awareness: Awareness, text: Y.Text): Extension {
  return ViewPlugin.fromClass(
    class {
      placed: Placed;
      constructor(private readonly view: EditorView) {
        this.placed = decorate(awareness, text, view.state.doc.length);
        awareness.on("change", this.hear);
        this.place();
      }
      update(update: ViewUpdate): void {
        const hasMoved = update.transactions.some((transaction) => transaction.annotation(moved));
        if (hasMoved || (update.docChanged && this.placed.waits)) {
          this.placed = decorate(awareness, text, update.state.doc.length);
          this.place();
        } else if (update.docChanged) {
          this.placed = { ...this.placed, decorations: this.placed.decorations.map(update.changes) };
        }
        if (update.docChanged || update.selectionSet || update.focusChanged) this.tell();
        if (update.docChanged || update.geometryChanged) this.place();
      }
      destroy(): void {
        awareness.off("change", this.hear);
        if (awareness.getLocalState()) awareness.setLocalStateField("cursor", null);
      }
      private readonly hear = ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>): void => {
        if ([...added, ...updated, ...removed].every((client) => client === awareness.clientID)) return;
        this.view.dispatch({ annotations: moved.of(true) });
      };
      private tell(): void {
        // Who looks elsewhere keeps the cursor where it was: that is where the person is in the text.
        if (!this.view.hasFocus || !awareness.getLocalState()) return;
        const { anchor, head } = this.view.state.selection.main;
        const cursor = { anchor: Y.createRelativePositionFromTypeIndex(text, anchor), head: Y.createRelativePositionFromTypeIndex(text, head) };
        const before = awareness.getLocalState()?.cursor as typeof cursor | null | undefined;
        const same = before && Y.compareRelativePositions(before.anchor, cursor.anchor) && Y.compareRelativePositions(before.head, cursor.head);
        if (!same) awareness.setLocalStateField("cursor", cursor);
      }
      /** Turn names to the left where the right edge would cut them off. */
      private place(): void {
        this.view.requestMeasure({
          key: this,
          read: (view) => {
            const edge = view.contentDOM.getBoundingClientRect().right;
            return [...view.contentDOM.querySelectorAll<HTMLElement>(".pk-caret")].map((caret) => {
              const name = caret.firstElementChild as HTMLElement;
              return { caret, turned: caret.getBoundingClientRect().left + name.offsetWidth > edge };
            });
          },
          write: (carets) => {
            for (const { caret, turned } of carets) caret.classList.toggle("pk-caret-turned", turned);
          },
        });
      }
    },
    { decorations: (plugin) => plugin.placed.decorations },
  );
}
