// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mount, type Mount } from "../src/host";
import { createKeys, type Binding, type KeysData } from "../src/keys";
import { caps, combination, matches } from "../src/keys-combination";

let host: HTMLElement;
let pressed: unknown[];
let leave: () => void = () => {};

const BINDINGS: Binding[] = [
  { id: "new", keys: "Alt+N", does: "New prompt", group: "Everywhere" },
  { id: "goto", keys: "g", does: "Go to", group: "Library" },
  { id: "rename", keys: "F2", does: "Rename", group: "Library" },
  { id: "find", keys: "Mod+Shift+F", does: "Find", group: "Library" },
  { id: "save", keys: "Ctrl+S", does: "Save a version", group: "Editor", shown_only: true },
];
const show = (more: Partial<KeysData> = {}): void => {
  leave = mount(createKeys, {
    name: "keys", key: "keys", data: { bindings: BINDINGS, ...more }, parentElement: host.shadowRoot, setStateValue: () => {},
    setTriggerValue: (name, value) => { pressed.push([name, value]); },
  } as Mount<KeysData>);
};
const dialog = (): HTMLDialogElement => (host.shadowRoot as ShadowRoot).querySelector("dialog") as HTMLDialogElement;
const press = (key: string, more: KeyboardEventInit = {}, on: EventTarget = document.body): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  return event;
};
const input = (): HTMLElement => {
  const made = document.createElement("div");
  made.attachShadow({ mode: "open" }).append(document.createElement("textarea"));
  document.body.append(made);
  return made;
};

beforeEach(() => {
  pressed = [];
  host = document.createElement("div");
  host.attachShadow({ mode: "open" });
  document.body.append(host);
});

afterEach(() => {
  vi.useFakeTimers();
  host.remove();
  leave();
  vi.runAllTimers();
  vi.useRealTimers();
  document.body.replaceChildren();
  document.cookie = "pk_name=; Max-Age=0; Path=/";
});

test("a binding is told to the page, and nobody else hears the key", () => {
  show();
  const heard = vi.fn();
  document.body.addEventListener("keydown", heard);
  const event = press("n", { altKey: true });
  document.body.removeEventListener("keydown", heard);
  expect([pressed, event.defaultPrevented, heard.mock.calls]).toEqual([[["pressed", { id: "new" }]], true, []]);
});

test("a key that is held down counts once", () => {
  show();
  press("n", { altKey: true });
  const again = press("n", { altKey: true, repeat: true });
  expect([pressed.length, again.defaultPrevented]).toEqual([1, true]);
});

test("where somebody writes, plain keys are text; those with Alt and F keys work", () => {
  show();
  const area = input().shadowRoot?.firstChild as HTMLElement;
  for (const [key, more] of [["g", {}], ["?", {}], ["F2", {}], ["n", { altKey: true }]] as const) press(key, more, area);
  expect(pressed).toEqual([["pressed", { id: "rename" }], ["pressed", { id: "new" }]]);
  expect(dialog().open).toBe(false);
});

test("plain keys are text in an editable element too", () => {
  show();
  const editor = document.createElement("div");
  editor.setAttribute("contenteditable", "true");
  const inside = document.createElement("span");
  editor.append(inside);
  document.body.append(editor);
  press("g", {}, inside);
  press("?", {}, inside);
  expect([pressed, dialog().open]).toEqual([[], false]);
});

test.each([
  ["already handled", (event: KeyboardEvent) => { event.preventDefault(); }, {}],
  ["part of a composition", () => {}, { isComposing: true }],
  ["with another modifier", () => {}, { ctrlKey: true }],
  ["with Shift", () => {}, { shiftKey: true }],
])("a key press %s is left alone", (_, before, more) => {
  show();
  const event = new KeyboardEvent("keydown", { key: "n", altKey: true, bubbles: true, cancelable: true, ...more });
  before(event);
  document.body.dispatchEvent(event);
  expect(pressed).toEqual([]);
});

test("what is only listed is left to whoever handles it", () => {
  show();
  expect([press("s", { ctrlKey: true }).defaultPrevented, pressed]).toEqual([false, []]);
});

test("a key press is left alone while another dialog is open", () => {
  show();
  const other = document.createElement("div");
  other.setAttribute("aria-modal", "true");
  document.body.append(other);
  press("n", { altKey: true });
  press("?");
  expect([pressed, dialog().open]).toEqual([[], false]);
});

test("a key of an input is told after the input has heard it, in a dialog too", () => {
  vi.useFakeTimers();
  show({ bindings: [{ id: "create", keys: "Enter", does: "Create it", group: "New prompt", inside: "input[aria-label=Name]" }] });
  const other = document.createElement("div");
  other.setAttribute("aria-modal", "true");
  const field = other.appendChild(document.createElement("input"));
  document.body.append(other);
  press("Enter", {}, field);
  field.setAttribute("aria-label", "Name");
  field.addEventListener("keydown", () => { pressed.push("heard"); });
  const event = press("Enter", {}, field);
  vi.runAllTimers();
  expect([event.defaultPrevented, pressed]).toEqual([false, ["heard", ["pressed", { id: "create" }]]]);
});

test("AltGr makes characters, and is not Alt", () => {
  const event = (more: KeyboardEventInit): KeyboardEvent => {
    const made = new KeyboardEvent("keydown", more);
    vi.spyOn(made, "getModifierState").mockImplementation((name) => name === "AltGraph");
    return made;
  };
  expect(matches(combination("Ctrl+Alt+Q"), event({ key: "q", ctrlKey: true, altKey: true }))).toBe(false);
  expect(matches(combination("@"), event({ key: "@", ctrlKey: true, altKey: true }))).toBe(true);
});

test.each([
  ["Alt+N", { key: "˜", code: "KeyN", altKey: true }, true],
  ["Alt+N", { key: "т", code: "KeyN", altKey: true }, true],
  ["Alt+N", { key: "b", code: "KeyN", altKey: true }, false],
  ["Alt+1", { key: "¡", code: "Digit1", altKey: true }, true],
  ["Alt+N", { key: "N", code: "KeyN", altKey: true, shiftKey: true }, false],
  ["Mod+K", { key: "k", ctrlKey: true }, true],
  ["Ctrl+Shift+S", { key: "S", ctrlKey: true, shiftKey: true }, true],
  ["?", { key: "?", shiftKey: true }, true],
  ["Ctrl++", { key: "+", ctrlKey: true }, true],
  ["Enter", { key: "Enter", shiftKey: true }, false],
])("%s and %o match: %s", (written, pressed, wanted) => {
  expect(matches(combination(written), new KeyboardEvent("keydown", pressed))).toBe(wanted);
});

test("a combination is shown as caps", () => {
  expect(["Ctrl+Shift+S", "?", "Ctrl++", "+", "Ctrl/Cmd + Enter"].map(caps)).toEqual([
    ["Ctrl", "Shift", "S"], ["?"], ["Ctrl", "+"], ["+"], ["Ctrl/Cmd", "Enter"],
  ]);
});

test("the question mark opens the list of all keys by group, Escape closes it, and the focus returns", () => {
  show();
  const button = document.body.appendChild(document.createElement("button"));
  button.focus();
  expect(press("?", { shiftKey: true }).defaultPrevented).toBe(true);
  expect(dialog().open).toBe(true);
  const listed = [...dialog().querySelectorAll("section")].map((each) => [
    each.querySelector("h3")?.textContent, ...[...each.querySelectorAll("dl > div")].map((line) => line.textContent),
  ]);
  expect(listed).toEqual([
    ["Everywhere", "AltNNew prompt", "?This list"], ["Library", "gGo to", "F2Rename", "CtrlShiftFFind"], ["Editor", "CtrlSSave a version"],
  ]);
  press("n", { altKey: true }, dialog());
  press("Escape", {}, dialog());
  expect([dialog().open, document.activeElement === button, pressed]).toEqual([false, true, []]);
});

test("another number of the page opens the list; the first one does not", () => {
  show({ open_help: 4 });
  expect(dialog().open).toBe(false);
  show({ open_help: 5 });
  expect(dialog().open).toBe(true);
  dialog().close();
  show({ open_help: 5, name: "ana" });
  expect(dialog().open).toBe(false);
});

test("the browser remembers the name, and forgets it when it is taken back", () => {
  show({ name: "Zoë; Max-Age=0" });
  expect(document.cookie).toContain("pk_name=Zo%C3%AB%3B%20Max-Age%3D0");
  show({ name: "" });
  expect(document.cookie).not.toContain("pk_name=Z");
});

test("keys that have gone listen no more", () => {
  vi.useFakeTimers();
  show();
  host.remove();
  leave();
  vi.runAllTimers();
  press("n", { altKey: true });
  expect(pressed).toEqual([]);
});
