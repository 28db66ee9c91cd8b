/** The transport of a notebook: a WebSocket in looks, the messages of a widget's model in fact. */

import { CLOSED } from "./protocol";
import type { Sockets } from "./rooms";

/** What is used of an anywidget model. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: (ArrayBuffer | ArrayBufferView)[]): void;
  on(event: string, handler: (...values: never[]) => void): void;
  off(event: string, handler: (...values: never[]) => void): void;
  /** Only of the model itself: whether its kernel has it. What is handed to a view is a part of that. */
  comm_live?: boolean | undefined;
  widget_manager?: { get_model?(id: string): Promise<Model>; context?: unknown } | undefined;
}

/** What the kernel says about one socket; a data message has its bytes in the buffers. */
interface FromKernel {
  kind: "open" | "data" | "close";
  socket: string;
  /** Counts the data messages from 1: between a kernel and a page, one may be dropped. */
  count?: number;
  code?: number;
  reason?: string;
}

/** What a model triggers when its kernel has gone or is back. */
const KERNEL = "comm_live_update";
const NO_CODE = 1006;
const GONE = "The kernel of this notebook was restarted, or has ended. Run the cell again to go on.";

// What the kernel says is heard in every page that shows the widget, so that no two may name a socket alike.
const page = Math.random().toString(36).slice(2);
let last = 0;

/** As much of `WebSocket` as y-websocket uses. */
export class CommSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readyState: number = CommSocket.CONNECTING;
  binaryType = "arraybuffer";
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  private readonly id = `${page}-${++last}`;
  private heard = 0;

  constructor(
    private readonly model: Model,
    url: string,
  ) {
    model.on("msg:custom", this.hear);
    model.on(KERNEL, this.look);
    if (model.comm_live === false) queueMicrotask(this.look); // who makes a socket listens to it only then
    else model.send({ kind: "open", socket: this.id, url });
  }

  send(data: Uint8Array): void {
    // A copy, because the bytes may be a window on a larger buffer that is used again.
    this.model.send({ kind: "data", socket: this.id }, undefined, [data.slice().buffer]);
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState >= CommSocket.CLOSING) return;
    this.model.send({ kind: "close", socket: this.id, code, reason });
    this.end(code, reason);
  }

  private readonly hear = (content: FromKernel, buffers: DataView[]): void => {
    if (content.socket !== this.id) return;
    if (content.kind === "open") {
      this.readyState = CommSocket.OPEN;
      this.onopen?.(new Event("open"));
    } else if (content.kind === "close") {
      this.end(content.code ?? NO_CODE, content.reason ?? "");
    } else if (content.count !== ++this.heard) {
      this.close(NO_CODE, "A message was lost."); // the next socket brings all that is new
    } else {
      for (const { buffer, byteOffset, byteLength } of buffers) {
        const data = (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
        this.onmessage?.(new MessageEvent("message", { data }));
      }
    }
  };

  private readonly look = (): void => {
    if (this.model.comm_live === false && this.readyState !== CommSocket.CLOSED) this.end(CLOSED.host, GONE);
  };

  private end(code: number, reason: string): void {
    this.model.off("msg:custom", this.hear);
    this.model.off(KERNEL, this.look);
    this.readyState = CommSocket.CLOSED;
    this.onclose?.(Object.assign(new Event("close"), { code, reason, wasClean: true }));
  }
}

const classes = new WeakMap<Model, Sockets>();

/** Return the class of the sockets that go through `model`, for who makes them as `new WebSocket(url)`; always the same. */
export function socketsOver(model: Model): Sockets {
  class Bound extends CommSocket {
    static readonly way = `${page}-${++last}`;
    constructor(url: string) {
      super(model, url);
    }
  }
  const made = classes.get(model) ?? (Bound as unknown as Sockets);
  classes.set(model, made);
  return made;
}
