// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderBrowse } from "../src/browse";
import { insertCell } from "../src/browse-cell";
import { diffLines } from "../src/browse-diff";
import type { BrowsePreview, BrowseRow, Field, PromptData } from "../src/browse-data";
import type { Model } from "../src/comm";

type Asked = { kind: string; id: string; do: string } & Record<string, unknown>;
type Handler = (content: unknown) => void;

/** A notebook's model: its cells by what they put out, and the cells that were inserted. */
const notebook = (...outputs: Record<string, unknown>[][]) => {
  const inserted: [number, string][] = [];
  const items = outputs.map((some) => ({ outputs: { length: some.length, get: (at: number) => ({ data: some[at] }) } }));
  const model = {
    cells: { length: items.length, get: (at: number) => items[at] },
    sharedModel: { insertCell: (index: number, { source }: { source: string }) => void inserted.push([index, source]) },
  };
  return { model, inserted };
};
const view = (id: string): Record<string, unknown> => ({ "application/vnd.jupyter.widget-view+json": { model_id: id } });

const row = (path: string, more: Partial<BrowseRow> = {}): BrowseRow => ({ path, description: "", version: 1, enabled: true, snippet: [], ...more });
const field = (name: string, more: Partial<Field> = {}): Field => ({
  name, type: "string", choices: [], default: null, description: "", required: true, taken: null, ...more,
});
const directory = (path: string) => ({ path, name: path.split("/").at(-1) ?? "", prompts: 2, enabled: true, linked: false });
const PROMPT: PromptData = {
  path: "style/tone", uid: "u1", version: 3, newest: 3, labels: { production: 2 }, description: "How to sound", tags: ["style"],
  engine: "simple", enabled: true, author: "ana", updated: "2026-11-20 14:03 UTC", text: "Speak in a {{ tone }} voice.", characters: 28,
};
const PREVIEW: BrowsePreview = {
  fields: [field("tone", { type: "enum", choices: ["formal", "plain"], default: "plain", description: "How to sound" }), field("code")],
  problems: {}, missing: ["code"], characters: 1200, tokens: 300, tokenizer: "characters / 4", exact: false, cut: false,
  pieces: [
    { text: "Hello ", path: "style/tone", version: 3, variable: null, origin: 0 },
    { text: "<b>world</b>", path: "a/b", version: 2, variable: "code", origin: 1 },
  ],
  diagnostics: [{ severity: "error", message: "There is no prompt 'nowhere'.", path: "style/tone", line: 4 }],
};
const ANSWERS: Record<string, (asked: Asked) => Record<string, unknown>> = {
  begin: () => ({
    where: "sqlite:///prompts.db", revision: "1", directories: [directory("style"), directory("data")], total: 3,
    counts: { favourites: 1, recent: 0 },
  }),
  revision: () => ({ revision: "1" }),
  list: () => ({ rows: [row("style/tone", { description: "How <i>to</i> sound" }), row("data/sql"), row("top", { enabled: false })], more: false, cut: false }),
  prompt: ({ path }) => ({ ...PROMPT, path: String(path).split("@")[0] }),
  preview: () => ({ ...PREVIEW }),
  whole: () => ({ text: "the whole 👍", incomplete: "" }),
  cell: ({ path }) => ({ source: `text = %prompt ${path}`, remark: "" }),
  history: () => ({
    versions: [3, 2, 1].map((number) => ({
      number, labels: number === 2 ? ["production"] : [], author: "ana", origin: "notebook", at: "2026-11-20 14:03 UTC", message: `change ${number}`, characters: 5,
    })),
    left: 0,
  }),
  edit: () => ({ model: "e1" }),
  leave: () => ({}),
  diff: ({ before, after }) => ({ before: `style/tone@${before}`, after: `style/tone@${after}`, lines: ["@@ -1 +1 @@", "-a cat", "+a dog"], left: 0, long: false }),
};

let el: HTMLElement;
let asked: Asked[];
let hear: Handler;
let stop: () => void;
let cells: ReturnType<typeof notebook>;
let whole: Model;
/** The kernel has gone. */
let die: () => void;
/** What the kernel says instead of its usual answer; null for nothing at all. */
let says: Record<string, Record<string, unknown> | string | null>;

const reply = (content: Asked): void => {
  const other = says[content.do];
  if (other === null) return;
  const answer = typeof other === "string" ? { ok: false, problem: other } : { ok: true, ...ANSWERS[content.do]?.(content), ...other };
  hear({ kind: "answer", id: content.id, ...answer });
};
const fakeModel = (start: string): Model => ({
  get: () => ({ model: "w1", start }),
  set: vi.fn(),
  save_changes: vi.fn(),
  send: (content) => {
    asked.push(content as Asked);
    queueMicrotask(() => { reply(content as Asked); });
  },
  on: (event, handler) => { if (event === "msg:custom") hear = handler as unknown as Handler; },
  off: () => { hear = () => undefined; },
  widget_manager: { context: { model: cells.model }, get_model: (id) => Promise.resolve(id === "w1" ? whole : { ...fakeModel(""), get: () => id }) },
});
/** Stands for the editor. */
const edit = ({ model, el: into }: { model: Model; el: HTMLElement }): (() => void) => {
  into.textContent = `the editor ${model.get("id")}`;
  return () => { into.textContent = ""; };
};
const settle = async (): Promise<void> => { await vi.advanceTimersByTimeAsync(300); };
const show = async (start = ""): Promise<void> => {
  stop = renderBrowse({ model: fakeModel(start), el }, edit);
  await settle();
};
const root = (): ShadowRoot => el.firstElementChild?.shadowRoot as ShadowRoot;
const all = <E extends HTMLElement = HTMLElement>(selector: string): E[] => [...root().querySelectorAll<E>(selector)];
const one = <E extends HTMLElement = HTMLElement>(selector: string): E => {
  const found = all<E>(selector).find((each) => !each.closest("[hidden]"));
  if (!found) throw new Error(`There is no ${selector}.`);
  return found;
};
const button = (says: string): HTMLElement => {
  const found = all("button").find((each) => each.textContent === says);
  if (!found) throw new Error(`There is no button ${says}.`);
  return found;
};
const press = (on: Element, key: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  return event;
};
const type = (into: HTMLElement, text: string): void => {
  (into as HTMLInputElement).value = text;
  into.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
};
const paths = (): string[] => all("[role=option][data-path]").map((each) => each.dataset["path"] ?? "");
const chosen = (): string[] => all("[role=option][data-path][aria-selected=true]").map((each) => each.dataset["path"] ?? "");
const last = (does: string): Asked | undefined => asked.findLast((each) => each.do === does);

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  asked = [];
  says = {};
  cells = notebook([], [{ "text/plain": "7" }, view("w1")], []);
  whole = { ...fakeModel(""), on: (_event, handler) => { die = handler as unknown as () => void; }, off: () => undefined };
  stop = () => undefined;
  el = document.createElement("div");
  document.body.append(el);
});

afterEach(() => {
  stop();
  el.remove();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("the panel shows the tree and the first prompts, as texts", async () => {
  await show();
  expect(all("[role=treeitem]").map((each) => each.getAttribute("aria-label"))).toEqual([
    "All prompts, 3 prompts", "Favourites, 1 prompt", "Recent, 0 prompts", "data, 2 prompts", "style, 2 prompts",
  ]);
  expect(all("[role=option][data-path]").map((each) => each.textContent)).toEqual(["tonestyle/How <i>to</i> sound", "sqldata/", "topdisabled"]);
  expect(one(".pk-prompt-hint").textContent).toBe("Choose a prompt to see what it says.");
  expect(one(".pk-browse-where").textContent).toBe("sqlite:///prompts.db");
});

test("a directory that is chosen asks for its prompts", async () => {
  await show();
  all("[role=treeitem]")[4]?.click();
  await settle();
  expect(last("list")).toMatchObject({ view: "directory", directory: "style", words: "", after: "" });
});

test("what is searched is asked for, and what was found is marked", async () => {
  await show();
  says["list"] = { rows: [row("data/sql", { snippet: [["say ", false], ["<plain>", true], ["ly", false]] })], cut: true };
  type(one("input[type=search]"), "plain");
  await settle();
  expect(last("list")).toMatchObject({ view: "all", words: "plain" });
  expect([paths(), one("mark").textContent, one(".pk-found-said").textContent]).toEqual([
    ["data/sql"], "<plain>", "There are more; say more precisely what you look for.",
  ]);
  says["list"] = { rows: [] };
  type(one("input[type=search]"), "zebra");
  await settle();
  expect(one(".pk-found-said").textContent).toBe("Nothing matches.");
});

test("a search from the favourites is a search of all", async () => {
  await show();
  all("[role=treeitem]")[1]?.click();
  type(one("input[type=search]"), "x");
  await settle();
  expect(last("list")).toMatchObject({ view: "all", words: "x" });
});

test("from the search box the arrow goes into the list, whose arrows choose", async () => {
  await show();
  press(one("input[type=search]"), "ArrowDown");
  await settle();
  expect([chosen(), root().activeElement?.getAttribute("role")]).toEqual([["style/tone"], "listbox"]);
  const list = one("[role=listbox]");
  press(list, "ArrowDown");
  press(list, "End");
  await settle();
  expect([chosen(), list.getAttribute("aria-activedescendant"), last("prompt")?.["path"]]).toEqual([
    ["top"], all("[data-path=top]")[0]?.id, "top",
  ]);
  press(list, "Home");
  press(list, "ArrowUp");
  expect(chosen()).toEqual(["style/tone"]);
});

test("who goes on before the rows are here goes to the first of those that were searched", async () => {
  await show();
  says["list"] = { rows: [row("data/json"), row("top")] };
  type(one("input[type=search]"), "json");
  press(one("input[type=search]"), "Enter");
  expect(last("list")).toMatchObject({ words: "json" });
  expect(chosen()).toEqual([]);
  await settle();
  expect([chosen(), last("prompt")?.["path"]]).toEqual([["data/json"], "data/json"]);
});

test("while other rows are on their way, no more of the old ones are asked for", async () => {
  says["list"] = { rows: [row("a"), row("b")], more: true };
  await show();
  says["list"] = null;
  all("[role=treeitem]")[4]?.click();
  const before = asked.filter((each) => each.do === "list").length;
  press(one("[role=listbox]"), "End");
  await settle();
  expect(asked.filter((each) => each.do === "list").length).toBe(before);
});

test("the end of the list brings the next page", async () => {
  says["list"] = { rows: [row("a"), row("b")], more: true };
  await show();
  says["list"] = { rows: [row("c")], more: false };
  press(one("[role=listbox]"), "End");
  await settle();
  expect([last("list")?.["after"], paths()]).toEqual(["b", ["a", "b", "c"]]);
  const before = asked.length;
  press(one("[role=listbox]"), "End");
  await settle();
  expect(asked.slice(before).map((each) => each.do)).toEqual(["prompt", "preview"]);
});

test("a chosen prompt shows its expansion by origin, with counts, what is missing and what is wrong", async () => {
  await show();
  all("[data-path='style/tone']")[0]?.click();
  await settle();
  expect(one("h3").textContent).toBe("style/tone");
  expect(one(".pk-prompt-facts").textContent).toBe("version 3 · ana · 2026-11-20 14:03 UTCstyle");
  expect(one(".pk-preview-head").textContent).toBe("1,200 characters from 2 prompts≈ 300 tokens");
  expect(one(".pk-preview-head [title]").title).toBe("Counted by: characters / 4");
  expect(one(".pk-missing").textContent).toBe("Not filled in: code");
  expect(all(".pk-finding-list li").map((each) => each.textContent)).toEqual(["style/tone, line 4: There is no prompt 'nowhere'."]);
  expect(all(".pk-legend li").map((each) => each.textContent)).toEqual(["this prompt", "a/bv2"]);
  expect(all(".pk-expansion span").map((each) => [each.className, each.title, each.textContent])).toEqual([
    ["pk-own", "this prompt", "Hello "], ["pk-origin pk-origin-1 pk-filled", "the variable code, of a/b, version 2", "<b>world</b>"],
  ]);
});

test("a prompt's inclusion is one click away", async () => {
  await show("style/tone");
  all(".pk-legend button")[0]?.click();
  await settle();
  expect(last("prompt")?.["path"]).toBe("a/b");
});

test("the form has a control for each type, and says what counts while it is empty", async () => {
  says["preview"] = {
    fields: [
      field("text", { description: "the <b>code</b>" }), field("tone", { type: "enum", choices: ["formal", "plain"], default: "plain" }),
      field("n", { type: "integer", default: "3" }), field("x", { type: "number", taken: "2.5" }), field("on", { type: "boolean", default: "true" }),
      field("off", { type: "boolean" }), field("note", { required: false }), field("end", { default: "" }),
    ],
  };
  await show("style/tone");
  const controls = all<HTMLInputElement>(".pk-field-row :is(input, select, textarea)");
  const kinds = controls.map((each) => [each.tagName, each.type, each.placeholder || each.querySelector?.("option")?.textContent || ""]);
  expect(kinds).toEqual([
    ["TEXTAREA", "textarea", "needs a value"], ["SELECT", "select-one", "default: plain"], ["INPUT", "number", "default: 3"],
    ["INPUT", "number", "from the notebook: 2.5"], ["INPUT", "checkbox", ""], ["INPUT", "checkbox", ""], ["TEXTAREA", "textarea", "may stay empty"],
    ["TEXTAREA", "textarea", "default: empty"],
  ]);
  expect(controls.map((each) => root().querySelector(`label[for="${each.id}"]`)?.textContent)).toEqual(["text", "tone", "n", "x", "on", "off", "note", "end"]);
  expect([controls[4]?.checked, controls[4]?.indeterminate, controls[5]?.indeterminate]).toEqual([true, false, true]);
  expect(all(".pk-field-about")[0]?.textContent).toBe("the <b>code</b>");
  expect(last("preview")?.["values"]).toEqual({});
});

test("what is typed is expanded after a pause, and what does not fit is said at its field", async () => {
  await show("style/tone");
  const [tone, code] = all<HTMLInputElement>(".pk-field-row :is(select, textarea)");
  type(code!, "x");
  type(code!, "x = 1");
  type(tone!, "formal");
  const before = asked.length;
  says["preview"] = { problems: { code: "code='x = 1' does not fit." }, missing: [] };
  await settle();
  expect(asked.slice(before)).toEqual([expect.objectContaining({ do: "preview", path: "style/tone", values: { code: "x = 1", tone: "formal" } })]);
  expect([code!.getAttribute("aria-invalid"), tone!.getAttribute("aria-invalid")]).toEqual(["true", null]);
  const [, problem] = (code!.getAttribute("aria-describedby") ?? "").split(" ");
  expect(root().getElementById(problem ?? "")?.textContent).toBe("code='x = 1' does not fit.");
  expect([code!.value, tone!.value]).toEqual(["x = 1", "formal"]);
});

test("a box that says what counts anyway gives no value", async () => {
  says["preview"] = { fields: [field("on", { type: "boolean", default: "true" }), field("off", { type: "boolean" })] };
  await show("style/tone");
  const [on, off] = all<HTMLInputElement>(".pk-field-row input");
  const toggle = async (box: HTMLInputElement): Promise<unknown> => {
    box.indeterminate = false;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
    return last("preview")?.["values"];
  };
  expect(await toggle(on!)).toEqual({ on: "false" });
  expect(await toggle(on!)).toEqual({});
  expect(await toggle(off!)).toEqual({ off: "true" });
  expect(await toggle(off!)).toEqual({ off: "false" });
  button("Clear").click();
  await settle();
  expect([last("preview")?.["values"], on!.checked, off!.indeterminate]).toEqual([{}, true, true]);
});

test("another prompt has a form of its own", async () => {
  await show("style/tone");
  type(all("textarea")[0]!, "x = 1");
  all("[data-path=top]")[0]?.click();
  await settle();
  expect([last("preview"), all<HTMLTextAreaElement>("textarea")[0]?.value]).toEqual([expect.objectContaining({ path: "top", values: {} }), ""]);
});

test("while the kernel works on one expansion, only the newest of those typed meanwhile is asked for", async () => {
  await show("style/tone");
  says["preview"] = null;
  for (const text of ["a", "ab", "abc", "abcd"]) {
    type(all("textarea")[0]!, text);
    await settle();
  }
  expect(asked.filter((each) => each.do === "preview").map((each) => (each["values"] as { code?: string }).code)).toEqual([undefined, "a"]);
  says = {};
  reply(last("preview")!);
  await settle();
  expect(last("preview")?.["values"]).toEqual({ code: "abcd" });
});

test("a kernel that does not answer is waited for, and that is said", async () => {
  await show();
  says["prompt"] = says["preview"] = null;
  all("[data-path=top]")[0]?.click();
  await vi.advanceTimersByTimeAsync(1000);
  expect(one(".pk-browse-waiting").textContent).toBe("Waiting for the kernel, which may be busy with a cell.");
  says = {};
  reply(last("prompt")!);
  await settle();
  expect([root().querySelector(".pk-browse-waiting")?.textContent, one("h3").textContent]).toEqual(["", "top"]);
});

test("a kernel that has gone is said, and nothing is asked of it any more", async () => {
  await show("style/tone");
  whole.comm_live = false;
  die();
  const gone = "The kernel of this notebook was restarted, or has ended. Run the cell again to go on.";
  expect(one("[role=alert]").textContent).toBe(gone);
  const before = asked.length;
  button("Copy").click();
  await settle();
  expect([asked.length - before, one(".pk-browse-said").textContent]).toEqual([0, gone]);
});

test("an answer that was lost on its way is noticed by the next one", async () => {
  await show("style/tone");
  says["whole"] = null;
  button("Copy").click();
  await settle();
  expect(one(".pk-browse-said").textContent).toBe("");
  type(all("textarea")[0]!, "x");
  await settle();
  expect(one(".pk-browse-said").textContent).toBe("An answer was lost on its way; try again.");
});

test("a version that is chosen is what is shown, copied and inserted", async () => {
  await show("style/tone@production");
  const pin = one<HTMLSelectElement>(".pk-pin");
  expect([...pin.options].map((each) => [each.value, each.textContent])).toEqual([
    ["", "newest (v3)"], ["production", "production (v2)"], ["3", "v3"], ["2", "v2"], ["1", "v1"],
  ]);
  expect([pin.value, last("preview")?.["path"]]).toEqual(["production", "style/tone@production"]);
  pin.value = "1";
  pin.dispatchEvent(new Event("change"));
  await settle();
  button("Insert as a cell").click();
  await settle();
  expect([last("preview")?.["path"], cells.inserted]).toEqual(["style/tone@1", [[2, "text = %prompt style/tone@1"]]]);
});

test("inserting puts a cell below the one of the panel, and says so", async () => {
  await show("style/tone");
  says["cell"] = { remark: "The magics use another store." };
  button("Insert as a cell").click();
  await settle();
  expect([cells.inserted, one(".pk-browse-said").textContent]).toEqual([
    [[2, "text = %prompt style/tone"]], "Put a new cell below this one. The magics use another store.",
  ]);
  await vi.advanceTimersByTimeAsync(8000);
  expect(one(".pk-browse-said").textContent).toBe("");
});

test("where the cell of a panel is not found, the new one comes at the end; where none is taken, it is said", () => {
  const model = (context: unknown): Model => ({ ...fakeModel(""), widget_manager: { context } }) as Model;
  const { model: book, inserted } = notebook([view("other")], [], [view("w1")], []);
  expect(insertCell(model({ model: book }), "w1", "a")).toBe(true);
  expect(insertCell(model({ model: book }), "w9", "b")).toBe(true);
  expect(inserted).toEqual([[3, "a"], [4, "b"]]);
  const refuses = { ...book, sharedModel: { insertCell: () => { throw new Error("no"); } } };
  for (const context of [undefined, {}, { model: {} }, { model: { ...book, readOnly: true } }, { model: refuses }]) {
    expect(insertCell(model(context), "w1", "c")).toBe(false);
  }
});

test("where the notebook takes no cell, the cell is in the clipboard", async () => {
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  delete (cells.model as { sharedModel?: unknown }).sharedModel;
  await show("style/tone");
  button("Insert as a cell").click();
  await settle();
  expect(write.mock.calls).toEqual([["text = %prompt style/tone"]]);
  expect(one(".pk-browse-said").textContent).toBe("This notebook takes no cells from a panel: the cell is in the clipboard, paste it.");
});

test("copying takes the whole expansion, and tells what is not right about it", async () => {
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  await show("style/tone");
  button("Copy").click();
  await settle();
  expect([write.mock.calls, one(".pk-browse-said").textContent]).toEqual([[["the whole 👍"]], "Copied the expanded text, 11 characters."]);
  says["whole"] = { incomplete: "No value was given for the variable code." };
  button("Copy").click();
  await settle();
  expect(one(".pk-browse-said").textContent).toBe("Copied the expanded text, 11 characters. It is not complete: No value was given for the variable code.");
});

test("the history shows what each version changed, and any two of them", async () => {
  await show("style/tone");
  button("History").click();
  await settle();
  expect(all("[data-version]").map((each) => each.textContent)).toEqual([
    "v3change 3ana · 2026-11-20 14:03 UTC", "v2productionchange 2ana · 2026-11-20 14:03 UTC", "v1change 1ana · 2026-11-20 14:03 UTC",
  ]);
  expect(last("diff")).toMatchObject({ path: "style/tone", before: 2, after: 3, expanded: false });
  expect(all(".pk-diff > div").map((each) => [each.className, each.innerHTML])).toEqual([
    ["pk-diff-place", "@@ -1 +1 @@"], ["pk-diff-del", "-a <del>cat</del>"], ["pk-diff-ins", "+a <ins>dog</ins>"],
  ]);
  press(one(".pk-versions"), "ArrowDown");
  await settle();
  expect(last("diff")).toMatchObject({ before: 1, after: 2 });
  press(one(".pk-versions"), "End");
  await settle();
  expect(one(".pk-history > .pk-quiet").textContent).toBe("This is where it begins.");
  const [before, after] = all<HTMLSelectElement>(".pk-history-bar select");
  before!.value = "1";
  after!.value = "3";
  one<HTMLInputElement>(".pk-history-expanded input").checked = true;
  after!.dispatchEvent(new Event("change"));
  await settle();
  expect(last("diff")).toMatchObject({ before: 1, after: 3, expanded: true });
});

test("the editor takes the prompt's place until it is closed, or another prompt is chosen", async () => {
  await show("style/tone");
  const inside = (): string | null | undefined => one(".pk-browse-editor-host > div").shadowRoot?.textContent;
  button("Edit").click();
  await settle();
  expect([last("edit")?.["path"], inside()]).toEqual(["style/tone", "the editor e1"]);
  expect([all(".pk-prompt")[0]?.hidden, root().activeElement?.textContent]).toEqual([true, "Close the editor"]);
  button("Close the editor").click();
  await settle();
  expect([last("leave")?.do, all(".pk-browse-editor")[0]?.hidden, one("h3").textContent]).toEqual(["leave", true, "style/tone"]);
  button("Edit").click();
  await settle();
  all("[data-path=top]")[0]?.click();
  await settle();
  expect([all(".pk-browse-editor")[0]?.hidden, one("h3").textContent]).toEqual([true, "top"]);
});

test("an editor that cannot be opened is a sentence", async () => {
  says["edit"] = "A store in memory is one connection's alone.";
  await show("style/tone");
  button("Edit").click();
  await settle();
  expect([one(".pk-browse-said").textContent, one("h3").textContent]).toEqual(["A store in memory is one connection's alone.", "style/tone"]);
});

test("the tabs walk by arrows, and each names its panel", async () => {
  await show("style/tone");
  const tabs = all("[role=tab]");
  press(tabs[0]!, "ArrowRight");
  expect([tabs.map((each) => [each.getAttribute("aria-selected"), each.tabIndex]), root().activeElement === tabs[1]]).toEqual([
    [["false", -1], ["true", 0], ["false", -1]], true,
  ]);
  expect(one("[role=tabpanel]").getAttribute("aria-labelledby")).toBe(tabs[1]!.id);
  expect(one(".pk-expansion").textContent).toBe("Speak in a {{ tone }} voice.");
  press(tabs[1]!, "ArrowLeft");
  press(tabs[0]!, "ArrowLeft");
  expect(tabs.map((each) => each.getAttribute("aria-selected"))).toEqual(["false", "false", "true"]);
});

test("a store that is away is one sentence in place, and can be tried again", async () => {
  says["begin"] = "The store of http://127.0.0.1:9 cannot be reached.";
  await show();
  expect([one("[role=alert]").textContent, paths()]).toEqual(["The store of http://127.0.0.1:9 cannot be reached.", []]);
  says = {};
  button("Try again").click();
  await settle();
  expect([all(".pk-browse-trouble")[0]?.hidden, paths().length]).toEqual([true, 3]);
});

test("what is wrong with one prompt is said in its place", async () => {
  await show();
  says = { prompt: "There is no prompt 'gone'.", preview: "There is no prompt 'gone'." };
  all("[data-path=top]")[0]?.click();
  await settle();
  expect(all(".pk-problem").filter((each) => !each.closest("[hidden]")).map((each) => each.textContent)).toEqual(["There is no prompt 'gone'."]);
  says["whole"] = "There is no prompt 'gone'.";
  button("Copy").click();
  await settle();
  expect([one(".pk-browse-said").textContent, one(".pk-browse-said").hasAttribute("data-bad")]).toEqual(["There is no prompt 'gone'.", true]);
});

test("a store that has changed is looked at again when somebody comes back to the panel", async () => {
  await show("style/tone");
  type(all("textarea")[0]!, "kept");
  await vi.advanceTimersByTimeAsync(3000);
  says["revision"] = { revision: "2" };
  says["begin"] = { revision: "2" };
  says["list"] = { rows: [row("new")] };
  one(".pk-browse").dispatchEvent(new Event("pointerenter"));
  await settle();
  expect([paths(), all<HTMLTextAreaElement>("textarea")[0]?.value]).toEqual([["new"], "kept"]);
  const before = asked.length;
  one(".pk-browse").dispatchEvent(new Event("pointerenter"));
  await settle();
  expect(asked.length).toBe(before);
});

test("a directory may be where it begins", async () => {
  await show("data/");
  expect(last("list")).toMatchObject({ view: "directory", directory: "data" });
  expect(all("[role=treeitem][aria-selected=true]").map((each) => each.title)).toEqual(["data"]);
});

test("keys stay in the panel, but for those that are the notebook's", async () => {
  await show();
  const heard: string[] = [];
  const listen = (event: KeyboardEvent): void => { heard.push(event.key); };
  document.addEventListener("keydown", listen);
  for (const [key, more] of [["d", {}], ["Enter", { shiftKey: true }], ["a", { ctrlKey: true }], ["s", { ctrlKey: true }]] as const) {
    press(one("input[type=search]"), key, more);
  }
  document.removeEventListener("keydown", listen);
  expect(heard).toEqual(["s"]);
});

test("a panel that goes stops listening and is gone", async () => {
  await show();
  stop();
  expect([el.childElementCount, hear({ kind: "answer", id: "1" })]).toEqual([0, undefined]);
});

test("lines that went and came pair up only where they are as many", () => {
  const shown = (lines: string[]): string[] => diffLines(lines).map((each) => each.innerHTML);
  expect(shown([" a", "-b 👍 c", "-d", "+b 👎 c", "+d", "-x", "+y", "+z"])).toEqual([
    " a", "-b <del>👍</del> c", "-d", "+b <ins>👎</ins> c", "+d", "-x", "+y", "+z",
  ]);
});
