/** What becomes of text that the database has not acknowledged: kept here, put back, or handed over as a copy. */

import * as Y from "yjs";

import { allKept, forget, keep, type Kept } from "./keep";

/** What a keeper needs of its connection. */
export interface Household {
  uid: string;
  /** The document as it is, if something in it waits to be acknowledged. */
  waiting(): Kept | null;
  /** Store a text as a new prompt beside this one; the path of that. */
  copy(text: string, reason: string): Promise<string>;
  /** A text is looking for a place, or has one. */
  hold(held: boolean): void;
  remark(message: string, path?: string): void;
}

/** An update from here was not typed now. */
export const PUT_BACK = Symbol("put back");

const EVERY = 500;
const REASON = "Typed into a live text that was not the newest any more";

export class Keeper {
  /** Whether what waits is kept in this browser. */
  kept = false;
  private own: Pick<Kept, "epoch" | "client"> | null = null;
  private adopted: Kept[] = [];
  private refused: Kept[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private rehoming = false;

  constructor(private readonly household: Household) {}

  /** Keep what waits, soon: one write for a burst of keys. */
  soon(): void {
    this.timer ??= setTimeout(() => this.now(), EVERY);
  }

  now(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const waiting = this.household.waiting();
    if (!waiting) return;
    this.kept = keep(this.household.uid, waiting);
    this.own = waiting;
  }

  /** Everything is in the database. */
  saved(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const kept of [...this.adopted, ...(this.own ? [this.own] : [])]) forget(this.household.uid, kept);
    this.adopted = [];
    this.own = null;
    this.kept = false;
  }

  /** Put back into `doc` what was kept of its lineage; the usual way of saving takes it from there. */
  putBack(doc: Y.Doc, epoch: string): void {
    const found = allKept(this.household.uid).filter((kept) => kept.epoch === epoch && kept.client !== this.own?.client);
    let changed = false;
    const noticed = (): void => void (changed = true);
    doc.on("update", noticed);
    for (const kept of found) {
      try {
        Y.applyUpdate(doc, kept.update, PUT_BACK);
        this.adopted.push(kept);
      } catch {
        this.refused.push(kept); // it cannot be read as a document any more, but its text can
      }
    }
    doc.off("update", noticed);
    if (changed) this.household.remark("What you had typed here and was not saved then has been put back.");
    else this.saved(); // all of it had been saved after all
  }

  /** A document that nothing takes any more: its text has to find another place. */
  refuse(kept: Kept): void {
    this.kept = keep(this.household.uid, kept);
    this.refused.push(kept);
    this.own = null;
    this.household.hold(true);
  }

  /** Store what is kept of other lineages beside the prompt, where everybody sees it. */
  async rehome(epoch: string, current: () => string): Promise<void> {
    if (this.rehoming) return;
    this.rehoming = true;
    try {
      await alone(`pk:rescue:${this.household.uid}`, async () => {
        for (const orphan of this.orphans(epoch)) await this.place(orphan, current());
      });
      this.household.hold(false);
    } catch (error) {
      this.household.hold(true);
      this.household.remark(`Your text could not be kept as a copy yet: ${(error as Error).message}`);
    } finally {
      this.rehoming = false;
    }
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private orphans(epoch: string): Kept[] {
    const found = [...this.refused, ...allKept(this.household.uid).filter((kept) => kept.epoch !== epoch)];
    return [...new Map(found.map((kept) => [`${kept.epoch} ${kept.client}`, kept])).values()];
  }

  private async place(orphan: Kept, current: string): Promise<void> {
    if (orphan.text !== current && orphan.text !== "") {
      const path = await this.household.copy(orphan.text, REASON);
      this.household.remark(`What you had typed could not become part of this text. It is kept as ${path}.`, path);
    }
    this.refused = this.refused.filter((kept) => kept !== orphan);
    forget(this.household.uid, orphan);
  }
}

/** Run `work` while no other tab of this browser runs work of the same name, where browsers can tell. */
async function alone(name: string, work: () => Promise<void>): Promise<void> {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  if (locks) await locks.request(name, work);
  else await work();
}
