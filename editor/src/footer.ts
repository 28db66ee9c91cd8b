/** The line under the text: what is wrong with it, and where the cursor is. */

import { nextDiagnostic } from "@codemirror/lint";
import type { EditorView } from "@codemirror/view";

import { element } from "./host";
import { characters, plural } from "./numbers";
import type { Diagnostic } from "./protocol";

export class Footer {
  readonly node: HTMLElement;
  private readonly findings = element("button", { type: "button", className: "pk-findings", title: "Go to the next problem (F8)" });
  private readonly place = element("span", { className: "pk-place" });

  constructor(private readonly view: () => EditorView) {
    this.node = element("div", { className: "pk-foot" }, this.findings, this.place);
    this.findings.addEventListener("click", () => {
      view().focus();
      nextDiagnostic(view());
    });
    this.showFindings([]);
  }

  /** Show where the cursor is. */
  show(): void {
    const { doc, selection } = this.view().state;
    const { head, from, to } = selection.main;
    const line = doc.lineAt(head);
    const column = characters(line.text.slice(0, head - line.from)) + 1;
    const selected = from < to ? `${characters(doc.sliceString(from, to)).toLocaleString("en")} selected · ` : "";
    this.place.textContent = `${selected}line ${line.number}, column ${column} · ${plural(characters(doc.toString()), "character")}`;
  }

  showFindings(diagnostics: readonly Diagnostic[]): void {
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    const others = diagnostics.length - errors;
    const said = [errors > 0 && plural(errors, "problem"), others > 0 && plural(others, "remark")].filter(Boolean).join(", ");
    this.findings.textContent = said || "No problems";
    this.findings.disabled = said === "";
    this.findings.dataset.tone = errors > 0 ? "bad" : others > 0 ? "warn" : "good";
  }
}
