/** What needs the shared text: the editor and the preview, with Yjs and CodeMirror. */

export { createEditor } from "./editor";
export { createPreview } from "./preview";
export { EditorWidget, wholeOf } from "./widget";
