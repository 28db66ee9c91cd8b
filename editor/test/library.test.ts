// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mount, type Mount } from "../src/host";
import { createLibrary, type LibraryData, type LibraryRow } from "../src/library";
import { marked } from "../src/library-row";

let host: HTMLElement;
let told: [string, unknown][];
let leave: () => void = () => {};

const row = (path: string, more: Partial<LibraryRow> = {}): LibraryRow => ({
  path, name: path.split("/").at(-1) ?? "", display_name: path.split("/").at(-1) ?? "", directory: path.split("/").slice(0, -1).join("/"),
  tags: [], description: "", version: 1, updated: "2026-11-20T14:03:22+00:00", updated_text: "3 h ago", author: "ana", enabled: true,
  favourite: false, snippet: "", marks: [], ...more,
});
const ROWS = ["style/tone", "style/voice", "data/sql", "data/json"].map((path) => row(path));
const data = (more: Partial<LibraryData> = {}): LibraryData => ({
  rows: ROWS, total: ROWS.length, first: 1, page_size: 50, sort: "name", descending: false, query: "", tags: { voice: 12 }, tag: "",
  directory: "", title: "All prompts", sortable: true, empty: { title: "No prompts yet", text: "Write the first one." }, focus: false, ...more,
});
const show = (more: Partial<LibraryData> = {}): void => {
  leave = mount(createLibrary, {
    name: "library", key: "library", data: data(more), parentElement: host.shadowRoot,
    setStateValue: (name, value) => { told.push([name, value]); },
    setTriggerValue: (name, value) => { told.push([name, value]); },
  } as Mount<LibraryData>);
};
const all = (selector: string): HTMLElement[] => [...(host.shadowRoot as ShadowRoot).querySelectorAll<HTMLElement>(selector)];
const one = (selector: string): HTMLElement => {
  const [found] = all(selector);
  if (!found) throw new Error(`There is no ${selector}.`);
  return found;
};
const box = (): HTMLInputElement => one("input[type=search]") as HTMLInputElement;
const inner = (): Element | null => (host.shadowRoot as ShadowRoot).activeElement;
const rows = (): string[] => all("tbody tr").map((each) => each.dataset["path"] ?? "");
const active = (): string | undefined => all("tbody tr[data-active]")[0]?.dataset["path"];
const selected = (): string[] => all("tbody tr[aria-selected=true]").map((each) => each.dataset["path"] ?? "");
const actions = (): unknown[] => told.filter(([name]) => name === "action").map(([, value]) => value);
const queries = (): unknown[] => told.filter(([name]) => name === "query").map(([, value]) => value);
const press = (on: EventTarget, key: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  return event;
};
const write = (text: string): void => {
  box().focus();
  box().value = text;
  box().dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
};
const click = (on: HTMLElement, more: MouseEventInit = {}): void => {
  on.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, cancelable: true, ...more }));
};

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  host = document.createElement("div");
  host.attachShadow({ mode: "open" });
  document.body.append(host);
});

afterEach(() => {
  host.remove();
  leave();
  vi.runAllTimers();
  vi.useRealTimers();
});

test("a row shows what is known of a prompt, with real links", () => {
  show({ rows: [row("style/كتب &<b>", { description: "<i>calm</i>", tags: ["a", "b", "c", "d", "e"], version: 3, enabled: false })] });
  const link = one("tbody a") as HTMLAnchorElement;
  expect(link.getAttribute("href")).toBe("edit?prompt=style/%D9%83%D8%AA%D8%A8%20%26%3Cb%3E");
  expect(all("tbody td").map((cell) => cell.textContent)).toEqual([
    "", "", "كتب &<b>disabledstyle/كتب &<b>", "style", "<i>calm</i>", "abc+2", "3", "3 h ago", "ana",
  ]);
  expect(one(".pk-off").hidden).toBe(false);
  expect(one("time").getAttribute("datetime")).toBe("2026-11-20T14:03:22+00:00");
  expect(one("time").title).toContain("2026");
});

test("marks are counted in UTF-16 units; those that overlap or lie outside are left out", () => {
  const shown = (nodes: Node[]): string =>
    nodes.map((node) => (node instanceof HTMLElement ? `[${node.textContent}]` : node.textContent)).join("");
  expect(shown(marked("🚀 json and JSON", [[3, 7], [12, 16]]))).toBe("🚀 [json] and [JSON]");
  expect(shown(marked("abcdef", [[4, 5], [0, 2], [1, 3], [5, 9], [3, 3]]))).toBe("[ab]cd[e]f");
  expect(shown(marked("", []))).toBe("");
});

test("rows are kept by path: new data changes them in place, in a new order, with the focus", () => {
  show();
  const before = all("tbody tr");
  (before[1] as HTMLElement).focus();
  show({ rows: [row("new/one"), row("data/sql", { version: 2 }), row("style/voice"), row("style/tone")], total: 4 });
  expect(rows()).toEqual(["new/one", "data/sql", "style/voice", "style/tone"]);
  expect(all("tbody tr").slice(1)).toEqual([before[2], before[1], before[0]]);
  expect(inner()).toBe(before[1]);
  expect(one("tbody tr:nth-child(2) .pk-version").textContent).toBe("2");
});

test("when the focused row has gone, the one in its place has the focus", () => {
  show();
  (all("tbody tr")[1] as HTMLElement).focus();
  show({ rows: ROWS.filter((each) => each.path !== "style/voice") });
  expect((inner() as HTMLElement).dataset["path"]).toBe("data/sql");
});

test("a query is told when it has rested, and once", () => {
  show();
  write("t");
  vi.advanceTimersByTime(100);
  write("to");
  vi.advanceTimersByTime(149);
  expect(queries()).toEqual([]);
  vi.advanceTimersByTime(1);
  write("to ");
  vi.runAllTimers();
  expect(queries()).toEqual(["to"]);
});

test("old rows stay, busy, until the rows of the newest query are here; what is typed is not replaced", () => {
  show();
  expect(one("table").getAttribute("aria-busy")).toBe("false");
  write("ton");
  vi.runAllTimers();
  write("tone");
  vi.runAllTimers();
  expect([rows().length, one("table").getAttribute("aria-busy")]).toEqual([4, "true"]);
  show({ query: "ton", rows: ROWS.slice(0, 2) });
  expect([box().value, rows().length, one("table").getAttribute("aria-busy")]).toEqual(["tone", 2, "true"]);
  show({ query: "tone", rows: ROWS.slice(0, 1) });
  expect([box().value, rows().length, one("table").getAttribute("aria-busy")]).toEqual(["tone", 1, "false"]);
});

test("the page can change the query while nobody writes", () => {
  show({ query: "tone" });
  expect(box().value).toBe("tone");
  show({ query: "" });
  expect(box().value).toBe("");
  vi.runAllTimers();
  expect(queries()).toEqual([""]);
  write("vo");
  show({ query: "other" });
  expect(box().value).toBe("vo");
});

test("a composition is told when it ends", () => {
  show();
  box().focus();
  box().dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
  write("に");
  vi.runAllTimers();
  expect(queries()).toEqual([]);
  const enter = press(box(), "Enter", { isComposing: true });
  expect([enter.defaultPrevented, actions()]).toEqual([false, []]);
  box().dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
  vi.runAllTimers();
  expect(queries()).toEqual(["に"]);
});

test("typing anywhere goes to the search box, and the page's own shortcuts do not hear it", () => {
  show();
  const heard = vi.fn();
  document.addEventListener("keydown", heard);
  press(document.body, "r");
  document.removeEventListener("keydown", heard);
  expect([inner() === box(), heard.mock.calls.length]).toEqual([true, 0]);
});

test("a slash goes to the search box, and is not written", () => {
  show();
  expect([press(document.body, "/").defaultPrevented, inner() === box()]).toEqual([true, true]);
  expect(press(box(), "/").defaultPrevented).toBe(false);
});

test.each([
  ["in an input", () => document.body.appendChild(document.createElement("input")), "r", {}],
  ["with Ctrl", () => document.body, "r", { ctrlKey: true }],
  ["with Alt", () => document.body, "r", { altKey: true }],
  ["of Space", () => document.body, " ", {}],
  ["of the question mark", () => document.body, "?", {}],
  ["while composing", () => document.body, "r", { isComposing: true }],
])("a key press %s is left alone", (_, place, key, more) => {
  show();
  const target = place();
  press(target, key, more);
  expect(inner()).toBe(null);
  if (target !== document.body) target.remove();
});

test("a key press is left alone while a dialog is open", () => {
  show();
  const dialog = document.createElement("div");
  dialog.setAttribute("aria-modal", "true");
  document.body.append(dialog);
  press(document.body, "r");
  dialog.remove();
  expect(inner()).toBe(null);
});

test("arrows move the active row from within the search box, and Enter opens it", () => {
  show();
  box().focus();
  press(box(), "ArrowDown");
  press(box(), "ArrowDown");
  expect([active(), inner() === box()]).toEqual(["style/voice", true]);
  expect(box().getAttribute("aria-activedescendant")).toBe(one("tbody tr[data-active]").id);
  press(box(), "ArrowUp");
  press(box(), "Enter");
  expect(actions()).toEqual([{ kind: "open", path: "style/tone", newTab: false }]);
});

test("Home and End go to the first and the last row, but belong to the caret in a text", () => {
  show();
  box().focus();
  press(box(), "End");
  expect(active()).toBe("data/json");
  press(box(), "Home");
  expect(active()).toBe("style/tone");
  write("x");
  expect([press(box(), "End").defaultPrevented, active()]).toEqual([false, "style/tone"]);
});

test("the first match is active, and Enter waits for it", () => {
  show();
  write("sql");
  press(box(), "Enter");
  expect([queries(), actions()]).toEqual([["sql"], []]);
  show({ query: "sql", rows: [ROWS[2] as LibraryRow], sortable: false });
  expect([active(), actions()]).toEqual(["data/sql", [{ kind: "open", path: "data/sql", newTab: false }]]);
});

test("an Enter that waits is forgotten when somebody writes on", () => {
  show();
  write("sql");
  press(box(), "Enter");
  write("sqli");
  vi.runAllTimers();
  show({ query: "sql", rows: [ROWS[2] as LibraryRow] });
  show({ query: "sqli", rows: [] });
  expect(actions()).toEqual([]);
});

test("Ctrl+Enter and a middle click open a new tab", () => {
  const opened = vi.spyOn(window, "open").mockReturnValue(null);
  show();
  press(box(), "ArrowDown");
  press(box(), "Enter", { ctrlKey: true });
  one("tbody tr:nth-child(3) .pk-cell-description").dispatchEvent(new MouseEvent("auxclick", { bubbles: true, button: 1, cancelable: true }));
  expect(opened.mock.calls.map(([address]) => address)).toEqual(["edit?prompt=style/tone", "edit?prompt=data/sql"]);
  expect(actions()).toEqual([]);
  opened.mockRestore();
});

test("in the rows arrows carry the focus, and up from the first goes back to the search box", () => {
  show();
  (all("tbody tr")[0] as HTMLElement).focus();
  press(inner() as Element, "ArrowDown");
  expect((inner() as HTMLElement).dataset["path"]).toBe("style/voice");
  press(inner() as Element, "ArrowUp");
  press(inner() as Element, "ArrowUp");
  expect(inner()).toBe(box());
});

test("only the controls of the active row are reached by Tab", () => {
  show();
  const reachable = (): string[] =>
    all("tbody [tabindex='0'], tbody tr[tabindex='0']").map((each) => (each.closest("tr") as HTMLElement).dataset["path"] ?? "");
  expect(new Set(reachable())).toEqual(new Set(["style/tone"]));
  press(document.body, "End");
  expect(new Set(reachable())).toEqual(new Set(["data/json"]));
});

test("Space selects, Shift+click selects a range, and the selected ones can be acted on", () => {
  show();
  (all("tbody tr")[1] as HTMLElement).focus();
  press(inner() as Element, " ");
  expect(selected()).toEqual(["style/voice"]);
  click(one("tbody tr:nth-child(4) .pk-cell-description"), { shiftKey: true });
  expect(selected()).toEqual(["style/voice", "data/sql", "data/json"]);
  const verbs = all(".pk-bulk button");
  expect(verbs.slice(0, 4).map((each) => each.textContent)).toEqual(["Move", "Tags", "Replace", "Delete"]);
  for (const verb of verbs.slice(0, 4)) click(verb);
  const paths = ["style/voice", "data/sql", "data/json"];
  expect(actions()).toEqual(["move", "tag", "replace", "delete"].map((verb) => ({ kind: "bulk", do: verb, paths })));
  click(verbs[4] as HTMLElement);
  expect([selected(), one(".pk-bulk").hidden]).toEqual([[], true]);
});

test("the tick in the head selects all rows of the page, and says so of some", () => {
  show();
  const tick = one("thead input") as HTMLInputElement;
  tick.checked = true;
  tick.dispatchEvent(new Event("change"));
  expect(selected()).toEqual(rows());
  click(one("tbody tr:nth-child(2) input"));
  expect([tick.checked, tick.indeterminate, selected().length]).toEqual([false, true, 3]);
});

test("what has gone is not selected any more, and nothing that nobody asked for is told", () => {
  show();
  click(one("tbody tr:nth-child(1) input"));
  click(one("tbody tr:nth-child(2) input"));
  expect(selected()).toEqual(["style/tone", "style/voice"]);
  show({ rows: ROWS.slice(1) });
  vi.runAllTimers();
  expect([selected(), told]).toEqual([["style/voice"], []]);
});

test("Alt+R replaces in the selected rows, or where the library is looking; not under a dialog, and once a press", () => {
  show();
  const replacing = (...paths: string[]): unknown => ({ kind: "bulk", do: "replace", paths });
  expect(press(document.body, "r", { altKey: true }).defaultPrevented).toBe(true);
  click(one("tbody tr:nth-child(2) input"));
  press(box(), "r", { altKey: true });
  press(box(), "r", { altKey: true, repeat: true });
  const dialog = document.createElement("dialog");
  dialog.setAttribute("open", "");
  document.body.append(dialog);
  expect(press(document.body, "r", { altKey: true }).defaultPrevented).toBe(false);
  dialog.remove();
  expect([actions(), box().value]).toEqual([[replacing(), replacing("style/voice")], ""]);
});

test("a click opens, but not with Ctrl on the link, which opens a tab of its own", () => {
  show();
  const link = one("tbody a");
  const by = new MouseEvent("click", { bubbles: true, composed: true, cancelable: true, ctrlKey: true });
  link.addEventListener("click", (event) => { event.stopImmediatePropagation(); }, { once: true });
  link.dispatchEvent(by);
  expect([by.defaultPrevented, actions()]).toEqual([false, []]);
  click(link);
  click(one("tbody tr:nth-child(2) .pk-cell-updated"));
  expect(actions()).toEqual(["style/tone", "style/voice"].map((path) => ({ kind: "open", path, newTab: false })));
});

test("the star is on at once, and off again with a second click before the page has answered", () => {
  show();
  const star = one("tbody .pk-star");
  click(star);
  expect(star.getAttribute("aria-pressed")).toBe("true");
  click(star);
  expect(star.getAttribute("aria-pressed")).toBe("false");
  show({ title: "Again" });
  expect(actions()).toEqual([{ kind: "favourite", path: "style/tone", on: true }, { kind: "favourite", path: "style/tone", on: false }]);
});

test("headers sort and say what is sorted; a search by rank has an order of its own", () => {
  show({ sort: "updated", descending: true });
  const sorts = all("th").map((cell) => cell.getAttribute("aria-sort"));
  expect(sorts).toEqual([null, null, "none", "none", null, "none", "none", "descending", "none"]);
  for (const button of all("th button")) click(button);
  expect(actions()).toEqual(["name", "directory", "tags", "version", "updated", "author"].map((column) => ({ kind: "sort", column })));
  show({ sortable: false, query: "x", sort: "updated" });
  expect(all("th button").every((button) => (button as HTMLButtonElement).disabled)).toBe(true);
  expect(all("th[aria-sort=descending]")).toEqual([]);
});

test("pages: the range of all, and buttons that go where there is something", () => {
  show({ first: 51, total: 10_000 });
  expect(one(".pk-range").textContent).toBe("51–54 of 10,000");
  expect(one(".pk-what").textContent).toBe("All prompts10,000 prompts");
  for (const button of all(".pk-pager button")) click(button);
  expect(actions()).toEqual(["first", "previous", "next"].map((to) => ({ kind: "page", to })));
  show({ first: 1, total: 10_000 });
  expect(all(".pk-pager button").map((button) => (button as HTMLButtonElement).disabled)).toEqual([true, true, false]);
  show();
  expect(one(".pk-pager").hidden).toBe(true);
});

test("tags filter: by the choice, and by a chip", () => {
  show({ rows: [row("style/tone", { tags: ["voice"] })], tags: { voice: 12, sql: 1200 }, tag: "gone" });
  const choice = one("select") as HTMLSelectElement;
  expect([...choice.options].map((option) => option.textContent)).toEqual(["All tags", "voice (12)", "sql (1,200)", "gone (0)"]);
  expect(choice.value).toBe("gone");
  choice.value = "";
  choice.dispatchEvent(new Event("change"));
  click(one("tbody .pk-tags button"));
  expect(actions()).toEqual([{ kind: "tag", tag: "" }, { kind: "tag", tag: "voice" }]);
});

test("Escape clears the search at once", () => {
  show({ query: "tone" });
  vi.runAllTimers();
  const event = press(document.body, "Escape");
  expect([event.defaultPrevented, box().value, queries(), inner() === box()]).toEqual([true, "", ["tone", ""], true]);
  expect(press(box(), "Escape").defaultPrevented).toBe(false);
});

test("a link that led here keeps its Enter, and leaves arrows and Escape to the rows", () => {
  show({ query: "tone" });
  const link = document.body.appendChild(document.createElement("a"));
  press(link, "ArrowDown");
  expect([active(), press(link, "Enter").defaultPrevented, actions()]).toEqual(["style/voice", false, []]);
  press(link, "Escape");
  link.remove();
  expect(box().value).toBe("");
});

test("where there is nothing, it says what to do first", () => {
  show({ rows: [], total: 0 });
  expect([one(".pk-empty").hidden, one("table").hidden]).toEqual([false, true]);
  expect(one(".pk-empty").textContent).toBe("No prompts yetWrite the first one.New prompt");
  click(one(".pk-empty button"));
  expect(actions()).toEqual([{ kind: "new" }]);
});

test("the search box takes the focus when asked, but not from somebody who writes elsewhere", () => {
  const input = document.body.appendChild(document.createElement("input"));
  input.focus();
  show({ focus: true });
  expect(document.activeElement).toBe(input);
  input.blur();
  input.remove();
  show({ focus: false });
  show({ focus: true });
  expect(inner()).toBe(box());
});

test("a dragged row carries its path, or all selected ones when it is one of them", () => {
  show();
  const carried = (place: number): Record<string, string> => {
    const found: Record<string, string> = {};
    const event = new Event("dragstart", { bubbles: true, cancelable: true });
    Object.assign(event, { dataTransfer: { setData: (type: string, text: string) => { found[type] = text; } } });
    (all("tbody tr")[place] as HTMLElement).dispatchEvent(event);
    return found;
  };
  click(one("tbody tr:nth-child(1) input"));
  click(one("tbody tr:nth-child(2) input"));
  const both = { "text/x-prompt-paths": '["style/tone","style/voice"]', "text/x-prompt-path": "style/voice", "text/plain": "style/tone\nstyle/voice" };
  expect(carried(1)).toEqual(both);
  expect(carried(2)).toEqual({ "text/x-prompt-paths": '["data/sql"]', "text/x-prompt-path": "data/sql", "text/plain": "data/sql" });
});

test("a library that has gone listens no more", () => {
  show();
  host.remove();
  leave();
  vi.runAllTimers();
  const input = box();
  press(document.body, "r");
  expect([document.activeElement === input, told]).toEqual([false, []]);
});
