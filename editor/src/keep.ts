/** Text that no database has acknowledged yet, kept in the browser until one has. */

import { fromBase64, toBase64 } from "lib0/buffer";

/** What one browser tab has kept of one prompt. */
export interface Kept {
  /** The tab's client id: every tab writes and forgets its own only. */
  client: string;
  epoch: string;
  /** The whole document as a Yjs update: applying it twice, or too late, changes nothing. */
  update: Uint8Array;
  text: string;
}

interface Stored {
  update: string;
  text: string;
}

const PREFIX = "pk:unsaved:";
const keyOf = (uid: string, epoch: string): string => `${PREFIX}${uid}:${epoch}`;

function entries(key: string): Record<string, Stored> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    return typeof found === "object" && found !== null ? (found as Record<string, Stored>) : {};
  } catch {
    return {}; // what cannot be read cannot be put back
  }
}

function store(key: string, value: Record<string, Stored>): boolean {
  try {
    if (Object.keys(value).length > 0) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
    return true;
  } catch {
    return false; // no room, or no storage in this browser
  }
}

/** Keep a document; return whether the browser could. */
export function keep(uid: string, kept: Kept): boolean {
  const key = keyOf(uid, kept.epoch);
  const stored = { update: toBase64(kept.update), text: kept.text };
  return store(key, { ...entries(key), [kept.client]: stored });
}

export function forget(uid: string, { epoch, client }: Pick<Kept, "epoch" | "client">): void {
  const key = keyOf(uid, epoch);
  const { [client]: gone, ...others } = entries(key);
  if (gone) store(key, others);
}

/** Everything kept of a prompt, by whichever tab and of whichever epoch. */
export function allKept(uid: string): Kept[] {
  try {
    const start = keyOf(uid, "");
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(start))
      .flatMap((key) =>
        Object.entries(entries(key)).map(([client, { update, text }]) => {
          return { client, epoch: key.slice(start.length), update: fromBase64(update), text };
        }),
      );
  } catch {
    return [];
  }
}
