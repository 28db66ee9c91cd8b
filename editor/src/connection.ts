/** The browser's end of a live room: the shared text, what is acknowledged of it, and what else the room says. */

import { ObservableV2 } from "lib0/observable";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import { Asking } from "./asking";
import type { Kept } from "./keep";
import { Keeper } from "./keeper";
import { Ledger, type Standing } from "./ledger";
import { CLOSED, type Hello, type Notice, type Person, type Preview, type Questions, WATCH, type Watch, write } from "./protocol";
import { Replica } from "./replica";

/** Where a room is and how to enter it: what the page gives. */
export interface Place {
  uid: string;
  token: string;
  url: string;
  copyUrl?: string;
  name?: string;
  color?: string;
  readOnly?: boolean;
}

/** What the connection itself has to tell the person, and the path of a prompt that goes with it. */
export interface Remark {
  message: string;
  path: string;
}

/** Why the room was left for good, until something changes. */
export interface Ending {
  code: number;
  reason: string;
}

export type Colleague = Person & { client: number };

type Events = {
  /** The standing, the version, the rights or the ending changed. */
  status: () => void;
  /** `text` is another document's from now on. */
  document: () => void;
  presence: () => void;
  preview: (preview: Preview) => void;
  notice: (notice: Notice) => void;
  remark: (remark: Remark) => void;
  /** Somebody wants to see this part of the text. */
  reveal: (from: number, to: number) => void;
};

const UNKNOWN_COLOR = "#6b7280";

export class Connection extends ObservableV2<Events> {
  hello: Hello | null = null;
  ending: Ending | null = null;
  /** What the preview is filled with, so that a copy is what is seen. */
  variables: Record<string, unknown> = {};
  private replica: Replica;
  /** The document of an epoch that is over: still shown, until there is the text of the new one. */
  private former: Replica | null = null;
  private usedToken = "";
  private readonly ledger = new Ledger((standing) => this.stood(standing));
  private readonly asking = new Asking((message) => this.replica.send(message));
  private readonly keeper: Keeper;
  private readonly watches = new Map<string, Watch>();
  private readonly previews = new Map<string, Preview>();

  constructor(
    private place: Place,
    private readonly Sockets: typeof WebSocket,
  ) {
    super();
    this.keeper = new Keeper({
      uid: place.uid,
      waiting: () => (this.waiting && this.epoch ? this.snapshot() : null),
      copy: (text, reason) => this.keepCopy(text, reason),
      hold: (held) => this.ledger.hold(held),
      remark: (message, path = "") => this.emit("remark", [{ message, path }]),
    });
    this.replica = this.begin();
    addEventListener("beforeunload", this.warn);
    addEventListener("pagehide", this.leaving);
    this.connect();
  }

  get uid(): string {
    return this.place.uid;
  }
  get text(): Y.Text {
    return (this.former ?? this.replica).text;
  }
  get undo(): Y.UndoManager {
    return (this.former ?? this.replica).undo;
  }
  get awareness(): Awareness {
    return (this.former ?? this.replica).provider.awareness;
  }
  get standing(): Standing {
    return this.ledger.standing;
  }
  /** Whether something was typed that the database has not acknowledged. */
  get waiting(): boolean {
    return this.ledger.waiting;
  }
  /** Whether that is kept in this browser. */
  get kept(): boolean {
    return this.keeper.kept;
  }
  get synced(): boolean {
    return this.replica.online;
  }
  get readOnly(): boolean {
    const forbidden = this.ending?.code === CLOSED.gone || this.ending?.code === CLOSED.forbidden;
    // Before the text has been seen there is nothing to write into, and into a former one nobody should.
    const blind = !this.replica.complete || this.former !== null;
    return blind || forbidden || !!this.place.readOnly || !!this.hello?.readOnly;
  }

  /** Everybody in the room but us, each name once. */
  people(): Colleague[] {
    const found = new Map<string, Colleague>();
    for (const [client, state] of this.awareness.getStates()) {
      const { name = "", color = "" } = (state.user ?? {}) as Partial<Person>;
      if (client === this.awareness.clientID || !name) continue;
      found.set(name, { name, color: /^#[0-9a-f]{6}$/i.test(color) ? color : UNKNOWN_COLOR, client });
    }
    return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  /** Take what the page knows now; a new token opens what an old one could not. */
  update(place: Place): void {
    this.place = place;
    this.replica.provider.protocols = ["pk", place.token];
    const barred = this.ending?.code === CLOSED.token || this.ending?.code === CLOSED.forbidden;
    if (barred && place.token !== this.usedToken) this.connect();
    this.emit("status", []);
  }

  /** Enter the room, again if need be, and look for places for what has none. */
  connect(): void {
    this.ending = null;
    this.usedToken = this.place.token;
    this.replica.provider.connect();
    if (this.synced) this.rehome();
    this.emit("status", []);
  }

  /** Have previews from now on; again with other variables. */
  watch(watch: Watch): void {
    this.watches.set(watch.id, watch);
    this.replica.send(write(WATCH, watch));
  }

  unwatch(id: string): void {
    if (!this.watches.delete(id)) return;
    this.previews.delete(id);
    this.replica.send(write(WATCH, { id, off: true }));
  }

  /** The newest preview that was watched as `id`. */
  preview(id: string): Preview | undefined {
    return this.previews.get(id);
  }

  /** Ask the room; the promise fails with a sentence. */
  ask<Do extends keyof Questions>(does: Do, what: Questions[Do]["ask"]): Promise<Questions[Do]["answer"]> {
    return this.asking.ask(does, what);
  }

  override destroy(): void {
    this.keeper.now();
    this.keeper.stop();
    removeEventListener("beforeunload", this.warn);
    removeEventListener("pagehide", this.leaving);
    this.ledger.stop();
    this.former?.doc.destroy();
    this.replica.destroy();
    this.asking.fail();
    super.destroy();
  }

  private get epoch(): string {
    return this.replica.provider.params.epoch ?? "";
  }

  private begin(): Replica {
    const address = new URL(this.place.url, document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const replica = new Replica(address, this.place.token, this.Sockets, {
      hello: (hello) => this.greet(hello),
      acknowledged: (count) => this.ledger.acknowledge(count),
      dispatched: (whole) => this.ledger.dispatched(whole),
      missed: () => this.ledger.missed(),
      changed: () => this.keeper.soon(),
      preview: (preview) => this.show(preview),
      notice: (notice) => this.hear(notice),
      answer: (answer) => this.asking.answer(answer),
      synced: () => this.settle(),
      lost: () => this.lose(),
      ended: (code, reason) => this.end(code, reason),
    });
    const { awareness } = replica.provider;
    awareness.setLocalStateField("user", { name: this.place.name ?? "", color: this.place.color ?? UNKNOWN_COLOR });
    awareness.on("change", () => this.emit("presence", []));
    return replica;
  }

  private greet(hello: Hello): void {
    if (this.epoch && hello.epoch !== this.epoch) {
      this.refuse();
      return;
    }
    this.hello = hello;
    this.replica.provider.params = { epoch: hello.epoch };
    this.replica.provider.awareness.setLocalStateField("user", hello.you);
    for (const watch of this.watches.values()) this.replica.send(write(WATCH, watch));
    this.emit("status", []);
  }

  /** Both sides have what the other had. */
  private settle(): void {
    if (this.former) {
      this.former.doc.destroy();
      this.former = null;
    }
    this.ledger.synced();
    this.emit("document", []);
    if (!this.readOnly) this.keeper.putBack(this.replica.doc, this.epoch);
    this.rehome();
    this.emit("status", []);
  }

  /** The room is of another epoch: our document must not meet it, or the text would stand there twice. */
  private refuse(): void {
    this.keeper.refuse(this.snapshot());
    this.former?.doc.destroy();
    this.former = this.replica;
    this.former.retire();
    this.ledger.begin();
    this.replica = this.begin();
    this.connect();
  }

  private lose(): void {
    this.ledger.closed();
    this.asking.fail();
    this.emit("status", []);
  }

  private end(code: number, reason: string): void {
    if (code === CLOSED.epoch && this.epoch) {
      this.refuse();
      return;
    }
    if (code === CLOSED.token && this.place.token !== this.usedToken) {
      this.connect(); // the page brought a new one while the old one was on its way
      return;
    }
    this.ending = { code, reason };
    if (code === CLOSED.gone) this.rescue();
    this.keeper.now();
    this.emit("status", []);
  }

  /** The prompt is gone for good: what was not saved by then becomes a prompt of its own. */
  private rescue(): void {
    if (!this.waiting) return;
    this.keeper.refuse(this.snapshot());
    this.ledger.begin();
    void this.keeper.rehome("", () => "");
  }

  private stood(standing: Standing): void {
    if (standing === "saved") this.keeper.saved();
    this.emit("status", []);
  }

  private show(preview: Preview): void {
    if (!this.watches.has(preview.id)) return;
    this.previews.set(preview.id, preview);
    this.emit("preview", [preview]);
  }

  private hear(notice: Notice): void {
    if (this.hello) {
      const { kind, path, version } = notice;
      const about = kind === "conflict_copy" ? {} : { path: path || this.hello.path, version: version ?? this.hello.version };
      const deleted = kind === "recovered" ? false : kind === "deleted" || kind === "purged" || this.hello.deleted;
      const enabled = kind === "enabled" || (kind !== "disabled" && this.hello.enabled);
      this.hello = { ...this.hello, ...about, deleted, enabled };
    }
    this.emit("notice", [notice]);
    this.emit("status", []);
  }

  private snapshot(): Kept {
    const { doc, text } = this.replica;
    return { client: String(doc.clientID), epoch: this.epoch, update: Y.encodeStateAsUpdate(doc), text: text.toString() };
  }

  private rehome(): void {
    void this.keeper.rehome(this.epoch, () => this.replica.text.toString());
  }

  private async keepCopy(text: string, reason: string): Promise<string> {
    const { copyUrl, token } = this.place;
    if (!copyUrl) return (await this.ask("copy", { text, reason })).path;
    const response = await fetch(new URL(copyUrl, document.baseURI), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ text, reason }),
    });
    const answer = (await response.json().catch(() => ({}))) as { path?: string; problem?: string };
    if (!answer.path) throw new Error(answer.problem ?? `The server answered ${response.status}.`);
    return answer.path;
  }

  private readonly leaving = (): void => this.keeper.now();
  private readonly warn = (event: BeforeUnloadEvent): void => {
    if (this.ledger.risky) event.preventDefault();
  };
}
