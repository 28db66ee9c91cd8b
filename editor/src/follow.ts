/** From an inclusion to the prompt that it includes: by click, by key, and by a link that shows where it leads. */

import { type EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, type Tooltip } from "@codemirror/view";

import { element } from "./host";
import { constructAt } from "./language";
import { type Open, promptLink } from "./links";
import type { InclusionInfo } from "./protocol";

/** What the room knows of the inclusions; it moves with the text until it is told anew. */
export const setInclusions = StateEffect.define<InclusionInfo[]>();

export const inclusions = StateField.define<InclusionInfo[]>({
  create: () => [],
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setInclusions)) return effect.value;
    if (!transaction.docChanged) return value;
    return value
      .map((inclusion) => {
        const from = transaction.changes.mapPos(inclusion.from, 1);
        return { ...inclusion, from, to: transaction.changes.mapPos(inclusion.to, -1) };
      })
      .filter(({ from, to }) => from < to);
  },
});

/** Where the inclusion at `position` leads; "" where there is none, or to no single prompt. */
export function targetAt(state: EditorState, position: number): string {
  const token = constructAt(state, position);
  if (token?.kind !== "inclusion" || !token.path) return "";
  const known = state.field(inclusions).find(({ from, to }) => from <= position && position <= to);
  const spelled = state.sliceDoc(...token.path);
  return known?.target ?? (spelled.includes("*") || known ? "" : spelled);
}

function follow(view: EditorView, position: number, open: Open, newTab: boolean): boolean {
  const target = targetAt(view.state, position);
  if (target) open(target, newTab);
  return target !== "";
}

function tooltip(view: EditorView, position: number, open: Open): Tooltip | null {
  const token = constructAt(view.state, position);
  const known = view.state.field(inclusions).find(({ from, to }) => from <= position && position <= to);
  if (token?.kind !== "inclusion" || !known?.target) return null;
  const { target, version } = known;
  return {
    pos: token.from,
    end: token.to,
    above: true,
    create: () => ({
      dom: element(
        "div",
        { className: "pk-hint" },
        promptLink(target, open),
        element("span", { className: "pk-quiet" }, version === null ? "" : `version ${version}`),
        element("span", { className: "pk-quiet" }, navigator.platform.startsWith("Mac") ? "⌘-click opens" : "Ctrl-click opens"),
      ),
    }),
  };
}

export function following(open: Open): Extension {
  return [
    inclusions,
    hoverTooltip((view, position) => tooltip(view, position, open), { hoverTime: 250 }),
    keymap.of([{ key: "Mod-Enter", run: (view) => follow(view, view.state.selection.main.head, open, false) }]),
    EditorView.domEventHandlers({
      mousedown(event, view) {
        if (event.button !== 0 || !(event.ctrlKey || event.metaKey)) return false;
        const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (position === null || !follow(view, position, open, event.shiftKey)) return false;
        event.preventDefault();
        return true;
      },
      keydown: (event, view) => void view.dom.classList.toggle("pk-following", event.ctrlKey || event.metaKey),
      keyup: (event, view) => void view.dom.classList.toggle("pk-following", event.ctrlKey || event.metaKey),
      mousemove: (event, view) => void view.dom.classList.toggle("pk-following", event.ctrlKey || event.metaKey),
    }),
  ];
}
