/** The history of a prompt: its versions, and what changed between two of them. */

import type { Kernel } from "./browse-ask";
import { Lane } from "./browse-ask";
import type { Difference, Questions, VersionData } from "./browse-data";
import { diffLines } from "./browse-diff";
import { element } from "./host";
import { plural } from "./numbers";

export class History {
  readonly #versions = element("div", { className: "pk-versions", role: "listbox", tabIndex: 0, ariaLabel: "Versions" });
  readonly #before = element("select", { className: "pk-value", ariaLabel: "Compare from" });
  readonly #after = element("select", { className: "pk-value", ariaLabel: "Compare to" });
  readonly #expanded = element("input", { type: "checkbox", className: "pk-check" });
  readonly #older = element("div", { className: "pk-found-said", hidden: true });
  readonly #said = element("div", { className: "pk-quiet", role: "status" });
  readonly #problem = element("div", { className: "pk-problem", role: "status", hidden: true });
  readonly #lines = element("div", { className: "pk-diff", tabIndex: 0, role: "region", ariaLabel: "What changed", hidden: true });
  readonly #bar = element(
    "div", { className: "pk-history-bar" }, element("span", {}, "From"), this.#before, element("span", {}, "to"), this.#after,
    element("label", { className: "pk-history-expanded" }, this.#expanded, "expanded texts"),
  );
  readonly node = element("div", { className: "pk-history" }, this.#versions, this.#older, this.#bar, this.#said, this.#problem, this.#lines);
  readonly #history: Lane<"history">;
  readonly #diff: Lane<"diff">;
  #path = "";
  #shown: VersionData[] = [];

  constructor(kernel: Kernel) {
    const fail = (problem: string): void => { this.#complain(problem); };
    this.#history = new Lane(kernel, "history", (answer) => { this.#show(answer); }, fail);
    this.#diff = new Lane(kernel, "diff", (answer) => { this.#compare(answer); }, fail);
    for (const control of [this.#before, this.#after, this.#expanded]) control.addEventListener("change", () => { this.#ask(); });
    this.#versions.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-version]") : null;
      if (row) this.#choose(Number(row.dataset["version"]));
    });
    this.#versions.addEventListener("keydown", (event) => { this.#press(event); });
  }

  /** Show the versions of a prompt. */
  open(path: string): void {
    if (path !== this.#path) this.empty();
    this.#path = path;
    this.#history.ask({ path });
  }

  /** Forget what is shown: another prompt comes. */
  empty(): void {
    this.#path = "";
    this.#shown = [];
    this.#history.forget();
    this.#diff.forget();
    this.#versions.replaceChildren();
    this.#older.hidden = this.#bar.hidden = this.#lines.hidden = this.#problem.hidden = true;
    this.#said.textContent = "";
  }

  #show({ versions, left }: Questions["history"]["answer"]): void {
    const before = this.#shown[0]?.number;
    this.#shown = versions;
    this.#versions.replaceChildren(...versions.map(row));
    this.#older.textContent = `… and ${plural(left, "older version")}`;
    this.#older.hidden = left === 0;
    for (const select of [this.#before, this.#after]) {
      const chosen = select.value;
      select.replaceChildren(...versions.map(({ number }) => element("option", { value: String(number) }, String(number))));
      select.value = chosen;
    }
    this.#bar.hidden = versions.length < 2;
    this.#problem.hidden = true;
    const newest = versions[0]?.number;
    if (newest !== undefined && newest !== before) this.#choose(newest);
  }

  /** Show what a version changed. */
  #choose(number: number): void {
    const at = this.#shown.findIndex((version) => version.number === number);
    const older = this.#shown[at + 1];
    this.#after.value = String(number);
    this.#before.value = String(older?.number ?? number);
    this.#ask();
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const at = this.#shown.findIndex(({ number }) => String(number) === this.#after.value);
    const end = this.#shown.length - 1;
    const to = { ArrowDown: Math.min(at + 1, end), ArrowUp: Math.max(at - 1, 0), Home: 0, End: end }[event.key];
    const version = to === undefined ? undefined : this.#shown[to];
    if (!version) return;
    event.preventDefault();
    this.#choose(version.number);
  }

  #ask(): void {
    const [before, after] = [Number(this.#before.value), Number(this.#after.value)];
    for (const node of this.#versions.querySelectorAll<HTMLElement>("[data-version]")) {
      const is = Number(node.dataset["version"]) === after;
      node.setAttribute("aria-selected", String(is));
      if (is) node.scrollIntoView?.({ block: "nearest" });
    }
    if (before === after) {
      this.#diff.forget();
      this.#lines.hidden = this.#problem.hidden = true;
      this.#said.textContent = this.#shown.length === 1 ? "This is its only version." : "This is where it begins.";
    } else {
      this.#diff.ask({ path: this.#path, before, after, expanded: this.#expanded.checked });
    }
  }

  #compare({ before, after, lines, left, long }: Difference): void {
    this.#problem.hidden = true;
    this.#lines.hidden = lines.length === 0;
    this.#lines.replaceChildren(...diffLines(lines));
    if (left > 0) this.#lines.append(element("div", { className: "pk-diff-place" }, `… and ${plural(left, "more line")}`));
    const none = long ? "These texts are too long to compare here." : "There is no difference.";
    this.#said.textContent = lines.length === 0 ? none : `${before} → ${after}`;
  }

  #complain(problem: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = false;
    this.#lines.hidden = true;
    this.#said.textContent = "";
  }
}

function row({ number, labels, author, at, message }: VersionData): HTMLElement {
  const chips = labels.map((label) => element("span", { className: "pk-chip" }, label));
  const who = element("span", { className: "pk-quiet" }, [author, at].filter(Boolean).join(" · "));
  const said = element("span", { className: "pk-version-said", dir: "auto", title: message }, message);
  const node = element("div", { className: "pk-found-row pk-version-row", role: "option", "data-version": String(number) },
    element("span", { className: "pk-version-number" }, `v${number}`), ...chips, said, who);
  node.setAttribute("aria-selected", "false");
  return node;
}
