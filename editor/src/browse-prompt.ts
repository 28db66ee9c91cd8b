/** One prompt in the panel: what it is, its form and expansion, its text, its history, and what can be done with it. */

import { type Kernel, Lane } from "./browse-ask";
import type { Filled, PromptData } from "./browse-data";
import { ExpansionView } from "./browse-expansion";
import { Form } from "./browse-form";
import { History } from "./browse-history";
import { Tabs } from "./browse-tabs";
import { element } from "./host";
import { icon, type IconName } from "./look";

/** What is typed is expanded after a pause; milliseconds. */
const PAUSE = 120;
const MOST_VERSIONS = 50;

/** What can be done with what is shown. */
export type Deed = "copy" | "insert" | "edit";
type Tab = "Preview" | "Text" | "History";

export class PromptView {
  readonly #kernel: Kernel;
  readonly #name = element("h3", { className: "pk-prompt-name", dir: "auto", tabIndex: -1 });
  readonly #pin = element("select", { className: "pk-value pk-pin", ariaLabel: "Version" });
  readonly #about = element("div", { className: "pk-prompt-about", dir: "auto" });
  readonly #facts = element("div", { className: "pk-prompt-facts" });
  readonly #text = element("div", { className: "pk-expansion", tabIndex: 0, role: "region", ariaLabel: "Text", dir: "auto" });
  readonly #form = new Form(() => { this.#typed(); });
  readonly #expansion: ExpansionView;
  readonly #history: History;
  readonly #problem = element("div", { className: "pk-problem", role: "status", hidden: true });
  readonly #tabs: Tabs<Tab>;
  readonly #body: HTMLElement;
  readonly #hint = element("div", { className: "pk-prompt-hint" }, "Choose a prompt to see what it says.");
  readonly node: HTMLElement;
  readonly #prompt: Lane<"prompt">;
  readonly #preview: Lane<"preview">;
  #path = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `open` is to go to another prompt; `act` is to do something with this one, of which `said` tells. */
  constructor(kernel: Kernel, open: (path: string) => void, act: (deed: Deed) => void, said: HTMLElement) {
    this.#kernel = kernel;
    this.#expansion = new ExpansionView(open);
    this.#history = new History(kernel);
    this.#prompt = new Lane(kernel, "prompt", (answer) => { this.#show(answer); }, (problem) => { this.#complain(problem); });
    this.#preview = new Lane(
      kernel, "preview",
      (answer) => {
        this.#form.show(answer.fields, answer.problems);
        this.#expansion.show(answer);
      },
      (problem) => { this.#expansion.complain(problem === this.#problem.textContent ? "" : problem); },
    );
    const preview = element("div", { className: "pk-panel pk-panel-wide" }, this.#form.node, this.#expansion.node);
    const text = element("div", { className: "pk-panel" }, this.#text);
    const history = element("div", { className: "pk-panel" }, this.#history.node);
    this.#tabs = new Tabs<Tab>("Prompt", { Preview: preview, Text: text, History: history }, (name) => {
      if (name === "History") this.#history.open(this.#path);
    });
    const tools = element(
      "div", { className: "pk-prompt-tools" },
      tool("Copy", "copy", "Copy the expanded text", () => { act("copy"); }),
      tool("Insert as a cell", "down", "Put a cell that loads this, with these values, below the panel", () => { act("insert"); }),
      tool("Edit", "edit", "Open it in the shared editor", () => { act("edit"); }),
    );
    const head = element("div", { className: "pk-prompt-head" }, this.#name, this.#pin);
    const bar = element("div", { className: "pk-prompt-bar" }, this.#tabs.node, tools);
    this.#body = element("div", { className: "pk-prompt-body", hidden: true }, head, this.#about, this.#facts, this.#problem, bar, said, preview, text, history);
    this.node = element("section", { className: "pk-prompt", ariaLabel: "Prompt" }, this.#hint, this.#body);
    this.#pin.addEventListener("change", () => { this.#ask(); });
  }

  /** What is shown now, as it is asked for: its path with the version that was chosen, and what was typed. */
  get filled(): Filled {
    return { path: this.#pinned, values: this.#form.values };
  }

  /** The path of what is shown, without a version. */
  get path(): string {
    return this.#path;
  }

  get #pinned(): string {
    return this.#pin.value === "" ? this.#path : `${this.#path}@${this.#pin.value}`;
  }

  /** Show a prompt, the newest version of it unless `pin` names one. */
  open(path: string, pin = ""): void {
    clearTimeout(this.#timer);
    if (path !== this.#path) this.#empty();
    this.#path = path;
    this.#pin.replaceChildren(option("", "newest"), ...(pin === "" ? [] : [option(pin, pin)]));
    this.#pin.value = pin;
    this.#hint.hidden = true;
    this.#body.hidden = false;
    this.#name.textContent = path;
    this.#ask();
    if (this.#tabs.current === "History") this.#history.open(path);
  }

  /** Ask for all of it again: the store has changed. */
  refresh(): void {
    if (this.#path === "") return;
    this.#ask();
    if (this.#tabs.current === "History") this.#history.open(this.#path);
  }

  focus(): void {
    this.#name.focus();
  }

  /** Resolve what is shown with `does`, which may fail with a sentence. */
  whole(): Promise<{ text: string; incomplete: string }> {
    return this.#kernel.ask("whole", this.filled);
  }

  cell(): Promise<{ source: string; remark: string }> {
    return this.#kernel.ask("cell", this.filled);
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  #empty(): void {
    this.#prompt.forget();
    this.#preview.forget();
    this.#form.empty();
    this.#expansion.empty();
    this.#history.empty();
    this.#about.textContent = "";
    this.#facts.replaceChildren();
    this.#text.textContent = "";
    this.#complain("");
  }

  #ask(): void {
    this.#prompt.ask({ path: this.#pinned });
    this.#expand();
  }

  #typed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#expand(); }, PAUSE);
  }

  #expand(): void {
    this.#expansion.stale(true);
    this.#preview.ask(this.filled);
  }

  #show(data: PromptData): void {
    this.#complain("");
    this.#path = data.path;
    this.#name.textContent = data.path;
    this.#about.textContent = data.description;
    this.#about.hidden = data.description === "";
    const version = data.version === data.newest ? `version ${data.version}` : `version ${data.version} of ${data.newest}`;
    const facts = [version, data.author, data.updated, data.engine === "simple" ? "" : data.engine, data.enabled ? "" : "disabled"];
    const tags = data.tags.map((tag) => element("span", { className: "pk-chip", dir: "auto" }, tag));
    this.#facts.replaceChildren(element("span", {}, facts.filter(Boolean).join(" · ")), ...tags);
    this.#text.textContent = data.text;
    this.#choices(data);
  }

  #choices({ newest, labels }: PromptData): void {
    const chosen = this.#pin.value;
    const numbers = Array.from({ length: Math.min(newest, MOST_VERSIONS) }, (_, at) => String(newest - at));
    const named = Object.entries(labels).map(([label, number]) => option(label, `${label} (v${number})`));
    const options = [option("", `newest (v${newest})`), ...named, ...numbers.map((number) => option(number, `v${number}`))];
    if (!options.some(({ value }) => value === chosen)) options.push(option(chosen, `v${chosen}`));
    this.#pin.replaceChildren(...options);
    this.#pin.value = chosen;
  }

  #complain(problem: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === "";
  }
}

function option(value: string, text: string): HTMLOptionElement {
  return element("option", { value }, text);
}

function tool(text: string, image: IconName, title: string, act: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", className: "pk-button", title }, icon(image), element("span", {}, text));
  made.addEventListener("click", act);
  return made;
}
