import { Text } from "@codemirror/state";
import { expect, test } from "vitest";
import { beginning, insertion } from "../src/complete";
import { clean } from "../src/input";
import { findAll, MOST_MATCHES, type Query } from "../src/matching";
import { characters, plural } from "../src/numbers";
import type { Diagnostic, InclusionInfo } from "../src/protocol";
import { locate, respell } from "../src/underline";
import { previewOf } from "./room";

const query = (find: string, more: Partial<Query> = {}): Query => ({ find, replacement: "", regex: false, matchCase: false, ...more });
const found = (text: string, asked: Query): [string, string][] =>
  findAll(text, asked).matches.map(({ from, to, insert }) => [text.slice(from, to), insert]);

test.each<[string, Query, [string, string][]]>([
  ["Tone tone TONE", query("tone"), [["Tone", ""], ["tone", ""], ["TONE", ""]]],
  ["Tone tone", query("tone", { matchCase: true }), [["tone", ""]]],
  ["a.b a+b", query("a.b"), [["a.b", ""]]],
  ["$1 costs", query("$1", { replacement: "$&" }), [["$1", "$&"]]],
  ["ann bob", query("(\\w)(\\w+)", { regex: true, replacement: "$2$1$$ $&" }), [["ann", "nna$ ann"], ["bob", "obb$ bob"]]],
  ["x-1", query("(?<name>x)-(\\d)", { regex: true, replacement: "$<name>$2$3$<no>" }), [["x-1", "x1$3"]]],
  ["abc", query("x*", { regex: true }), []],
  ["👋🏽 é", query(".", { regex: true, replacement: "!" }), [["👋", "!"], ["🏽", "!"], [" ", "!"], ["é", "!"]]],
  ["a\nb", query("^b", { regex: true }), [["b", ""]]],
  ["Straße", query("STRAßE"), [["Straße", ""]]],
])("in %j the query %j finds", (text, asked, wanted) => {
  expect(found(text, asked)).toEqual(wanted);
});

test("an expression that is none yet is explained, and finds nothing", () => {
  expect(findAll("text", query("(", { regex: true }))).toEqual({ matches: [], more: false, problem: expect.stringContaining("not a regular expression yet") });
  expect(findAll("text (", query("(")).matches).toHaveLength(1);
});

test("very many matches are counted up to a limit", () => {
  const many = findAll("a".repeat(MOST_MATCHES + 1), query("a"));
  expect([many.matches.length, many.more]).toEqual([MOST_MATCHES, true]);
});

test.each([
  ["see [[sty", { from: 6, typed: "sty" }],
  ["see [[", { from: 6, typed: "" }],
  ["![[a/b", { from: 3, typed: "a/b" }],
  ["see \\[[a", null],
  ["[[a]] b", null],
  ["[[a@", null],
  ["[[a(", null],
  ["[[a\nb", null],
  ["[a", null],
  ["`code ![[a", { from: 9, typed: "a" }],
])("the name that is being typed in %j", (text, wanted) => {
  expect(beginning(text, text.length)).toEqual(wanted);
});

test("in code a name is offered for the form that is active there only", () => {
  expect([beginning("`[[a`", 4), beginning("`![[a`", 5)]).toEqual([null, { from: 4, typed: "a" }]);
});

test.each([
  ["[[to", "tone", "[[tone]]|"],
  ["[[to|]] x", "style/tone", "[[style/tone]]| x"],
  ["[[to|ne]] x", "voice", "[[voice]]| x"],
  ["[[to|@3]]", "tone", "[[tone|@3]]"],
  ["[[to|(a=1)]]", "tone", "[[tone|(a=1)]]"],
  ["[[to| and [[other]]", "tone", "[[tone]]| and [[other]]"],
])("a name chosen in %j closes the brackets once", (marked, name, wanted) => {
  const at = marked.includes("|") ? marked.indexOf("|") : marked.length;
  const text = marked.replace("|", "");
  const { from, to, insert, cursor } = insertion(text, name, 2, at);
  const after = text.slice(0, from) + insert + text.slice(to);
  expect(`${after.slice(0, cursor)}|${after.slice(cursor)}`).toBe(wanted);
});

test.each([
  ["a\r\nb\rc", "a\nb\nc"],
  ["a\0b", "ab"],
  ["\ud83d x \udc4b", "\ufffd x \ufffd"],
  ["👋 שלום e\u0301", "👋 שלום e\u0301"],
])("%j comes in as %j", (text, wanted) => {
  expect(clean(text)).toBe(wanted);
});

const inclusion = (from: number, to: number, spelled: string): InclusionInfo => ({ from, to, spelled, target: null, version: null, near: [] });
const diagnostic = (from: number | null, to: number | null, code = "not-found"): Diagnostic => ({
  severity: "error", code, message: "", path: "a/b", line: 1, from, to, near: ["b"],
});

test("what the room found is placed by UTF-16 units", () => {
  const doc = Text.of(["👋👋 [[b]] [[b]]"]);
  const preview = previewOf({ inclusions: [inclusion(5, 10, "b"), inclusion(11, 16, "b")], diagnostics: [diagnostic(11, 16)] });
  expect(locate(doc, preview)).toEqual({ inclusions: preview.inclusions, diagnostics: preview.diagnostics });
});

test("what was typed meanwhile moves the underline, and what is gone has none", () => {
  const preview = previewOf({ inclusions: [inclusion(0, 8, "tonne"), inclusion(9, 14, "b")], diagnostics: [diagnostic(0, 9), diagnostic(9, 14), diagnostic(null, null)] });
  preview.diagnostics[0]!.to = 8;
  preview.inclusions[0]!.to = 8;
  const { inclusions, diagnostics } = locate(Text.of(["typed [[tonne]] and"]), { ...preview, inclusions: [{ ...preview.inclusions[0]!, to: 9 }, preview.inclusions[1]!], diagnostics: [{ ...preview.diagnostics[0]!, to: 9 }, preview.diagnostics[1]!, preview.diagnostics[2]!] });
  expect(inclusions.map(({ from, to }) => [from, to])).toEqual([[6, 15]]);
  expect(diagnostics.map(({ from, to }) => [from, to])).toEqual([[6, 15]]);
});

test("a fix changes the path and leaves pin and arguments", () => {
  expect(respell(Text.of(["see ![[tonne@3(x=1)]]"]), 4, 21, "style/tone")).toEqual({ from: 7, to: 12, insert: "style/tone" });
  expect(respell(Text.of(["see no inclusion"]), 4, 10, "x")).toBeNull();
});

test("characters are counted as people count them", () => {
  expect([characters("a👋é"), plural(1, "prompt"), plural(1200, "prompt")]).toEqual([3, "1 prompt", "1,200 prompts"]);
});
