/** A WebSocket that tells which edits went out, and keeps to itself what other people's cursors do. */

import { AWARENESS, isEdit, spokenOf } from "./protocol";

/** Who wants to know of the sockets of one document. */
export interface Wire {
  /** The client id of the document: the room accepts no other from us. */
  client(): number;
  /** An edit went out; `whole` if it was the answer to the room's question for all that it lacks. */
  dispatched(whole: boolean): void;
}

/**
 * Return a class of sockets to give to y-websocket.
 *
 * y-websocket repeats to the server what it hears about others; with fifty people in a room that alone would be more
 * messages than anybody may send.
 */
export function socketFor(wire: Wire, Base: typeof WebSocket): typeof WebSocket {
  return class extends Base {
    override send(data: Uint8Array<ArrayBuffer>): void {
      if (data[0] === AWARENESS && !spokenOf(data).includes(wire.client())) return;
      super.send(data);
      if (isEdit(data)) wire.dispatched(data[1] === 1);
    }
  };
}
