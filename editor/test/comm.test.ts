// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { type Model, socketsOver } from "../src/comm";
import start from "../src/index";

type Handler = (content: unknown, buffers: DataView[]) => void;

/** A widget's model: what was sent, and ways to say something as the kernel and to be without one. */
const fakeModel = (data: unknown = {}, component = "editor") => {
  const sent: [unknown, number[]][] = [];
  const handlers = new Set<Handler>();
  const all = new Map<string, Set<() => void>>();
  const model: Model = {
    comm_live: true,
    get: (name) => (name === "component" ? component : data),
    set: vi.fn(),
    save_changes: vi.fn(),
    send: (content, _callbacks, buffers = []) => void sent.push([content, [...new Uint8Array((buffers[0] as ArrayBuffer) ?? new ArrayBuffer(0))]]),
    on(event, handler) {
      if (event === "msg:custom") handlers.add(handler as unknown as Handler);
      else all.set(event, (all.get(event) ?? new Set()).add(handler as unknown as () => void));
    },
    off(event, handler) {
      handlers.delete(handler as unknown as Handler);
      all.get(event)?.delete(handler as unknown as () => void);
    },
  };
  const say = (content: unknown, ...bytes: number[][]): void => {
    for (const handler of [...handlers]) handler(content, bytes.map((some) => new DataView(new Uint8Array([9, ...some]).buffer, 1)));
  };
  const setLive = (live: boolean): void => {
    model.comm_live = live;
    for (const handler of [...(all.get("comm_live_update") ?? [])]) handler();
  };
  return { model, sent, say, handlers, setLive };
};

test("a socket over a model opens, carries bytes both ways, and closes", () => {
  const { model, sent, say, handlers } = fakeModel();
  const Sockets = socketsOver(model);
  const socket = new Sockets("ws://host/live/u1?epoch=", ["pk", "token"]);
  const heard: unknown[] = [];
  socket.onopen = () => heard.push("open");
  socket.onmessage = ({ data }) => heard.push([...new Uint8Array(data as ArrayBuffer)]);
  socket.onclose = ({ code, reason }) => heard.push([code, reason]);
  const { socket: id } = sent[0]![0] as { socket: string };
  say({ kind: "open", socket: `${id}0` });
  expect(socket.readyState).toBe(0);
  say({ kind: "open", socket: id });
  socket.send(new Uint8Array([0, 1, 2, 3]).subarray(1, 3));
  say({ kind: "data", socket: id, count: 1 }, [4, 5], [6]);
  say({ kind: "close", socket: id, code: 4404, reason: "gone" });
  expect(heard).toEqual(["open", [4, 5], [6], [4404, "gone"]]);
  expect(sent).toEqual([
    [{ kind: "open", socket: id, url: "ws://host/live/u1?epoch=" }, []],
    [{ kind: "data", socket: id }, [1, 2]],
  ]);
  expect([socket.readyState, handlers.size]).toEqual([3, 0]);
});

test("a socket that misses a message of the kernel closes, so that the next one brings everything", () => {
  const { model, sent, say } = fakeModel();
  const socket = new (socketsOver(model))("ws://host/live/u1");
  const heard: unknown[] = [];
  socket.onmessage = ({ data }) => heard.push([...new Uint8Array(data as ArrayBuffer)]);
  socket.onclose = ({ code }) => heard.push(code);
  const { socket: id } = sent[0]![0] as { socket: string };
  say({ kind: "open", socket: id });
  say({ kind: "data", socket: id, count: 1 }, [1]);
  say({ kind: "data", socket: id, count: 3 }, [3]);
  expect(heard).toEqual([[1], 1006]);
  expect(sent.at(-1)![0]).toMatchObject({ kind: "close", socket: id, code: 1006 });
});

test("a socket whose kernel goes says so, and so does one that is opened without a kernel", async () => {
  const { model, sent, setLive } = fakeModel();
  const Sockets = socketsOver(model);
  const ends: [number, string][] = [];
  const open = (): void => {
    new Sockets("ws://host/live/u1").onclose = ({ code, reason }) => ends.push([code, reason]);
  };
  open();
  setLive(false);
  open();
  await Promise.resolve();
  setLive(true);
  open();
  const sentence = expect.stringContaining("Run the cell again");
  expect(ends).toEqual([[4410, sentence], [4410, sentence]]);
  expect(sent.map(([content]) => (content as { kind: string }).kind)).toEqual(["open", "open"]);
});

test("closing from here is told to the kernel once", () => {
  const { model, sent } = fakeModel();
  const Sockets = socketsOver(model);
  const socket = new Sockets("ws://host/live/u1");
  socket.close();
  socket.close();
  expect(sent.map(([content]) => (content as { kind: string }).kind)).toEqual(["open", "close"]);
});

test("without arguments the module is a widget, and it renders the editor over the model itself", async () => {
  const whole = fakeModel({ uid: "w1", path: "a/b", trail: ["a/x"], token: "", url: "live/w1", model: "m1" });
  const part = fakeModel({ model: "m1" });
  part.model.widget_manager = { get_model: async (id) => (id === "m1" ? whole.model : part.model) };
  const el = document.createElement("div");
  document.body.append(el);
  const widget = start() as { render(context: { model: Model; el: HTMLElement }): () => void };
  const stop = widget.render({ model: part.model, el });
  await vi.waitFor(() => expect(el.firstElementChild?.shadowRoot?.querySelector(".pk-editor")?.getAttribute("data-state")).toBe("offline"), 10_000);
  const root = el.firstElementChild!.shadowRoot!;
  expect(whole.sent[0]![0]).toMatchObject({ kind: "open", url: expect.stringMatching(/live\/w1$/) });
  expect(part.sent).toEqual([]);
  expect(root.querySelector(".pk-widget-path")?.textContent).toBe("a/b");

  root.querySelector<HTMLButtonElement>(".pk-widget-head button")!.click();
  expect(whole.sent.at(-1)![0]).toEqual({ kind: "trigger", name: "back" });
  whole.say({ kind: "remark", message: "There is no prompt 'x'." });
  expect(root.querySelector("[role=status]")?.textContent).toBe("There is no prompt 'x'.");

  // The keys of the notebook are the notebook's, but for those that are pressed in the editor.
  const press = (on: Element): boolean => on.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyS", ctrlKey: true, bubbles: true, composed: true, cancelable: true }));
  expect([press(document.body), press(root.querySelector(".pk-editor")!)]).toEqual([true, false]);

  whole.setLive(false);
  await vi.waitFor(() => expect(root.querySelector("[role=alert]")?.textContent).toContain("The kernel of this notebook"));
  stop();
  expect(el.children.length).toBe(0);
});

test("an unknown widget is an error that names it", () => {
  const widget = start() as { render(context: { model: Model; el: HTMLElement }): () => void };
  const { model } = fakeModel({}, "nothing");
  expect(() => widget.render({ model, el: document.createElement("div") })).toThrow('"nothing"');
});

test("an unknown component is an error that names it", () => {
  const args = { name: "prompt-kernel.nothing", parentElement: document.createElement("div") };
  expect(() => start(args as never)).toThrow('"nothing"');
});
