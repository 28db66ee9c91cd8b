// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mount, type Mount } from "../src/host";
import { createTree, type TreeData, type TreeDirectory } from "../src/tree";
import { branches } from "../src/tree-data";

let host: HTMLElement;
let told: [string, unknown][];

const directory = (path: string, prompts = 1, more: Partial<TreeDirectory> = {}): TreeDirectory => ({
  path, name: path.split("/").at(-1) ?? "", prompts, enabled: true, linked: false, ...more,
});
const DIRECTORIES = [
  directory("data", 1200), directory("data-old"), directory("data/sql", 3, { linked: true }), directory("data/sql/old", 0, { enabled: false }),
  directory("style", 7),
];
const data = (more: Partial<TreeData> = {}): TreeData => ({
  directories: DIRECTORIES, total: 10_000, current: "", view: "all", counts: { favourites: 2, recent: 20 }, ...more,
});
const show = (more: Partial<TreeData> = {}, into = host): void => {
  mount(createTree, {
    name: "tree", key: "tree", data: data(more), parentElement: into.shadowRoot, setStateValue: () => {},
    setTriggerValue: (name, value) => { told.push([name, value]); },
  } as Mount<TreeData>);
};
const fresh = (): HTMLElement => {
  const made = document.createElement("div");
  made.attachShadow({ mode: "open" });
  document.body.append(made);
  return made;
};
const lines = (of = host): HTMLElement[] => [...(of.shadowRoot as ShadowRoot).querySelectorAll<HTMLElement>("[role=treeitem]")];
const keys = (of = host): string[] => lines(of).map((each) => each.dataset["key"] ?? "");
const line = (key: string): HTMLElement => {
  const found = lines().find((each) => each.dataset["key"] === key);
  if (!found) throw new Error(`There is no line ${key}.`);
  return found;
};
const inner = (): string | undefined => ((host.shadowRoot as ShadowRoot).activeElement as HTMLElement | null)?.dataset["key"];
const press = (...names: string[]): void => {
  for (const key of names) {
    const at = (host.shadowRoot as ShadowRoot).activeElement as HTMLElement;
    at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }));
  }
};
const drag = (type: string, on: HTMLElement, carried: Record<string, string>): Event => {
  const event = new Event(type, { bubbles: true, composed: true, cancelable: true });
  const transfer = { types: Object.keys(carried), getData: (name: string) => carried[name] ?? "", dropEffect: "none" };
  Object.assign(event, { dataTransfer: transfer });
  on.dispatchEvent(event);
  return event;
};

beforeEach(() => {
  localStorage.clear();
  told = [];
  host = fresh();
});

afterEach(() => {
  host.remove();
  vi.useRealTimers();
});

test("directories come after the views, each below the one that contains it, with counts and marks", () => {
  show();
  expect(lines().map((each) => each.getAttribute("aria-label"))).toEqual([
    "All prompts, 10000 prompts", "Favourites, 2 prompts", "Recent, 20 prompts", "data, 1200 prompts",
    "sql, 3 prompts, linked to a folder", "old, 0 prompts, disabled", "data-old, 1 prompt", "style, 7 prompts",
  ]);
  expect(lines().map((each) => each.getAttribute("aria-level"))).toEqual(["1", "1", "1", "1", "2", "3", "1", "1"]);
  expect(lines().map((each) => `${each.getAttribute("aria-posinset")}/${each.getAttribute("aria-setsize")}`)).toEqual([
    "1/6", "2/6", "3/6", "4/6", "1/1", "1/1", "5/6", "6/6",
  ]);
  expect(lines().map((each) => each.getAttribute("aria-selected"))).toEqual(["true", ...Array<string>(7).fill("false")]);
  expect(line("/data").querySelector(".pk-tree-count")?.textContent).toBe("1,200");
});

test("a directory whose container is not listed keeps the rest of its path as its label", () => {
  const order = branches([directory("b/c/d"), directory("b"), directory("x/y"), directory("a10"), directory("a9")]);
  expect(order.map(({ label, level }) => [label, level])).toEqual([["a9", 1], ["a10", 1], ["b", 1], ["c/d", 2], ["x/y", 1]]);
});

test("a click chooses", () => {
  show();
  line("favourites").click();
  line("/data/sql").click();
  expect(told).toEqual([["choose", { view: "favourites", path: "" }], ["choose", { view: "directory", path: "data/sql" }]]);
});

test("a click on the twist folds, and the browser remembers it", () => {
  show();
  (line("/data").querySelector(".pk-twist") as HTMLElement).click();
  expect([told, keys(), line("/data").getAttribute("aria-expanded")]).toEqual([
    [], ["all", "favourites", "recent", "/data", "/data-old", "/style"], "false",
  ]);
  const other = fresh();
  show({}, other);
  expect(keys(other)).toEqual(keys());
  other.remove();
});

test("what a browser remembers is looked at before it is used", () => {
  localStorage.setItem("pk:tree", '{"data": "no", "__proto__": {"style": false}}');
  show();
  expect(keys()).toContain("/data/sql");
  localStorage.setItem("pk:tree", "{");
  const other = fresh();
  show({}, other);
  expect(keys(other)).toEqual(keys());
  other.remove();
});

test("a tree of many directories starts folded, with the current one unfolded to", () => {
  const many = Array.from({ length: 30 }, (_, at) => [directory(`d${at}`), directory(`d${at}/inside`)]).flat();
  show({ directories: many, view: "directory", current: "d7/inside" });
  expect(keys().filter((key) => key.endsWith("inside"))).toEqual(["/d7/inside"]);
  expect(line("/d7/inside").getAttribute("aria-selected")).toBe("true");
});

test("arrows walk and fold; Home, End, Enter and Space do as in any tree", () => {
  show();
  line("all").focus();
  press("ArrowDown", "ArrowDown", "ArrowDown");
  expect(inner()).toBe("/data");
  press("ArrowRight", "ArrowRight");
  expect(inner()).toBe("/data/sql/old");
  press("ArrowLeft", "ArrowLeft");
  expect([inner(), keys().includes("/data/sql/old")]).toEqual(["/data/sql", false]);
  press("ArrowLeft", "ArrowLeft", "ArrowRight", "End");
  expect([inner(), keys().includes("/data/sql")]).toEqual(["/style", true]);
  press("ArrowDown", "Enter", "Home", "ArrowUp", "ArrowLeft", "ArrowRight", " ");
  expect(inner()).toBe("all");
  expect(told).toEqual([["choose", { view: "directory", path: "style" }], ["choose", { view: "all", path: "" }]]);
});

test("Tab comes to one line: the one last used, at first the current one", () => {
  const reachable = (): string[] => lines().filter((each) => each.tabIndex === 0).map((each) => each.dataset["key"] ?? "");
  show({ view: "directory", current: "style" });
  expect(reachable()).toEqual(["/style"]);
  line("/data").focus();
  expect(reachable()).toEqual(["/data"]);
  show({ view: "recent" });
  expect(reachable()).toEqual(["recent"]);
});

test("new data changes lines in place and keeps the focus", () => {
  show();
  const before = line("/style");
  before.focus();
  show({ directories: [...DIRECTORIES.slice(1), directory("style", 8), directory("a")] });
  expect([line("/style") === before, inner(), before.querySelector(".pk-tree-count")?.textContent]).toEqual([true, "/style", "8"]);
});

test("when the focused line has gone, another one of the tree has the focus", () => {
  show();
  line("/data/sql").focus();
  show({ directories: [directory("style")] });
  expect(inner()).toBe("all");
});

test("prompts that are dropped on a directory are told; nothing else is taken", () => {
  const carried = { "text/x-prompt-paths": '["data/x", 7, "data/y"]' };
  show();
  expect(drag("dragover", line("/style"), carried).defaultPrevented).toBe(true);
  expect(line("/style").hasAttribute("data-drop")).toBe(true);
  drag("drop", line("/style"), carried);
  expect(line("/style").hasAttribute("data-drop")).toBe(false);
  for (const key of ["all", "favourites"]) expect(drag("dragover", line(key), carried).defaultPrevented).toBe(false);
  expect(drag("dragover", line("/style"), { "text/plain": "x" }).defaultPrevented).toBe(false);
  for (const text of ["{", "{}", "[]"]) drag("drop", line("/style"), { "text/x-prompt-paths": text });
  expect(told).toEqual([["move", { paths: ["data/x", "data/y"], to: "style" }]]);
});

test("a folded directory unfolds when something is held over it", () => {
  vi.useFakeTimers();
  show();
  (line("/data").querySelector(".pk-twist") as HTMLElement).click();
  drag("dragover", line("/data"), { "text/x-prompt-paths": "[]" });
  vi.advanceTimersByTime(600);
  expect(keys()).toContain("/data/sql");
});
