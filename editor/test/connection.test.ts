// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { Connection, type Place, type Remark } from "../src/connection";
import { allKept, keep } from "../src/keep";
import { PATIENCE } from "../src/ledger";
import { FakeRoom, UID } from "./room";

const PLACE: Place = { uid: UID, token: "t1", url: `live/${UID}`, copyUrl: `live/${UID}/copy`, name: "Ann", color: "#112233" };
const open: Connection[] = [];

/** Let messages arrive, and `milliseconds` go by. */
const wait = async (milliseconds = 0): Promise<void> => {
  await vi.advanceTimersByTimeAsync(milliseconds);
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};
const enter = async (room: FakeRoom, place: Partial<Place> = {}): Promise<Connection> => {
  const connection = new Connection({ ...PLACE, ...place }, room.Sockets);
  open.push(connection);
  await wait();
  return connection;
};
const remarks = (connection: Connection): Remark[] => {
  const heard: Remark[] = [];
  connection.on("remark", (remark) => heard.push(remark));
  return heard;
};
const keys = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith("pk:unsaved:"));
const type = (connection: Connection, text: string): void => connection.text.insert(connection.text.length, text);
const copies = (path: string): { url: string; body: { text: string }; authorization: string }[] => {
  const made: { url: string; body: { text: string }; authorization: string }[] = [];
  vi.stubGlobal("fetch", async (url: URL, { body, headers }: { body: string; headers: Record<string, string> }) => {
    made.push({ url: String(url), body: JSON.parse(body) as { text: string }, authorization: headers.authorization! });
    return { status: 200, json: async () => ({ path }) };
  });
  return made;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", () => Promise.reject(new Error("There is no server.")));
  localStorage.clear();
});
afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a connection shows the text of the room, and tells the room its own", async () => {
  const room = new FakeRoom("Hello");
  const connection = await enter(room);
  type(connection, ", wörld 👋");
  await wait();
  expect([connection.text.toString(), room.text]).toEqual(["Hello, wörld 👋", "Hello, wörld 👋"]);
  expect([connection.standing, connection.synced, connection.hello?.version, connection.readOnly]).toEqual(["saved", true, 3, false]);
});

test("nothing can be written before the text is there", async () => {
  const room = new FakeRoom("Hello");
  room.up = false;
  const connection = await enter(room);
  expect([connection.readOnly, connection.standing]).toEqual([true, "offline"]);
  room.up = true;
  await wait(3000);
  expect([connection.readOnly, connection.standing]).toEqual([false, "saved"]);
});

test("saved is said after the acknowledgement only", async () => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.acknowledges = false;
  type(connection, "b");
  await wait(PATIENCE - 1);
  expect([room.text, connection.standing, connection.waiting]).toEqual(["ab", "saving", true]);
  await wait(1);
  expect(connection.standing).toBe("unsaved");
  room.acknowledge();
  await wait();
  expect([connection.standing, connection.waiting]).toEqual(["saved", false]);
});

test("what was typed while the server was away goes out at reconnection, and is acknowledged then", async () => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.up = false;
  room.drop();
  type(connection, "b");
  expect(connection.standing).toBe("offline");
  await wait(PATIENCE);
  expect(connection.standing).toBe("unsaved");
  room.up = true;
  await wait(3000);
  expect([room.text, connection.standing]).toEqual(["ab", "saved"]);
});

test("what the server never acknowledged before it died is sent to the next one", async () => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.acknowledges = false;
  type(connection, "b");
  await wait();
  room.doc = new FakeRoom("a").doc; // it forgot what it had not written down, and even who wrote the beginning
  room.drop();
  expect(connection.waiting).toBe(true);
  room.acknowledges = true;
  await wait(3000);
  expect([room.text.includes("b"), connection.standing]).toEqual([true, "saved"]);
});

test.each([1001, 1006, 4408, 4508])("after close code %i the connection comes again by itself", async (code) => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.drop(code);
  expect([connection.synced, connection.ending]).toEqual([false, null]);
  await wait(3000);
  expect(connection.synced).toBe(true);
});

test("an old token waits for a new one", async () => {
  const room = new FakeRoom("a");
  room.refuses = 4401;
  const connection = await enter(room);
  await wait(10_000);
  expect([connection.ending?.code, connection.synced]).toEqual([4401, false]);
  room.refuses = 0;
  connection.update(PLACE);
  await wait(3000);
  expect(connection.synced).toBe(false);
  connection.update({ ...PLACE, token: "t2" });
  await wait();
  expect([connection.ending, connection.synced, room.sockets[0]?.protocols]).toEqual([null, true, ["pk", "t2"]]);
});

test.each([4400, 4403, 4404, 4413])("after close code %i nothing is tried, and what was typed is kept", async (code) => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.acknowledges = false;
  type(connection, "b");
  room.drop(code);
  await wait(3000);
  expect([connection.ending, connection.synced, connection.kept]).toEqual([{ code, reason: "because" }, false, true]);
  expect(allKept(UID).map(({ text }) => text)).toEqual(["ab"]);
});

test("unacknowledged text is kept in the browser, and forgotten once it is saved", async () => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.acknowledges = false;
  type(connection, "b");
  await wait(600);
  expect(keys()).toEqual([`pk:unsaved:${UID}:e1`]);
  room.acknowledge();
  await wait();
  expect(keys()).toEqual([]);
});

test("text that another page left behind is put back once, and merged", async () => {
  const room = new FakeRoom("Hello");
  const first = await enter(room);
  room.up = false;
  room.drop();
  type(first, " there");
  first.destroy();
  open.splice(0);
  expect(keys()).toEqual([`pk:unsaved:${UID}:e1`]);
  room.up = true;
  room.doc.getText("text").insert(0, "> ");
  const second = await enter(room);
  await wait();
  expect([room.text, second.text.toString(), second.standing, keys()]).toEqual(["> Hello there", "> Hello there", "saved", []]);
});

test("text that was saved after all is not put back a second time", async () => {
  const room = new FakeRoom("a");
  const first = await enter(room);
  room.acknowledges = false;
  type(first, "b");
  await wait(600);
  first.destroy();
  open.splice(0);
  room.acknowledges = true;
  const second = await enter(room);
  const heard = remarks(second);
  await wait();
  expect([room.text, keys(), heard]).toEqual(["ab", [], []]);
});

test("a room of another epoch gets nothing of the old document, and the text becomes a copy", async () => {
  const room = new FakeRoom("Hello");
  const made = copies("a/b-conflict");
  const connection = await enter(room);
  const heard = remarks(connection);
  const before = connection.text;
  room.up = false;
  room.drop();
  type(connection, " there");
  const renewed = new FakeRoom("Hello again", "e2");
  room.doc = renewed.doc;
  room.epoch = "e2";
  room.up = true;
  await wait(3000);
  expect([room.text, connection.text.toString(), connection.text === before]).toEqual(["Hello again", "Hello again", false]);
  expect(made).toEqual([{ url: expect.stringContaining(`live/${UID}/copy`), authorization: "Bearer t1", body: { text: "Hello there", reason: expect.any(String) } }]);
  expect(heard.map(({ path }) => path)).toEqual(["a/b-conflict"]);
  expect([connection.standing, connection.readOnly, keys()]).toEqual(["saved", false, []]);
});

test("a greeting of another epoch is refused before any of the text is taken in", async () => {
  const room = new FakeRoom("Hello");
  copies("a/b-conflict");
  const connection = await enter(room);
  room.drop();
  room.doc = new FakeRoom("Hello", "e2").doc;
  room.epoch = "e2";
  room.checks = false;
  await wait(3000);
  expect([room.text, connection.text.toString(), connection.synced]).toEqual(["Hello", "Hello", true]);
});

test("what was not saved when the prompt was purged becomes a prompt of its own", async () => {
  const room = new FakeRoom("a");
  const made = copies("unsaved/b-conflict");
  const connection = await enter(room);
  const heard = remarks(connection);
  room.acknowledges = false;
  type(connection, "b");
  room.drop(4404);
  await wait();
  expect([made.map(({ body }) => body.text), heard.map(({ path }) => path)]).toEqual([["ab"], ["unsaved/b-conflict"]]);
  expect([connection.waiting, connection.readOnly, keys()]).toEqual([false, true, []]);
});

test("a copy that cannot be made is tried again, and the text is unsaved until then", async () => {
  const room = new FakeRoom("new", "e2");
  keep(UID, { client: "7", epoch: "e1", update: new Uint8Array([0, 0]), text: "old" });
  vi.stubGlobal("fetch", async () => ({ status: 503, json: async () => ({ problem: "The database is locked." }) }));
  const connection = new Connection(PLACE, room.Sockets);
  open.push(connection);
  const heard = remarks(connection);
  await wait(PATIENCE);
  expect([connection.standing, heard.length, keys().length]).toEqual(["unsaved", 1, 1]);
  expect(heard[0]?.message).toContain("The database is locked.");
  const made = copies("a/b-conflict");
  connection.connect();
  await wait();
  expect([made.length, connection.standing, keys()]).toEqual([1, "saved", []]);
});

test("a text of another epoch that is the same needs no copy", async () => {
  const room = new FakeRoom("same", "e2");
  const made = copies("a/b-conflict");
  keep(UID, { client: "7", epoch: "e1", update: new Uint8Array([0, 0]), text: "same" });
  await enter(room);
  expect([made, keys()]).toEqual([[], []]);
});

test("leaving the page with unsaved text asks first, and without any it does not", async () => {
  const room = new FakeRoom("a");
  room.acknowledges = false;
  const connection = await enter(room);
  const leave = (): boolean => !dispatchEvent(new Event("beforeunload", { cancelable: true }));
  expect([leave(), connection.synced]).toEqual([false, true]);
  type(connection, "b");
  expect([leave(), connection.standing]).toEqual([true, "saving"]);
});

test("previews are watched again after a reconnection", async () => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  connection.watch({ id: "editor", variables: { n: 1 }, pieces: false });
  room.drop();
  await wait(3000);
  expect(room.watched).toEqual([
    { id: "editor", variables: { n: 1 }, pieces: false },
    { id: "editor", variables: { n: 1 }, pieces: false },
  ]);
  room.preview({ id: "editor", characters: 5 });
  room.preview({ id: "nobody's", characters: 6 });
  await wait();
  expect([connection.preview("editor")?.characters, connection.preview("nobody's")]).toEqual([5, undefined]);
});

test("a question has its own answer, and none without a connection", async () => {
  const room = new FakeRoom("a");
  room.answers = ({ message }) => (message === "no" ? { ok: false, problem: "It is in the trash." } : { ok: true, version: 4, changed: true });
  const connection = await enter(room);
  const saved = connection.ask("save", { message: "yes" });
  const refused = expect(connection.ask("save", { message: "no" })).rejects.toThrow("It is in the trash.");
  await wait();
  await refused;
  expect(await saved).toEqual({ version: 4, changed: true });
  room.up = false;
  room.drop();
  await expect(connection.ask("save", { message: "" })).rejects.toThrow("no connection");
});

test("notices change what is known of the prompt", async () => {
  const room = new FakeRoom("a");
  const connection = await enter(room);
  room.notice({ kind: "saved", version: 9 });
  room.notice({ kind: "renamed", path: "c/d" });
  room.notice({ kind: "conflict_copy", path: "c/d-conflict" });
  room.notice({ kind: "deleted", path: "c/d" });
  await wait();
  expect(connection.hello).toMatchObject({ path: "c/d", version: 9, deleted: true, enabled: true });
  room.notice({ kind: "recovered", path: "c/d" });
  room.notice({ kind: "disabled", path: "c/d" });
  await wait();
  expect(connection.hello).toMatchObject({ deleted: false, enabled: false });
});

test("other people's cursors are not repeated to the server", async () => {
  const room = new FakeRoom("a");
  const one = await enter(room);
  const sent = room.awareness;
  const bob = new Awareness(new Y.Doc());
  bob.setLocalStateField("user", { name: "Bob", color: "#445566" });
  applyAwarenessUpdate(one.awareness, encodeAwarenessUpdate(bob, [bob.clientID]), "remote");
  bob.destroy();
  expect([room.awareness - sent, one.people()]).toEqual([0, [{ name: "Bob", color: "#445566", client: bob.clientID }]]);
  one.awareness.setLocalStateField("cursor", null);
  expect(room.awareness - sent).toBe(1);
});
