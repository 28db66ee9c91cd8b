// @vitest-environment happy-dom
import { nextDiagnostic } from "@codemirror/lint";
import type { EditorView } from "@codemirror/view";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type EditorData, editorOver } from "../src/editor";
import { mount, type Mount } from "../src/host";
import { createPreview, type PreviewData } from "../src/preview";
import { FakeRoom, UID } from "./room";

let host: HTMLElement;
let told: [string, unknown][];
let room: FakeRoom;
let stops: (() => void)[];

const wait = async (milliseconds = 0): Promise<void> => {
  await vi.advanceTimersByTimeAsync(milliseconds);
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};
const root = (): ShadowRoot => host.shadowRoot!;
const one = <E extends HTMLElement = HTMLElement>(selector: string): E => {
  const found = root().querySelector<E>(selector);
  if (!found) throw new Error(`There is no ${selector}.`);
  return found;
};
const texts = (selector: string): string[] => [...root().querySelectorAll(selector)].map((node) => node.textContent ?? "");
const args = <Data>(data: Data, parentElement: Node): Mount<Data> => ({
  name: "x", key: "", data, parentElement: parentElement as ShadowRoot,
  setStateValue: (name, value) => void told.push([name, value]),
  setTriggerValue: (name, value) => void told.push([name, value]),
});
const DATA: EditorData = { uid: UID, path: "a/b", token: "t1", url: `live/${UID}`, copyUrl: `live/${UID}/copy`, name: "Ann", siblings: [{ path: "a/c", name: "c" }] };
const show = async (more: Partial<EditorData> = {}): Promise<EditorView> => {
  stops.push(mount(editorOver(room.Sockets), args({ ...DATA, ...more }, root())));
  await wait();
  return globalThis.promptKernel!.editors.get(UID)!.view;
};
const press = (key: string, more: KeyboardEventInit = {}, target: EventTarget = document.body): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, code: `Key${key.toUpperCase()}`, bubbles: true, composed: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
};
const clipboard = (writeText: (text: string) => Promise<void>): void => {
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText } });
};

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  localStorage.setItem("pk:test", "1");
  host = document.createElement("div");
  host.attachShadow({ mode: "open" });
  document.body.append(host);
  [told, stops, room] = [[], [], new FakeRoom("See [[tonne]] and {{ x }}.\n")];
});
afterEach(async () => {
  host.remove();
  for (const stop of stops) stop();
  await wait(10_000);
  vi.useRealTimers();
});

test("the editor says what it is in", async () => {
  room.up = false;
  await show();
  const { dataset } = one(".pk-editor");
  expect([dataset.state, dataset.synced, one(".pk-said").textContent]).toEqual(["offline", "false", "Connecting…"]);
  room.up = true;
  await wait(3000);
  expect([dataset.state, dataset.synced, dataset.version, one(".pk-said").textContent]).toEqual(["saved", "true", "3", "Saved"]);
});

test("what is typed is the room's, and a loud banner comes after five seconds without an answer", async () => {
  const view = await show();
  room.acknowledges = false;
  view.dispatch({ changes: { from: 0, insert: "x\r\ny\0 👋" } });
  const { dataset } = one(".pk-editor");
  expect([room.text.split("See")[0], view.state.doc.toString() === room.text, dataset.state]).toEqual(["x\ny 👋", true, "saving"]);
  expect(one(".pk-banner").hidden).toBe(true);
  await wait(5000);
  expect([dataset.state, one(".pk-banner").role, one(".pk-banner").hidden]).toEqual(["unsaved", "alert", false]);
  expect(one(".pk-banner").textContent).toContain("kept in this browser");
  room.acknowledge();
  await wait();
  expect([dataset.state, one(".pk-banner").hidden]).toEqual(["saved", true]);
});

test("only what was typed here is undone", async () => {
  const view = await show();
  view.dispatch({ changes: { from: 0, insert: "mine " } });
  room.doc.getText("text").insert(0, "theirs ");
  await wait();
  press("z", { ctrlKey: true }, view.contentDOM);
  await wait();
  expect(room.text).toBe("theirs See [[tonne]] and {{ x }}.\n");
});

test("a prompt that may only be read cannot be written", async () => {
  room.hello = { readOnly: true };
  const view = await show();
  view.dispatch({ changes: { from: 0, insert: "x" }, userEvent: "input.type" });
  expect([view.state.readOnly, one(".pk-editor").dataset.state]).toEqual([true, "readonly"]);
  expect(one(".pk-banner").textContent).toBe("You may read this prompt, not change it.");
});

test("a prompt in the trash says so, and takes what is typed", async () => {
  room.hello = { deleted: true };
  const view = await show();
  expect([view.state.readOnly, one(".pk-editor").dataset.state]).toEqual([false, "saved"]);
  expect(one(".pk-banner").textContent).toContain("in the trash");
  room.notice({ kind: "recovered" });
  await wait();
  expect(one(".pk-banner").hidden).toBe(true);
});

test("another prompt in the same place is another text", async () => {
  await show();
  const other = new FakeRoom("other");
  stops.push(mount(editorOver(room.Sockets), args({ ...DATA, token: "t2" }, root())));
  expect(texts(".pk-editor")).toHaveLength(1);
  room.doc = other.doc;
  stops.push(mount(editorOver(room.Sockets), args({ ...DATA, uid: "u2", url: "live/u2" }, root())));
  await wait();
  expect([...globalThis.promptKernel!.editors.keys()]).toEqual(["u2"]);
  expect(globalThis.promptKernel!.editors.get("u2")!.view.state.doc.toString()).toBe("other");
});

test("an old token makes the page run again until it brings a new one", async () => {
  room.refuses = 4401;
  await show();
  await wait(2500);
  expect(told).toEqual([["expired", 1], ["expired", 2], ["expired", 3]]);
  room.refuses = 0;
  mount(editorOver(room.Sockets), args({ ...DATA, token: "t2" }, root()));
  await wait(3000);
  expect([one(".pk-editor").dataset.state, told.length]).toEqual(["saved", 3]);
});

test("Ctrl+S saves a version, and tells the page", async () => {
  room.answers = () => ({ ok: true, version: 4, changed: true });
  await show();
  expect(press("s", { ctrlKey: true }).defaultPrevented).toBe(true);
  await wait();
  expect(room.asked).toEqual([expect.objectContaining({ do: "save", message: "" })]);
  expect([told, texts(".pk-notice")]).toEqual([[["saved", { version: 4 }]], ["Saved as version 4."]]);
  press("s", { ctrlKey: true, shiftKey: true });
  const message = one<HTMLInputElement>(".pk-message input");
  expect(one(".pk-message").hidden).toBe(false);
  message.value = " why ";
  room.answers = () => ({ ok: true, version: 4, changed: false });
  one<HTMLFormElement>(".pk-message").dispatchEvent(new Event("submit", { cancelable: true }));
  await wait();
  expect([room.asked[1], texts(".pk-notice")[1]]).toEqual([expect.objectContaining({ message: "why" }), "Nothing has changed since version 4."]);
});

test("a copy is the expanded text, of now, with what the preview is filled with", async () => {
  const copied: string[] = [];
  clipboard(async (text) => void copied.push(text));
  await show();
  stops.push(mount(createPreview, args<PreviewData>({ uid: UID, variables: { x: 1 } }, document.createElement("div").attachShadow({ mode: "open" }))));
  room.answers = () => ({ ok: true, composite: true, text: "See it all.", incomplete: "" });
  press("c", { altKey: true });
  await wait();
  expect(room.asked.at(-1)).toEqual(expect.objectContaining({ do: "expand", variables: { x: 1 } }));
  expect([copied, texts(".pk-notice")]).toEqual([["See it all."], ["Copied the expanded text, 11 characters."]]);
});

test("a copy says when it is not what was asked for", async () => {
  const copied: string[] = [];
  clipboard(async (text) => void copied.push(text));
  await show();
  room.answers = () => ({ ok: false, problem: "no" });
  press("c", { altKey: true });
  await wait();
  expect([copied, texts(".pk-notice")]).toEqual([[room.text], ["The server does not answer: copied the text with its inclusions not expanded."]]);
  room.answers = () => ({ ok: true, composite: true, text: "See", incomplete: "There is no prompt 'x'.\n^" });
  press("c", { altKey: true });
  await wait();
  expect(texts(".pk-notice")[1]).toBe("Copied the expanded text, 3 characters. It is not complete: There is no prompt 'x'.");
});

test("where the page may not write the clipboard the old way is tried, and then the text is offered", async () => {
  room = new FakeRoom("plain");
  clipboard(() => Promise.reject(new Error("no")));
  const tried: string[] = [];
  document.execCommand = (command: string) => tried.push(command) > 1;
  await show();
  press("c", { altKey: true });
  await wait();
  expect([tried, one<HTMLTextAreaElement>("dialog textarea").value, texts(".pk-notice")]).toEqual([["copy"], "plain", []]);
  press("c", { altKey: true });
  await wait();
  expect(texts(".pk-notice")).toEqual(["Copied the text, 5 characters."]);
});

test("an unresolved inclusion is underlined, and one click spells it as a near name", async () => {
  const view = await show();
  const inclusion = { from: 4, to: 13, spelled: "tonne", target: null, version: null, near: ["style/tone"] };
  const finding = { severity: "error", code: "not-found", message: "There is no prompt 'tonne'.", path: "a/b", line: 1, from: 4, to: 13, near: ["style/tone"] };
  const hole = { ...finding, code: "missing-variable", from: 18, to: 25, near: [] };
  room.preview({ inclusions: [inclusion], diagnostics: [finding, hole] });
  await wait();
  expect([texts(".cm-lintRange-error"), texts(".pk-findings")]).toEqual([["[[tonne]]"], ["1 problem"]]);
  nextDiagnostic(view);
  expect(view.state.selection.main).toMatchObject({ from: 4, to: 13 });
});

test("inclusions and variables are marked, and what is quoted is not", async () => {
  room = new FakeRoom("[[a]] {{ b }} \\[[c]] `[[d]]` שלום");
  await show();
  const marked = ["inclusion", "variable", "escape", "quoted"].map((kind) => texts(`.pk-${kind}`).join(""));
  expect(marked).toEqual(["[[a]]", "{{ b }}", "\\[[c]]", "[[d]]"]);
  expect(one(".cm-line").dir).toBe("auto");
});

test("find and replace: counted, previewed, explained, and undone as one step", async () => {
  room = new FakeRoom("tone Tone tone");
  const view = await show();
  press("r", { altKey: true });
  const [find, replacement] = [...root().querySelectorAll<HTMLInputElement>(".pk-search input")] as [HTMLInputElement, HTMLInputElement];
  const write = (input: HTMLInputElement, value: string): void => {
    input.value = value;
    input.dispatchEvent(new Event("input"));
  };
  write(find, "tone");
  write(replacement, "voice");
  expect([texts(".pk-count"), texts(".pk-match"), texts(".pk-replacement")]).toEqual([["1 of 3"], ["tone", "Tone", "tone"], ["voice"]]);
  one("[title='Match case']").click();
  expect(texts(".pk-count")).toEqual(["1 of 2"]);
  one("[title='Regular expression']").click();
  write(find, "t(");
  expect([one(".pk-search-problem").hidden, texts(".pk-count")]).toEqual([false, [""]]);
  expect(one(".pk-search-problem").textContent).toContain("not a regular expression yet");
  write(find, "(t)one");
  write(replacement, "$1une");
  press("Enter", { code: "Enter", ctrlKey: true }, replacement);
  expect([room.text, texts(".pk-count")]).toEqual(["tune Tone tune", ["2 replaced"]]);
  press("z", { ctrlKey: true }, view.contentDOM);
  expect(room.text).toBe("tone Tone tone");
  press("Escape", { code: "Escape" }, find);
  expect(root().querySelector(".pk-search")).toBeNull();
});

test("typing stays in the editor, and what holds Alt goes to the page", async () => {
  const view = await show();
  const heard: string[] = [];
  document.addEventListener("keydown", ({ key, altKey }) => heard.push(`${altKey ? "Alt+" : ""}${key}`));
  for (const key of ["r", "c", "?"]) press(key, {}, view.contentDOM);
  press("n", { altKey: true }, view.contentDOM);
  expect(heard).toEqual(["Alt+n"]);
});

test("Ctrl-click opens the prompt that is included", async () => {
  const view = await show();
  room.preview({ inclusions: [{ from: 4, to: 13, spelled: "tonne", target: "style/tonne", version: 2, near: [] }] });
  await wait();
  view.posAtCoords = (() => 6) as unknown as typeof view.posAtCoords;
  view.contentDOM.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true, ctrlKey: true, button: 0 }));
  expect(told).toEqual([["open", { path: "style/tonne", newTab: false }]]);
});

test("a prompt of the same directory is inserted by a click", async () => {
  const view = await show();
  view.dispatch({ selection: { anchor: 0 } });
  one(".pk-siblings > button").click();
  one(".pk-menu-item").click();
  expect(room.text).toBe("[[c]]See [[tonne]] and {{ x }}.\n");
  expect(one<HTMLAnchorElement>(".pk-menu-link").getAttribute("href")).toBe("edit?prompt=a%2Fc");
});

test("notices stand in a list, those that matter until they are dismissed, and lead to the copy", async () => {
  await show();
  room.notice({ kind: "metadata", message: "Bob changed the tags." });
  room.notice({ kind: "conflict_copy", path: "a/b", copy: "a/b-conflict", message: "Bob's text is kept in a/b-conflict." });
  await wait();
  expect(texts(".pk-notice > span")).toEqual(["Bob changed the tags.", "Bob's text is kept in a/b-conflict."]);
  await wait(6000);
  expect(one<HTMLAnchorElement>(".pk-notice a").getAttribute("href")).toBe("edit?prompt=a%2Fb-conflict");
  one(".pk-notice a").click();
  expect(told).toEqual([["open", { path: "a/b-conflict", newTab: false }]]);
  one(".pk-notice button").click();
  expect(texts(".pk-notice")).toEqual([]);
});

test("the text of another epoch takes the place of the old one, with a link to the copy of that", async () => {
  vi.stubGlobal("fetch", async () => ({ status: 200, json: async () => ({ path: "a/b-conflict" }) }));
  const view = await show();
  room.up = false;
  room.drop();
  view.dispatch({ changes: { from: 0, insert: "lost? " } });
  [room.doc, room.epoch, room.up] = [new FakeRoom("new").doc, "e2", true];
  await wait(3000);
  expect([view.state.doc.toString(), one(".pk-editor").dataset.state, texts(".pk-notice a")]).toEqual(["new", "saved", ["a/b-conflict"]]);
  view.dispatch({ changes: { from: 3, insert: "!" } });
  expect(room.text).toBe("new!");
  vi.unstubAllGlobals();
});

test("too much at once is not taken, and that is said", async () => {
  const view = await show();
  view.dispatch({ changes: { from: 0, insert: "x".repeat(1_000_000) } });
  expect([room.text.length, texts(".pk-notice")]).toEqual([27, ["This is too much to insert at once; insert it in smaller parts."]]);
});

test("the preview shows each piece with its origin, and what is wrong", async () => {
  stops.push(mount(createPreview, args<PreviewData>({ uid: UID, variables: { n: 2 } }, root())));
  expect(texts(".pk-expansion")).toEqual([""]);
  const other = document.createElement("div");
  document.body.append(other);
  stops.push(mount(editorOver(room.Sockets), args(DATA, other)));
  await wait();
  expect(room.watched).toContainEqual({ id: "preview", variables: { n: 2 } });
  room.preview({
    id: "preview", text: "See calm <b>.", characters: 13, composite: true, missing: ["x"], problem: "No value was given.\nmore",
    pieces: [
      { text: "See ", path: "a/b", version: null, variable: null, origin: 0 },
      { text: "calm ", path: "style/tone", version: 2, variable: null, origin: 1 },
      { text: "<b>.", path: "style/tone", version: 2, variable: "x", origin: 1 },
    ],
    diagnostics: [
      { severity: "error", code: "not-found", message: "There is no prompt 'tonne'.", path: "a/b", line: 1, from: 4, to: 13, near: ["style/tone"] },
      { severity: "warning", code: "deep", message: "Something.", path: "c/d", line: 7, from: null, to: null, near: [] },
    ],
  });
  await wait();
  const pieces = [...root().querySelectorAll<HTMLElement>(".pk-expansion > span")];
  expect(pieces.map(({ textContent, title, className }) => [textContent, title, className])).toEqual([
    ["See ", "this prompt", "pk-own"],
    ["calm ", "style/tone, version 2", "pk-origin pk-origin-1"],
    ["<b>.", "the variable x, of style/tone, version 2", "pk-origin pk-origin-1 pk-filled"],
  ]);
  expect([texts(".pk-preview-head > span")[0], texts(".pk-missing"), texts(".pk-legend li")]).toEqual([
    "13 characters from 2 prompts", ["Not filled in: x"], ["this prompt", "style/tonev2"],
  ]);
  expect(texts(".pk-finding-list li")).toEqual(["line 1 There is no prompt 'tonne'. Perhaps style/tone", "c/d, line 7 Something."]);
  one(".pk-legend a").click();
  one(".pk-where").click();
  expect(told).toEqual([["open", { path: "style/tone", newTab: false }]]);
  expect(globalThis.promptKernel!.editors.get(UID)!.view.state.selection.main).toMatchObject({ from: 4, to: 13 });
  other.remove();
});

test("the cheat sheet opens over the page and closes", async () => {
  await show();
  one("[title='What may stand in a prompt']").click();
  expect(texts("dialog h3")).toEqual(["Inclusions", "Variables", "Escapes", "Code", "Keys"]);
  one("dialog button").click();
  await wait();
  expect(root().querySelector("dialog")).toBeNull();
});

