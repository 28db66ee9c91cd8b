/** What happens meanwhile, as a small list in the corner of the editor: sentences, some with a link. */

import { element } from "./host";
import { type Open, promptLink } from "./links";
import { icon } from "./look";
import type { Notice } from "./protocol";

const MOST = 4;
const SHORT = 5_000;

/** A sentence; it stays until it is dismissed if somebody may have to do something about it. */
export interface Message {
  message: string;
  path?: string;
  stays?: boolean;
  tone?: "good" | "bad";
}

/** Changes that concern whoever is typing right now. */
const IMPORTANT = new Set(["merged", "renamed", "deleted", "purged", "disabled", "conflict_copy", "refused"]);

export function messageOf({ kind, message, path, copy }: Notice): Message {
  const leads = copy ?? (kind === "renamed" ? path : "");
  return { message, stays: IMPORTANT.has(kind), ...(leads && { path: leads }) };
}

export class Notices {
  readonly node = element("ul", { className: "pk-notices", role: "log", ariaLabel: "Notices" });

  constructor(private readonly open: Open) {}

  show({ message, path = "", stays = false, tone }: Message): void {
    this.drop(({ dataset }) => dataset.message === message);
    const dismiss = element("button", { type: "button", className: "pk-button pk-button-bare", ariaLabel: "Dismiss" }, icon("clear", 12));
    const text = element("span", {}, ...this.linked(message, path));
    const item = element("li", { className: "pk-notice", "data-message": message, "data-path": path, "data-tone": tone ?? "" }, text, dismiss);
    dismiss.addEventListener("click", () => item.remove());
    this.node.append(item);
    while (this.node.children.length > MOST) this.node.firstElementChild?.remove();
    if (!stays) setTimeout(() => item.remove(), SHORT);
  }

  /** Take away what leads to a prompt. */
  dropPath(path: string): void {
    this.drop(({ dataset }) => dataset.path === path);
  }

  private drop(which: (item: HTMLElement) => boolean): void {
    for (const item of [...this.node.children] as HTMLElement[]) if (which(item)) item.remove();
  }

  /** The sentence with the path in it, or after it, as a link. */
  private linked(message: string, path: string): (Node | string)[] {
    if (!path) return [message];
    const at = message.lastIndexOf(path);
    const link = promptLink(path, this.open);
    return at < 0 ? [message, " ", link] : [message.slice(0, at), link, message.slice(at + path.length)];
  }

  clear(): void {
    this.node.replaceChildren();
  }
}
