// @vitest-environment happy-dom
import { EditorView } from "@codemirror/view";
import { expect, test } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import { cursors } from "../src/cursors";

test("a cursor that was told before the text has come stands where it belongs once it is there", () => {
  const theirs = new Y.Doc();
  const text = theirs.getText("text");
  text.insert(0, "some text");
  const at = Y.createRelativePositionFromTypeIndex(text, 4);

  const ours = new Y.Doc();
  const awareness = new Awareness(ours);
  const state = { user: { name: "Ben", color: "#177233" }, cursor: JSON.parse(JSON.stringify({ anchor: at, head: at })) };
  awareness.getStates().set(theirs.clientID, state);
  const view = new EditorView({ parent: document.body, extensions: cursors(awareness, ours.getText("text")) });
  expect(view.dom.querySelector(".pk-caret")).toBeNull();

  Y.applyUpdate(ours, Y.encodeStateAsUpdate(theirs));
  view.dispatch({ changes: { from: 0, insert: "some text" } });
  const caret = view.dom.querySelector(".pk-caret");
  expect([caret?.textContent, view.posAtDOM(caret!)]).toEqual([expect.stringContaining("Ben"), 4]);
  view.destroy();
  awareness.destroy();
});
