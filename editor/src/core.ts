/** What needs the shared text: the editor and the preview, with Yjs and CodeMirror. */

export { createEditor, editorOver } from "./editor";
export { createPreview } from "./preview";
