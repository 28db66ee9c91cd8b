/** The connections of this page: one for each prompt, however many components show it. */

import { Connection, type Place } from "./connection";
import { CLOSED } from "./protocol";

/** What makes sockets; `way` tells those of one widget from all others. */
export type Sockets = typeof WebSocket & { readonly way?: string };

interface Room {
  connection: Connection;
  users: number;
  closing: ReturnType<typeof setTimeout> | undefined;
}

interface Rooms {
  open: Map<string, Room>;
  listeners: Set<(uid: string) => void>;
}

/** A page is turned faster than this, in milliseconds, so that the text is still there when it is turned back. */
const LINGER = 4000;

// Streamlit loads the module once for each component, under its own address; the rooms are everybody's.
const KEY = Symbol.for("prompt-kernel.rooms");
const shared = globalThis as unknown as { [KEY]?: Rooms };
const rooms: Rooms = (shared[KEY] ??= { open: new Map(), listeners: new Set() });

/** Each widget of a notebook has a way of its own to its rooms, which ends with its kernel. */
function keyOf(uid: string, sockets: Sockets): string {
  return `${uid} ${sockets.way ?? ""}`;
}

/** Enter the room of a prompt; every call is paired with one of `leave`. */
export function enter(place: Place, sockets: Sockets): Connection {
  const key = keyOf(place.uid, sockets);
  const found = rooms.open.get(key);
  if (found) {
    clearTimeout(found.closing);
    found.users += 1;
    found.connection.update(place);
    return found.connection;
  }
  const connection = new Connection(place, sockets);
  rooms.open.set(key, { connection, users: 1, closing: undefined });
  for (const listener of rooms.listeners) listener(place.uid);
  return connection;
}

export function leave(connection: Connection): void {
  const [key, room] = [...rooms.open].find(([, { connection: one }]) => one === connection) ?? [];
  if (!key || !room) return;
  room.users -= 1;
  if (room.users === 0) closeSoon(key, room);
}

/** Call `listener` with the connection of a prompt, now and whenever another takes its place; returns how to stop. */
export function join(uid: string, listener: (connection: Connection) => void): () => void {
  const tell = (opened: string): void => {
    const room = rooms.open.get(keyOf(uid, WebSocket));
    if (opened === uid && room) listener(room.connection);
  };
  rooms.listeners.add(tell);
  tell(uid);
  return () => rooms.listeners.delete(tell);
}

function closeSoon(key: string, room: Room): void {
  room.closing = setTimeout(() => {
    if (room.users > 0) return;
    if (room.connection.waiting && room.connection.ending?.code !== CLOSED.host) {
      closeSoon(key, room); // what was typed leaves with the connection, so that waits
      return;
    }
    rooms.open.delete(key);
    room.connection.destroy();
  }, LINGER);
}
