/** The messages of a live connection: those of y-protocols, and ours from 100 on. Positions are UTF-16 units. */

import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

export const SYNC = 0;
export const AWARENESS = 1;
export const ACK = 100;
export const HELLO = 101;
export const WATCH = 102;
export const PREVIEW = 103;
export const NOTICE = 104;
export const ASK = 105;
export const ANSWER = 106;
export const PING = 107;

/** Why a socket was closed. */
export const CLOSED = {
  malformed: 4400,
  token: 4401,
  forbidden: 4403,
  gone: 4404,
  fast: 4408,
  epoch: 4409,
  /** What leads to the room has ended, and the reason says what to do: as a notebook's kernel. */
  host: 4410,
  large: 4413,
} as const;

export interface Person {
  name: string;
  color: string;
}

/** What a room says first. */
export interface Hello {
  epoch: string;
  uid: string;
  path: string;
  version: number;
  enabled: boolean;
  deleted: boolean;
  readOnly: boolean;
  clean: boolean;
  you: Person;
}

/** A run of an expansion; `origin` numbers the prompts, and 0 is the one that is edited. */
export interface Piece {
  text: string;
  path: string;
  version: number | null;
  variable: string | null;
  origin: number;
}

export interface Diagnostic {
  severity: string;
  code: string;
  message: string;
  path: string;
  line: number | null;
  from: number | null;
  to: number | null;
  near: string[];
}

/** The code of a diagnostic that says that nobody has given a variable's value. */
export const MISSING = "missing-variable";

export interface InclusionInfo {
  from: number;
  to: number;
  spelled: string;
  target: string | null;
  version: number | null;
  near: string[];
}

export interface Preview {
  id: string;
  text: string;
  composite: boolean;
  characters: number;
  /** Whether `text` and `pieces` are the beginning only, because the whole is very long. */
  cut?: boolean;
  problem: string;
  pieces: Piece[];
  diagnostics: Diagnostic[];
  inclusions: InclusionInfo[];
  variables: string[];
  missing: string[];
}

export interface Notice {
  kind: string;
  path: string;
  version?: number;
  author?: string;
  origin?: string;
  /** The path of a conflict copy. */
  copy?: string;
  message: string;
}

export interface Watch {
  id: string;
  variables?: Record<string, unknown>;
  pieces?: boolean;
  off?: boolean;
}

export interface Suggestion {
  path: string;
  name: string;
  insert: string;
  description: string;
}

/** What can be asked for, with its arguments and its answer. */
export interface Questions {
  save: { ask: { message: string }; answer: { version: number; changed: boolean } };
  suggest: { ask: { beginning: string; limit: number }; answer: { suggestions: Suggestion[] } };
  copy: { ask: { text: string; reason: string }; answer: { path: string } };
  expand: { ask: { variables: Record<string, unknown> }; answer: Whole };
}

/** The whole expansion of the text as it is now; `incomplete` says what is missing, "" where nothing is. */
export interface Whole {
  text: string;
  composite: boolean;
  incomplete: string;
}

export type Answer = { id: number; ok: boolean; problem?: string } & Record<string, unknown>;

/** A message of `type` that holds `value` as JSON. */
export function write(type: number, value: unknown): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  encoding.writeVarString(encoder, JSON.stringify(value));
  return encoding.toUint8Array(encoder);
}

/** A message that is no more than its type. */
export function writeBare(type: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  return encoding.toUint8Array(encoder);
}

/** What the rest of a message holds as JSON. */
export function read<T>(decoder: decoding.Decoder): T {
  return JSON.parse(decoding.readVarString(decoder)) as T;
}

/** Whether a message is an edit that the room will acknowledge: a second sync step, or an update. */
export function isEdit(message: Uint8Array): boolean {
  return message[0] === SYNC && (message[1] === 1 || message[1] === 2);
}

/** The client ids that an awareness message speaks of. */
export function spokenOf(message: Uint8Array): number[] {
  const decoder = decoding.createDecoder(message);
  decoding.readVarUint(decoder);
  const states = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  return Array.from({ length: decoding.readVarUint(states) }, () => {
    const client = decoding.readVarUint(states);
    decoding.readVarUint(states);
    decoding.readVarString(states);
    return client;
  });
}
