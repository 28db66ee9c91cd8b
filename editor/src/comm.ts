/** The transport of a notebook: a WebSocket in looks, the messages of a widget's model in fact. */

/** What is used of an anywidget model. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: (ArrayBuffer | ArrayBufferView)[]): void;
  on(event: string, handler: (...values: never[]) => void): void;
  off(event: string, handler: (...values: never[]) => void): void;
}

/** What the kernel says about one socket; a data message has its bytes in the buffers. */
interface FromKernel {
  kind: "open" | "data" | "close";
  socket: number;
  code?: number;
  reason?: string;
}

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
  private readonly id = ++last;

  constructor(
    private readonly model: Model,
    url: string,
    protocols: string[] = [],
  ) {
    model.on("msg:custom", this.hear);
    model.send({ kind: "open", socket: this.id, url, protocols });
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
      this.end(content.code ?? 1006, content.reason ?? "");
    } else {
      for (const { buffer, byteOffset, byteLength } of buffers) {
        const data = (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
        this.onmessage?.(new MessageEvent("message", { data }));
      }
    }
  };

  private end(code: number, reason: string): void {
    this.model.off("msg:custom", this.hear);
    this.readyState = CommSocket.CLOSED;
    this.onclose?.(Object.assign(new Event("close"), { code, reason, wasClean: true }));
  }
}

/** Return the class of the sockets that go through `model`, for who makes them as `new WebSocket(url, protocols)`. */
export function socketsOver(model: Model): typeof WebSocket {
  class Bound extends CommSocket {
    constructor(url: string, protocols: string[] = []) {
      super(model, url, protocols);
    }
  }
  return Bound as unknown as typeof WebSocket;
}
