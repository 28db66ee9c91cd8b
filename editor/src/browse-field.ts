/** One field of the variables form: a control by the declared type, with what counts while it is empty. */

import type { Field } from "./browse-data";
import { element } from "./host";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

let fields = 0;

export class FieldView {
  readonly node: HTMLElement;
  readonly #control: Control;
  readonly #about = element("div", { className: "pk-field-about", dir: "auto" });
  readonly #problem = element("div", { className: "pk-field-problem" });
  readonly #need = element("span", { className: "pk-field-need" });
  /** What counts while nothing is given. */
  #base: string | null = null;
  #field: Field;

  constructor(field: Field, changed: () => void) {
    this.#field = field;
    const id = `pk-field-${++fields}`;
    this.#control = controlOf(field);
    this.#control.id = id;
    this.#control.classList.add(field.type === "boolean" ? "pk-check" : "pk-value");
    this.#about.id = `${id}-about`;
    this.#problem.id = `${id}-problem`;
    this.#problem.setAttribute("role", "status");
    this.#control.setAttribute("aria-describedby", `${this.#about.id} ${this.#problem.id}`);
    const label = element("label", { htmlFor: id, className: "pk-field-name", dir: "auto" }, field.name);
    const head = element("div", { className: "pk-field-head" }, label, this.#need);
    if (field.type === "boolean") head.prepend(this.#control);
    this.node = element("div", { className: "pk-field-row" }, head, this.#about);
    if (field.type !== "boolean") this.node.append(this.#control);
    this.node.append(this.#problem);
    this.#control.addEventListener("input", () => {
      this.#grow();
      this.#showMissing();
      changed();
    });
    this.show(field);
  }

  /** What was given, "" for nothing. */
  get value(): string {
    const control = this.#control;
    if (!(control instanceof HTMLInputElement) || control.type !== "checkbox") return control.value;
    if (control.indeterminate) return "";
    const says = String(control.checked);
    return says === this.#base ? "" : says;
  }

  set value(text: string) {
    const control = this.#control;
    if (control instanceof HTMLInputElement && control.type === "checkbox") this.#tick(text || this.#base);
    else control.value = text;
    this.#grow();
    this.#showMissing();
  }

  /** What the browser itself cannot take for a value, as a sentence. */
  get malformed(): string {
    const bad = this.#control.validity?.badInput === true;
    return bad ? `${this.#field.name} must be a ${this.#field.type === "integer" ? "whole number" : "number"}.` : "";
  }

  /** Show a declaration of the same name and type anew. */
  show(field: Field): void {
    const given = this.value;
    this.#field = field;
    this.#base = field.taken ?? field.default;
    this.#about.textContent = field.description;
    this.#about.hidden = field.description === "";
    const hint = hintOf(field);
    if (this.#control instanceof HTMLSelectElement) this.#options(field, hint);
    else if (field.type !== "boolean") this.#control.placeholder = hint;
    this.value = given;
  }

  /** Say what is wrong with what was given, "" for nothing. */
  complain(problem: string): void {
    const says = this.malformed || problem;
    if (this.#problem.textContent !== says) this.#problem.textContent = says;
    this.#problem.hidden = says === "";
    if (says === "") this.#control.removeAttribute("aria-invalid");
    else this.#control.setAttribute("aria-invalid", "true");
  }

  focus(): void {
    this.#control.focus();
  }

  #tick(says: string | null): void {
    const box = this.#control as HTMLInputElement;
    box.indeterminate = says !== "true" && says !== "false";
    box.checked = says === "true";
  }

  #options(field: Field, hint: string): void {
    const options = field.choices.map((choice) => element("option", { value: choice }, choice));
    this.#control.replaceChildren(element("option", { value: "" }, hint), ...options);
  }

  #showMissing(): void {
    const needs = this.#field.required && this.#base === null && this.value === "";
    this.#need.textContent = needs ? "needs a value" : this.#field.type === "boolean" ? hintOf(this.#field) : "";
    this.#control.setAttribute("aria-required", String(this.#field.required && this.#base === null));
  }

  /** A text is as high as its lines, where the style sheet alone cannot do that. */
  #grow(): void {
    const area = this.#control;
    if (!(area instanceof HTMLTextAreaElement) || CSS.supports?.("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }
}

function controlOf({ type }: Field): Control {
  switch (type) {
    case "enum": return element("select");
    case "boolean": return element("input", { type: "checkbox" });
    case "integer": return element("input", { type: "number", step: "1", inputMode: "numeric" });
    case "number": return element("input", { type: "number", step: "any", inputMode: "decimal" });
    default: return element("textarea", { rows: 1, spellcheck: false, dir: "auto" });
  }
}

/** What counts while the field is empty. */
function hintOf({ taken, default: usual, required }: Field): string {
  if (taken !== null) return `from the notebook: ${taken}`;
  if (usual !== null) return usual === "" ? "default: empty" : `default: ${usual}`;
  return required ? "needs a value" : "may stay empty";
}
