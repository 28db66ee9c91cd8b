/** One lineage of a shared text in this browser: the document, and the provider that keeps it in step with the room. */

import * as decoding from "lib0/decoding";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

import { ACK, ANSWER, type Answer, CLOSED, HELLO, type Hello, NOTICE, type Notice, PING, PREVIEW, type Preview, read, SYNC, writeBare } from "./protocol";
import { socketFor } from "./socket";

/** The name of the text in the document, the same in the room. */
export const TEXT = "text";
/** The server forgets who is silent, and y-websocket leaves a server that is. */
const PING_EVERY = 20_000;

/** What a replica tells its connection. */
export interface Listener {
  hello(hello: Hello): void;
  acknowledged(count: number): void;
  dispatched(whole: boolean): void;
  missed(): void;
  /** The document changed here, by whomever. */
  changed(): void;
  preview(preview: Preview): void;
  notice(notice: Notice): void;
  answer(answer: Answer): void;
  synced(): void;
  /** The socket is gone; it comes again by itself. */
  lost(): void;
  /** The socket was closed for good. */
  ended(code: number, reason: string): void;
}

export class Replica {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(TEXT);
  readonly undo = new Y.UndoManager(this.text);
  readonly provider: WebsocketProvider;
  /** Whether the document holds what the room holds, or did once. */
  complete = false;
  private greeted = false;
  private took = false;
  private readonly ping: ReturnType<typeof setInterval>;

  constructor(
    address: URL,
    token: string,
    Sockets: typeof WebSocket,
    private readonly listener: Listener,
  ) {
    const cut = address.href.lastIndexOf("/");
    const dispatched = (whole: boolean): void => {
      this.took = true;
      listener.dispatched(whole);
    };
    this.provider = new WebsocketProvider(address.href.slice(0, cut), address.href.slice(cut + 1), this.doc, {
      connect: false,
      disableBc: true,
      protocols: ["pk", token],
      WebSocketPolyfill: socketFor({ client: () => this.doc.clientID, dispatched }, Sockets),
      // Who was too fast may come again, after a pause.
      shouldReconnect: ({ code }) => code === CLOSED.fast || !(code >= 4400 && code < 4500),
    });
    this.listen();
    this.ping = setInterval(() => this.send(writeBare(PING)), PING_EVERY);
  }

  get online(): boolean {
    return this.greeted && this.provider.synced;
  }

  /** Send a message if the room has greeted us; return whether it went out. */
  send(message: Uint8Array): boolean {
    const socket = this.provider.ws;
    if (!this.greeted || socket?.readyState !== 1) return false;
    socket.send(message as Uint8Array<ArrayBuffer>);
    return true;
  }

  destroy(): void {
    clearInterval(this.ping);
    this.provider.destroy();
    this.doc.destroy();
  }

  /** Leave the room but keep the document, for a view that still shows it. */
  retire(): void {
    clearInterval(this.ping);
    this.provider.destroy();
  }

  private listen(): void {
    const { provider, listener } = this;
    const handlers = provider.messageHandlers;
    const sync = handlers[SYNC]!;
    handlers[SYNC] = (...args) => {
      if (this.greeted) sync(...args); // whose text it is must be known before any of it is taken in
    };
    const on = (type: number, handle: (decoder: decoding.Decoder) => void): void => {
      handlers[type] = (_encoder, decoder) => handle(decoder);
    };
    on(ACK, (decoder) => listener.acknowledged(decoding.readVarUint(decoder)));
    on(HELLO, (decoder) => {
      this.greeted = true;
      listener.hello(read<Hello>(decoder));
    });
    on(PREVIEW, (decoder) => listener.preview(read<Preview>(decoder)));
    on(NOTICE, (decoder) => listener.notice(read<Notice>(decoder)));
    on(ANSWER, (decoder) => listener.answer(read<Answer>(decoder)));
    on(PING, () => undefined);
    provider.on("sync", (synced) => {
      if (!synced) return;
      this.complete = true;
      listener.synced();
    });
    provider.on("connection-close", () => {
      this.greeted = false;
      listener.lost();
    });
    provider.on("closed", ({ code, reason }) => listener.ended(code, reason));
    this.doc.on("update", (_update: Uint8Array, origin: unknown) => {
      // The provider has heard of the update before us, so that what it could send is counted by now.
      if (origin !== provider && !this.took) listener.missed();
      this.took = false;
      listener.changed();
    });
  }
}
