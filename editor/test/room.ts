/** A room for tests: the server's side of the protocol over sockets that are objects. */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import { ACK, type Answer, ANSWER, ASK, AWARENESS, HELLO, type Hello, NOTICE, type Notice, PREVIEW, type Preview, SYNC, WATCH, type Watch, write } from "../src/protocol";
import { TEXT } from "../src/replica";

export const UID = "u1";

/** A text and who is connected to it; `acknowledges` off keeps acknowledgements back, `up` off takes the server away. */
export class FakeRoom {
  doc = new Y.Doc();
  sockets: FakeSocket[] = [];
  up = true;
  acknowledges = true;
  /** Closes every socket with a code right after accepting it, as a server does with a bad token. */
  refuses = 0;
  /** Whether it looks at the epoch in the address. */
  checks = true;
  asked: Record<string, unknown>[] = [];
  watched: Watch[] = [];
  awareness = 0;
  answers: (question: Record<string, unknown>) => Record<string, unknown> = () => ({ ok: true });

  constructor(
    text = "",
    public epoch = "e1",
    public hello: Partial<Hello> = {},
  ) {
    this.doc.getText(TEXT).insert(0, text);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      for (const socket of this.sockets) if (socket !== origin) socket.tell(message(SYNC, (encoder) => sync.writeUpdate(encoder, update)));
    });
  }

  get text(): string {
    return this.doc.getText(TEXT).toString();
  }

  /** The class of the sockets that lead here. */
  get Sockets(): typeof WebSocket {
    const room = this;
    return class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(room, url, protocols);
      }
    } as unknown as typeof WebSocket;
  }

  /** The server goes away without a word, or says why. */
  drop(code = 1006): void {
    for (const socket of [...this.sockets]) socket.end(code);
  }

  say(type: number, value: unknown): void {
    for (const socket of this.sockets) socket.tell(write(type, value));
  }
  notice(notice: Partial<Notice>): void {
    this.say(NOTICE, { kind: "merged", path: "a/b", message: "", ...notice });
  }
  preview(preview: Partial<Preview>): void {
    this.say(PREVIEW, previewOf(preview));
  }
  acknowledge(): void {
    for (const socket of this.sockets) socket.tell(message(ACK, (encoder) => encoding.writeVarUint(encoder, socket.edits)));
  }
}

export const previewOf = (preview: Partial<Preview>): Preview => ({
  id: "editor", text: "", composite: false, characters: 0, problem: "", pieces: [], diagnostics: [], inclusions: [], variables: [], missing: [], ...preview,
});

export class FakeSocket {
  static readonly OPEN = 1;
  readonly OPEN = 1;
  readyState = 0;
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  edits = 0;

  constructor(
    private readonly room: FakeRoom,
    readonly url: string,
    readonly protocols: string[],
  ) {
    queueMicrotask(() => this.begin());
  }

  private begin(): void {
    const { room } = this;
    if (!room.up) return this.end(1006);
    this.readyState = 1;
    const epoch = new URL(this.url).searchParams.get("epoch");
    const refused = room.refuses || (epoch && room.checks && epoch !== room.epoch ? 4409 : 0);
    const you = { name: "Ann", color: "#112233" };
    const hello = { epoch: room.epoch, uid: UID, path: "a/b", version: 3, enabled: true, deleted: false, readOnly: false, clean: true, you };
    if (!refused) {
      room.sockets.push(this);
      this.tell(write(HELLO, { ...hello, ...room.hello }));
      this.tell(message(SYNC, (encoder) => sync.writeSyncStep1(encoder, room.doc)));
    }
    this.onopen?.();
    if (refused) this.end(refused);
  }

  send(data: Uint8Array): void {
    if (this.readyState !== 1 || !this.room.sockets.includes(this)) return;
    const decoder = decoding.createDecoder(data);
    const type = decoding.readVarUint(decoder);
    if (type === AWARENESS) this.room.awareness += 1;
    else if (type === WATCH) this.room.watched.push(JSON.parse(decoding.readVarString(decoder)) as Watch);
    else if (type === ASK) this.answer(JSON.parse(decoding.readVarString(decoder)) as Answer);
    else if (type === SYNC) this.take(data[1]!, decoder);
  }

  private take(part: number, decoder: decoding.Decoder): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    sync.readSyncMessage(decoder, encoder, this.room.doc, this);
    if (part === 0) return this.tell(encoding.toUint8Array(encoder));
    this.edits += 1;
    if (this.room.acknowledges) this.tell(message(ACK, (ack) => encoding.writeVarUint(ack, this.edits)));
  }

  private answer(question: Answer): void {
    this.room.asked.push(question);
    this.tell(write(ANSWER, { id: question.id, ...this.room.answers(question) }));
  }

  /** Give the browser a message, in its own time. */
  tell(data: Uint8Array): void {
    queueMicrotask(() => this.readyState === 1 && this.onmessage?.({ data: data.slice().buffer as ArrayBuffer }));
  }

  close(): void {
    this.end(1000);
  }

  end(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.room.sockets = this.room.sockets.filter((socket) => socket !== this);
    this.onclose?.({ code, reason: "because" });
  }
}

function message(type: number, fill: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  fill(encoder);
  return encoding.toUint8Array(encoder);
}
