import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { codeSpans } from "../src/codespans";
import { tokens } from "../src/grammar";

const CASES = new URL("../../tests/cases/syntax/", import.meta.url);
const names = readdirSync(CASES).filter((name) => name.endsWith(".md"));

const shown = (text: string): [string, string][] => tokens(text).map(({ kind, from, to }) => [kind, text.slice(from, to)]);

test.each(names)("%s is read as the package reads it", (name) => {
  const text = readFileSync(new URL(name, CASES), "utf8");
  const wanted = JSON.parse(readFileSync(new URL(name.replace(/md$/, "json"), CASES), "utf8")) as [string, number, string][];
  const found = tokens(text).map(({ kind, from, to }) => {
    const line = text.slice(0, from).split("\n").length;
    return [kind[0]!.toUpperCase() + kind.slice(1), line, text.slice(from, to)];
  });
  expect(found).toEqual(wanted);
});

test.each([
  ["[[a]] [[style/tone@3]] [[a@live]]", [["inclusion", "[[a]]"], ["inclusion", "[[style/tone@3]]"], ["inclusion", "[[a@live]]"]]],
  ['[[a(x="]]", y=-1.5)]] [[a(x=b)]]', [["inclusion", '[[a(x="]]", y=-1.5)]]']]],
  ['[[a(x=1, y="b c", z=true)]]', [["inclusion", '[[a(x=1, y="b c", z=true)]]']]],
  ["[[a(x=1, x=2)]] [[a(=1)]] [[a()]]", [["inclusion", "[[a()]]"]]],
  ["[[rules/*]] [[*]] [[a/b*c]]", [["inclusion", "[[rules/*]]"], ["inclusion", "[[a/b*c]]"]]],
  ["{{ name }} {{1}} {{größe}} {{ a b }}", [["variable", "{{ name }}"], ["variable", "{{größe}}"]]],
  ["\\[[a]] \\{{ b }} \\[a]", [["escape", "\\[[a]]"], ["escape", "\\{{ b }}"]]],
  ["`[[a]]` `![[a]]` `{{ b }}`", [["quoted", "[[a]]"], ["inclusion", "![[a]]"], ["variable", "{{ b }}"]]],
  ["👋 [[día/café]] [[שלום]] [[1a]]", [["inclusion", "[[día/café]]"], ["inclusion", "[[שלום]]"]]],
  ["[[ a ]] [[a/]] [[a\nb]] [[[a]]]", [["inclusion", "[[a]]"]]],
])("the constructs of %j", (text, wanted) => {
  expect(shown(text)).toEqual(wanted);
});

test("the path within an inclusion is found, without its pin and arguments", () => {
  const text = "![[style/tone@2(x=1)]]";
  expect(tokens(text).map(({ path }) => text.slice(...path!))).toEqual(["style/tone"]);
});

test.each([
  ["a `b` c", ["`b`"]],
  ["```\na\n```\nb", ["```\na\n```"]],
  ["```\nopen", ["```\nopen"]],
  ["`a\n\nb`", []],
  ["\\`a` `", ["` `"]],
])("the code of %j", (text, wanted) => {
  expect(codeSpans(text).map(([from, to]) => text.slice(from, to))).toEqual(wanted);
});

test.each(["[[a(", "`", "`a` ", "``a` ", "[[a(\\"])("%j many times costs no more than its length", (part) => {
  const text = part.repeat(20_000);
  const start = performance.now();
  tokens(text);
  expect(performance.now() - start).toBeLessThan(2000);
});
