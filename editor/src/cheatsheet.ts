/** The language on one page: what may stand in a prompt, and the editor's keys. */

import { element } from "./host";
import { icon } from "./look";

type Line = readonly [code: string, meaning: string];

const MAC = /^Mac|^iP/.test(globalThis.navigator?.platform ?? "");
const MOD = MAC ? "⌘" : "Ctrl+";

const SECTIONS: readonly (readonly [title: string, note: string, lines: readonly Line[]])[] = [
  [
    "Inclusions",
    "Another prompt stands here.",
    [
      ["[[style/tone]]", "the prompt style/tone, as it is at its newest version"],
      ["[[tone]]", "the same by a shorter ending of its path, where that is unique"],
      ["[[style/tone@3]]", "version 3 of it, whatever comes later"],
      ["[[style/tone@production]]", "the version that carries the label production"],
      ['[[style/tone(formal=true, who="the team", n=3)]]', "with values for its variables: texts in quotes, numbers, true or false"],
      ["[[rules/*]]", "every prompt right in the directory rules; also rules/sql-*"],
    ],
  ],
  ["Variables", "A hole that is filled when the prompt is used.", [["{{ name }}", "a letter or _ first, then letters, digits and _"]]],
  [
    "Escapes",
    "A backslash makes the characters stand for themselves. It counts only before what would mean something.",
    [
      ["\\[[style/tone]]", "comes out as [[style/tone]]"],
      ["\\{{ name }}", "comes out as {{ name }}"],
    ],
  ],
  [
    "Code",
    "Between backticks and in fenced blocks brackets are code, and stay as they are. Variables are filled in code too.",
    [["![[style/tone]]", "an inclusion everywhere, also in code"]],
  ],
  [
    "Keys",
    "",
    [
      [`${MOD}S`, "save a version; with Shift, with a message"],
      ["Alt+C", "copy the expanded text"],
      [`${MOD}F`, "find; Alt+R find and replace"],
      [`${MOD}click`, `open the prompt that is included; ${MOD}Enter at the cursor`],
      ["Ctrl+Space", "names of prompts, after [["],
      ["F8", "the next problem"],
      [`${MOD}Z`, "undo your own changes"],
    ],
  ],
];

/** Open the sheet over the page; it closes by Escape, by its button, or by a click beside it. */
export function openCheatSheet(parent: HTMLElement): HTMLDialogElement {
  const close = element("button", { type: "button", className: "pk-button pk-button-bare", ariaLabel: "Close" }, icon("clear"));
  const dialog = element(
    "dialog",
    { className: "pk-dialog pk-padded pk-sheet", ariaLabel: "What may stand in a prompt" },
    element("header", {}, element("h2", {}, "What may stand in a prompt"), close),
    element("p", { className: "pk-quiet" }, "Everything else is text, and kept as it is."),
    ...SECTIONS.map(section),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  parent.append(dialog);
  dialog.showModal();
  return dialog;
}

function section([title, note, lines]: (typeof SECTIONS)[number]): HTMLElement {
  const rows = lines.flatMap(([code, meaning]) => [element("dt", {}, element("code", {}, code)), element("dd", {}, meaning)]);
  return element("section", {}, element("h3", {}, title), ...(note ? [element("p", {}, note)] : []), element("dl", {}, ...rows));
}
