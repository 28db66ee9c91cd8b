/** The page's keys: what is pressed anywhere is told to the page; `?` lists them all; and the browser remembers a name. */
import { element, type Create, type Instance, type Mount } from "./host";
import { combination, isPlain, matches } from "./keys-combination";
import type { KeysData, Pressed } from "./keys-data";
import { Help } from "./keys-help";
import { styles } from "./keys.css";
import { composes, inDialog, takesText, target } from "./keys-target";
import { dress } from "./look";

export type { Binding, KeysData, Pressed } from "./keys-data";

const YEAR = 365 * 24 * 60 * 60;

class Keys implements Instance<KeysData> {
  #mount: Mount<KeysData>;
  readonly #help = new Help();
  readonly #root = element("div", { className: "pk pk-keys" }, this.#help.node);
  readonly #hear = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || composes(event) || !this.#root.isConnected || !this.#press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  #name = "";
  #asked: number | undefined;

  constructor(mount: Mount<KeysData>) {
    this.#mount = mount;
    this.#asked = mount.data.open_help;
    mount.parentElement.append(this.#root);
    dress(mount.parentElement, styles);
    // The window hears before the document, where the library listens for what is typed.
    window.addEventListener("keydown", this.#hear, true);
    this.update(mount);
  }

  update(mount: Mount<KeysData>): void {
    this.#mount = mount;
    const { bindings, name, open_help } = mount.data;
    this.#help.show(bindings);
    this.#remember(name ?? "");
    const asked = open_help !== this.#asked;
    this.#asked = open_help;
    if (asked && open_help !== undefined) this.#help.open();
  }

  destroy(): void {
    window.removeEventListener("keydown", this.#hear, true);
    this.#help.close();
    this.#root.remove();
  }

  /** Do what a key means; whether it meant something. */
  #press(event: KeyboardEvent): boolean {
    if (this.#help.isOpen) return this.#overHelp(event);
    this.#pressInside(event);
    if (inDialog(event)) return false;
    const writing = takesText(event);
    for (const { id, keys, shown_only, inside } of this.#mount.data.bindings) {
      const wanted = combination(keys);
      if (shown_only || inside || (writing && isPlain(wanted)) || !matches(wanted, event)) continue;
      const pressed: Pressed = { id };
      if (!event.repeat) this.#mount.setTriggerValue("pressed", pressed);
      return true;
    }
    if (event.key !== "?" || writing || event.ctrlKey || event.altKey || event.metaKey) return false;
    this.#help.open();
    return true;
  }

  /** Tell of a key in an input of the page, after the input has told what is written in it. */
  #pressInside(event: KeyboardEvent): void {
    const at = target(event);
    const found = this.#mount.data.bindings.find(
      ({ keys, shown_only, inside }) => inside && !shown_only && at?.matches(inside) && matches(combination(keys), event),
    );
    if (!found || event.repeat) return;
    const pressed: Pressed = { id: found.id };
    setTimeout(() => { this.#mount.setTriggerValue("pressed", pressed); });
  }

  #overHelp(event: KeyboardEvent): boolean {
    const closes = event.key === "Escape" || (event.key === "?" && !event.ctrlKey && !event.altKey && !event.metaKey);
    if (closes) this.#help.close();
    else if (event.key !== "Tab" && event.key.length === 1) event.stopPropagation(); // letters do nothing under a dialog
    return closes;
  }

  #remember(name: string): void {
    if (name === this.#name) return;
    this.#name = name;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const age = name === "" ? 0 : YEAR;
    document.cookie = `pk_name=${encodeURIComponent(name)}; Path=/; Max-Age=${age}; SameSite=Strict${secure}`;
  }
}

export const createKeys: Create<KeysData> = (mount) => new Keys(mount);
