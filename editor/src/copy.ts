/** Copying a prompt: the expanded text of a composite one, the text of any other, and the truth about which it was. */

import type { Connection } from "./connection";
import { element } from "./host";
import { focused } from "./keys-target";
import { characters, plural } from "./numbers";
import type { Whole } from "./protocol";

/** How long to wait for an expansion of what was typed last, in milliseconds. */
const PATIENCE = 1000;

export interface Copy {
  text: string;
  /** What to say once it is in the clipboard. */
  said: string;
}

/** What a copy of the prompt is now. */
export async function copyOf(connection: Connection): Promise<Copy> {
  const text = connection.text.toString();
  const plain = { text, said: `Copied the text, ${plural(characters(text), "character")}.` };
  if (!text.includes("[[")) return plain;
  const fresh = await expansion(connection);
  if (fresh) return fresh.composite ? { text: fresh.text, said: praise(fresh) } : plain;
  const last = connection.preview("preview");
  if (last?.composite) return { text: last.text, said: "The server does not answer: copied the last expansion that it sent." };
  return { text, said: "The server does not answer: copied the text with its inclusions not expanded." };
}

function praise({ text, incomplete }: Whole): string {
  const said = `Copied the expanded text, ${plural(characters(text), "character")}.`;
  return incomplete ? `${said} It is not complete: ${incomplete.split("\n")[0]}` : said;
}

/** An expansion of the text as it is now, with what the preview is filled with; null if none comes in time. */
async function expansion(connection: Connection): Promise<Whole | null> {
  if (!connection.synced) return null;
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null));
  const asked = connection.ask("expand", { variables: connection.variables }).catch(() => null);
  return Promise.race([asked, late]);
}

/** Put a text into the clipboard; return whether it is there. */
export async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text); // no such API on a plain http address, or it was not allowed
  }
}

function writeBySelection(text: string): boolean {
  const before = focused();
  const area = element("textarea", { value: text, readOnly: true, ariaHidden: "true" });
  area.style.cssText = "position: fixed; top: 0; left: -200vw";
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}

/** Show a text for the person to copy, where no way is left for us to. */
export function offer(text: string, parent: HTMLElement): void {
  const area = element("textarea", { value: text, readOnly: true, className: "pk-offered", ariaLabel: "The text to copy" });
  const close = element("button", { type: "button", className: "pk-button" }, "Close");
  const dialog = element(
    "dialog",
    { className: "pk-dialog pk-padded", ariaLabel: "Copy" },
    element("p", {}, "This browser does not let the page copy. The text is selected: press Ctrl+C, or ⌘C on a Mac."),
    area,
    element("div", { className: "pk-actions" }, close),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  parent.append(dialog);
  dialog.showModal();
  area.select();
}
