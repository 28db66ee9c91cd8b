// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { type Model, socketsOver } from "../src/comm";
import start from "../src/index";

type Handler = (content: unknown, buffers: DataView[]) => void;

/** A widget's model: what was sent, and a way to say something as the kernel. */
const fakeModel = (data: unknown = {}) => {
  const sent: [unknown, number[]][] = [];
  const handlers = new Set<Handler>();
  const model: Model = {
    get: () => data,
    set: vi.fn(),
    save_changes: vi.fn(),
    send: (content, _callbacks, buffers = []) => void sent.push([content, [...new Uint8Array((buffers[0] as ArrayBuffer) ?? new ArrayBuffer(0))]]),
    on: (event, handler) => void (event === "msg:custom" && handlers.add(handler as unknown as Handler)),
    off: (_event, handler) => void handlers.delete(handler as unknown as Handler),
  };
  const say = (content: unknown, ...bytes: number[][]): void => {
    for (const handler of [...handlers]) handler(content, bytes.map((some) => new DataView(new Uint8Array([9, ...some]).buffer, 1)));
  };
  return { model, sent, say, handlers };
};

test("a socket over a model opens, carries bytes both ways, and closes", () => {
  const { model, sent, say, handlers } = fakeModel();
  const Sockets = socketsOver(model);
  const socket = new Sockets("ws://host/live/u1?epoch=", ["pk", "token"]);
  const heard: unknown[] = [];
  socket.onopen = () => heard.push("open");
  socket.onmessage = ({ data }) => heard.push([...new Uint8Array(data as ArrayBuffer)]);
  socket.onclose = ({ code, reason }) => heard.push([code, reason]);
  const { socket: id } = sent[0]![0] as { socket: number };
  say({ kind: "open", socket: id + 1 });
  expect(socket.readyState).toBe(0);
  say({ kind: "open", socket: id });
  socket.send(new Uint8Array([0, 1, 2, 3]).subarray(1, 3));
  say({ kind: "data", socket: id }, [4, 5], [6]);
  say({ kind: "close", socket: id, code: 4404, reason: "gone" });
  expect(heard).toEqual(["open", [4, 5], [6], [4404, "gone"]]);
  expect(sent).toEqual([
    [{ kind: "open", socket: id, url: "ws://host/live/u1?epoch=", protocols: ["pk", "token"] }, []],
    [{ kind: "data", socket: id }, [1, 2]],
  ]);
  expect([socket.readyState, handlers.size]).toEqual([3, 0]);
});

test("closing from here is told to the kernel once", () => {
  const { model, sent } = fakeModel();
  const Sockets = socketsOver(model);
  const socket = new Sockets("ws://host/live/u1");
  socket.close();
  socket.close();
  expect(sent.map(([content]) => (content as { kind: string }).kind)).toEqual(["open", "close"]);
});

test("without arguments the module is a widget, and it renders the editor", async () => {
  const { model, sent } = fakeModel({ uid: "w1", path: "a/b", token: "", url: "live/w1" });
  const el = document.createElement("div");
  document.body.append(el);
  const widget = start() as { render(context: { model: Model; el: HTMLElement }): () => void };
  const stop = widget.render({ model, el });
  await vi.waitFor(() => expect(el.querySelector(".pk-editor")?.getAttribute("data-state")).toBe("offline"), 10_000);
  expect(sent[0]![0]).toMatchObject({ kind: "open", url: expect.stringMatching(/live\/w1$/) });
  stop();
  expect(el.querySelector(".pk-editor")).toBeNull();
});

test("an unknown component is an error that names it", () => {
  const args = { name: "prompt-kernel.nothing", parentElement: document.createElement("div") };
  expect(() => start(args as never)).toThrow('"nothing"');
});
