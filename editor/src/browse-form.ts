/** The form of a prompt's variables, built from their declarations. */

import type { Field } from "./browse-data";
import { FieldView } from "./browse-field";
import { element } from "./host";

export class Form {
  readonly #fields = new Map<string, FieldView>();
  readonly #rows = element("div", { className: "pk-form-rows" });
  readonly #clear = element("button", { type: "button", className: "pk-button pk-button-bare" }, "Clear");
  readonly node = element(
    "section", { className: "pk-form", ariaLabel: "Variables", hidden: true },
    element("div", { className: "pk-form-head" }, element("strong", {}, "Variables"), this.#clear), this.#rows,
  );
  readonly #changed: () => void;
  #shape = "";

  constructor(changed: () => void) {
    this.#changed = () => {
      this.#showClear();
      changed();
    };
    this.#clear.title = "Empty every field: defaults and the notebook's variables count again";
    this.#clear.addEventListener("click", () => {
      for (const field of this.#fields.values()) field.value = "";
      this.#fields.values().next().value?.focus();
      this.#changed();
    });
  }

  /** What was given, by name; empty fields are left out. */
  get values(): Record<string, string> {
    const given = [...this.#fields].map(([name, field]) => [name, field.value] as const);
    return Object.fromEntries(given.filter(([, value]) => value !== ""));
  }

  /** Show the fields of a prompt. What is typed stays, where a field of that name and type stays. */
  show(fields: readonly Field[], problems: Readonly<Record<string, string>>): void {
    const shape = JSON.stringify(fields.map(({ name, type, choices }) => [name, type, choices]));
    if (shape !== this.#shape) this.#build(fields);
    this.#shape = shape;
    for (const field of fields) {
      const view = this.#fields.get(field.name);
      view?.show(field);
      view?.complain(problems[field.name] ?? "");
    }
    this.node.hidden = fields.length === 0;
    this.#showClear();
  }

  /** Forget what was typed: another prompt comes. */
  empty(): void {
    this.#fields.clear();
    this.#shape = "";
    this.#rows.replaceChildren();
    this.node.hidden = true;
  }

  #build(fields: readonly Field[]): void {
    const before = this.values;
    this.#fields.clear();
    for (const field of fields) {
      const view = new FieldView(field, this.#changed);
      view.value = before[field.name] ?? "";
      this.#fields.set(field.name, view);
    }
    this.#rows.replaceChildren(...[...this.#fields.values()].map(({ node }) => node));
  }

  #showClear(): void {
    this.#clear.hidden = Object.keys(this.values).length === 0;
  }
}
