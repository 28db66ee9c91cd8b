/** What a prompt expands to with what was typed: counts, what is wrong, and the text by origin. */

import type { BrowsePreview, Finding } from "./browse-data";
import { element } from "./host";
import { plural } from "./numbers";
import { legendOf, originsOf, spans } from "./pieces";

export class ExpansionView {
  readonly #counts = element("div", { className: "pk-preview-head" }, "…");
  readonly #problem = element("div", { className: "pk-problem", role: "status", hidden: true });
  readonly #missing = element("div", { className: "pk-missing", role: "status", hidden: true });
  readonly #findings = element("ul", { className: "pk-finding-list", ariaLabel: "Problems", hidden: true });
  readonly #legend = element("ul", { className: "pk-legend", ariaLabel: "Where the text comes from", hidden: true });
  readonly #text = element("div", { className: "pk-expansion", tabIndex: 0, role: "region", ariaLabel: "Expanded text", dir: "auto" });
  readonly node = element("div", { className: "pk-preview" }, this.#counts, this.#problem, this.#missing, this.#findings, this.#legend, this.#text);
  readonly #open: (path: string) => void;
  #pieces = "";

  /** `open` is to go to another prompt. */
  constructor(open: (path: string) => void) {
    this.#open = open;
  }

  show(preview: BrowsePreview): void {
    const { pieces, missing, diagnostics } = preview;
    this.#count(preview);
    this.#problem.hidden = true;
    this.#missing.textContent = `Not filled in: ${missing.join(", ")}`;
    this.#missing.hidden = missing.length === 0;
    this.#findings.replaceChildren(...diagnostics.map((finding) => this.#finding(finding)));
    this.#findings.hidden = diagnostics.length === 0;
    const origins = originsOf(pieces);
    this.#legend.replaceChildren(...legendOf(origins, (path) => this.#link(path)));
    this.#legend.hidden = origins.every(({ origin }) => origin === 0);
    const now = JSON.stringify(pieces);
    if (now !== this.#pieces) this.#text.replaceChildren(...spans(pieces));
    this.#pieces = now;
    this.#text.hidden = false;
    this.stale(false);
  }

  /** Show nothing, and say in one sentence why; with "" that is said elsewhere. */
  complain(problem: string): void {
    this.empty();
    this.#counts.textContent = "";
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === "";
    this.#text.hidden = true;
  }

  /** Forget what is shown: another prompt comes. */
  empty(): void {
    this.#counts.textContent = "…";
    this.#pieces = "";
    this.#text.replaceChildren();
    this.#problem.hidden = this.#missing.hidden = this.#findings.hidden = this.#legend.hidden = true;
    this.stale(false);
  }

  /** Whether a newer expansion is on its way. */
  stale(is: boolean): void {
    this.#text.setAttribute("aria-busy", String(is));
  }

  #count({ characters, tokens, tokenizer, exact, cut, pieces }: BrowsePreview): void {
    const prompts = originsOf(pieces).length;
    const from = prompts > 1 ? ` from ${plural(prompts, "prompt")}` : "";
    const counted = element("span", { title: `Counted by: ${tokenizer}` }, `${exact ? "" : "≈ "}${plural(tokens, "token")}`);
    const parts: (Node | string)[] = [element("span", {}, `${plural(characters, "character")}${from}`), counted];
    if (cut) parts.push(element("span", {}, "the beginning is shown"));
    this.#counts.replaceChildren(...parts);
  }

  #finding({ severity, message, path, line }: Finding): HTMLElement {
    const where = path === "" ? "" : `${path}, line ${line}: `;
    return element("li", { "data-severity": severity }, element("span", { className: "pk-quiet" }, where), message);
  }

  #link(path: string): HTMLElement {
    const made = element("button", { type: "button", className: "pk-where", title: `Go to ${path}` }, path);
    made.addEventListener("click", () => { this.#open(path); });
    return made;
  }
}
