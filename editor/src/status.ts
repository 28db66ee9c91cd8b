/** The bar over the text: whether it is saved, who else is here, and what can be done. */

import type { Colleague, Connection } from "./connection";
import { element } from "./host";
import { icon } from "./look";
import { CLOSED } from "./protocol";

/** What the bar asks the editor to do. */
export interface Commands {
  save(message: string): void;
  copy(): void;
  copyText(): void;
  search(): void;
  help(): void;
  goTo(colleague: Colleague): void;
  retry(): void;
}

export type State = "saved" | "saving" | "offline" | "unsaved" | "readonly";

const SAID: Record<State, string> = {
  saved: "Saved",
  saving: "Saving…",
  offline: "Offline",
  unsaved: "Not saved",
  readonly: "Read only",
};

/** What the editor as a whole is in; text that waits comes before everything else. */
export function stateOf(connection: Connection): State {
  const { standing, synced, readOnly } = connection;
  return standing === "saved" && synced && readOnly ? "readonly" : standing;
}

/** What a loud banner says, and whether trying again may help; "" where nothing is wrong, or a new token is on its way. */
export function alarm(connection: Connection, renewing: boolean): { sentence: string; retry: boolean } {
  const { ending, waiting, kept, standing } = connection;
  const where = kept ? "What you typed is kept in this browser." : "What you typed is in this page only: copy it before you close the page.";
  const tail = waiting ? ` ${where}` : "";
  switch (renewing ? undefined : ending?.code) {
    case undefined:
      break;
    case CLOSED.token:
      return { sentence: `The page has to be loaded again to go on editing.${tail}`, retry: false };
    case CLOSED.forbidden:
      return { sentence: `You may not edit this prompt.${tail}`, retry: false };
    case CLOSED.gone:
      return { sentence: `This prompt has been deleted for good.${tail}`, retry: false };
    case CLOSED.host:
      return { sentence: `${ending?.reason}${tail}`, retry: true };
    case CLOSED.large:
      return { sentence: `The text is too large to be saved; make it shorter and try again.${tail}`, retry: true };
    default:
      return { sentence: `The server closed the connection: ${ending?.reason || `code ${ending?.code}`}${tail}`, retry: true };
  }
  if (standing !== "unsaved") return { sentence: "", retry: false };
  const hope = kept ? `${where} It goes out by itself as soon as the server answers.` : where;
  return { sentence: `Not saved: the server has not confirmed the last changes. ${hope}`, retry: false };
}

/** What quietly explains why nothing can be typed; "" where it can. */
function excuse({ hello }: Connection): string {
  if (hello?.deleted) return "This prompt is in the trash. What you type is kept, and becomes a version once it is recovered.";
  if (hello?.readOnly) return "You may read this prompt, not change it.";
  return hello && !hello.enabled ? "The directory of this prompt is disabled: no inclusion finds it at the moment." : "";
}

export class Status {
  readonly bar: HTMLElement;
  readonly banner = element("div", { className: "pk-banner", hidden: true });
  readonly form: HTMLFormElement;
  private readonly said = element("span", { className: "pk-said" });
  private readonly version = element("span", { className: "pk-version" });
  private readonly people = element("ul", { className: "pk-people", ariaLabel: "Also here" });
  private readonly message = element("input", { className: "pk-field", type: "text", maxLength: 500, placeholder: "What has changed? (optional)", ariaLabel: "Message of the version" });
  private readonly save = this.button(["Save", wide(" version")], "Save version", () => this.commands.save(""), "Save a version (Ctrl+S)");
  private readonly more = this.bare("…", "Save a version with a message (Ctrl+Shift+S)", () => this.askMessage(Boolean(this.form.hidden)));
  private shown = "";

  constructor(
    private readonly commands: Commands,
    insert: HTMLElement,
  ) {
    this.form = element("form", { className: "pk-message", hidden: true }, this.message, element("button", { className: "pk-button", type: "submit" }, "Save"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.askMessage(false);
      commands.save(this.message.value.trim());
      this.message.value = "";
    });
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.askMessage(false));
    const standing = element("div", { className: "pk-standing" }, element("span", { className: "pk-dot", ariaHidden: "true" }), this.said, this.version);
    this.bar = element(
      "div",
      { className: "pk-bar", role: "toolbar", ariaLabel: "Editor" },
      standing,
      this.people,
      element(
        "div",
        { className: "pk-tools" },
        insert,
        this.button([icon("copy"), wide("Copy")], "Copy", commands.copy, "Copy, expanded if it includes others (Alt+C)"),
        this.bare(icon("search"), "Find (Ctrl+F), replace (Alt+R)", commands.search),
        this.bare("?", "What may stand in a prompt", commands.help),
        element("span", { className: "pk-joined" }, this.save, this.more),
      ),
    );
  }

  update(connection: Connection, renewing: boolean): void {
    const state = stateOf(connection);
    const begun = connection.hello !== null;
    this.said.textContent = state === "offline" && !begun ? "Connecting…" : SAID[state];
    this.version.textContent = begun ? `version ${connection.hello!.version}` : "";
    this.save.disabled = this.more.disabled = !connection.synced || connection.readOnly;
    const { sentence, retry } = alarm(connection, renewing);
    this.showBanner(sentence || excuse(connection), sentence !== "", retry, connection.waiting);
  }

  showPeople(people: readonly Colleague[]): void {
    this.people.replaceChildren(
      ...people.map((colleague) => {
        const { name, color } = colleague;
        const face = element("button", { type: "button", className: "pk-person", title: `${name}: go to the cursor`, ariaLabel: name }, initials(name));
        face.style.setProperty("--pk-person", color);
        face.addEventListener("click", () => this.commands.goTo(colleague));
        return element("li", {}, face);
      }),
    );
  }

  /** Show or hide where the message of a version is written. */
  askMessage(open: boolean): void {
    if (this.save.disabled && open) return;
    this.form.hidden = !open;
    (open ? this.message : this.more).focus();
  }

  private showBanner(sentence: string, loud: boolean, retry: boolean, waiting: boolean): void {
    const key = `${sentence} ${loud} ${retry} ${waiting}`;
    if (key === this.shown) return; // so that it is read out once
    this.shown = key;
    this.banner.hidden = sentence === "";
    this.banner.role = loud ? "alert" : "note";
    this.banner.dataset.loud = String(loud);
    const copy = element("button", { type: "button", className: "pk-button" }, "Copy the text");
    copy.addEventListener("click", this.commands.copyText);
    const again = element("button", { type: "button", className: "pk-button" }, "Try again");
    again.addEventListener("click", this.commands.retry);
    this.banner.replaceChildren(element("span", {}, sentence), ...(retry ? [again] : []), ...(loud && waiting ? [copy] : []));
  }

  private button(content: (Node | string)[], label: string, press: () => void, title: string): HTMLButtonElement {
    const button = element("button", { type: "button", className: "pk-button", title, ariaLabel: label }, ...content);
    button.addEventListener("click", press);
    return button;
  }

  private bare(content: Node | string, label: string, press: () => void): HTMLButtonElement {
    const button = element("button", { type: "button", className: "pk-button", ariaLabel: label, title: label }, content);
    button.addEventListener("click", press);
    return button;
  }
}

/** A part of a label for which a narrow screen has no room. */
function wide(text: string): HTMLElement {
  return element("span", { className: "pk-label" }, text);
}

/** At most two characters that stand for a name. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}
