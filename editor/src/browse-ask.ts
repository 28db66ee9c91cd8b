/** Questions to the kernel and their answers, over the messages of a widget's model. */

import type { Questions } from "./browse-data";
import type { Model } from "./comm";

/** An answer that takes longer than this is said to be waited for; milliseconds. */
const PATIENCE = 800;

/** What a model triggers when its kernel has gone or is back. */
const LIVE = "comm_live_update";
const GONE = "The kernel of this notebook was restarted, or has ended. Run the cell again to go on.";
const LOST = "An answer was lost on its way; try again.";

interface FromKernel {
  kind: string;
  id: string;
  ok: boolean;
  problem?: string;
}

interface Pending {
  number: number;
  resolve(answer: never): void;
  reject(error: Error): void;
}

/** A widget may be shown in several pages, which all hear every answer: the questions of this one have its mark. */
const PAGE = Math.random().toString(36).slice(2);
let last = 0;

/** A kernel that is asked. It may be busy for hours, so that no question is ever given up. */
export class Kernel {
  readonly #model: Model;
  readonly #waiting: (on: boolean) => void;
  readonly #gone: (problem: string) => void;
  /** The model itself: what is handed to a view does not know whether the kernel has it. */
  #whole: Model | null = null;
  readonly #pending = new Map<string, Pending>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `waiting` is told when an answer takes long, and when it has come; `gone` that there will be none any more. */
  constructor(model: Model, waiting: (on: boolean) => void, gone: (problem: string) => void) {
    this.#model = model;
    this.#waiting = waiting;
    this.#gone = gone;
    model.on("msg:custom", this.#hear);
  }

  /** Listen to the model itself, too. */
  follow(whole: Model): void {
    this.#whole = whole;
    whole.on(LIVE, this.#look);
    this.#look();
  }

  /** Ask; the promise fails with a sentence. */
  ask<Do extends keyof Questions>(does: Do, what: Questions[Do]["ask"]): Promise<Questions[Do]["answer"]> {
    return new Promise((resolve, reject) => {
      const number = ++last;
      const id = `${PAGE}-${number}`;
      if (this.#whole?.comm_live === false) {
        reject(new Error(GONE));
        return;
      }
      this.#pending.set(id, { number, resolve, reject });
      this.#timer ??= setTimeout(() => { this.#waiting(true); }, PATIENCE);
      this.#model.send({ kind: "ask", id, do: does, ...what });
    });
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#model.off("msg:custom", this.#hear);
    this.#whole?.off(LIVE, this.#look);
    this.#pending.clear();
  }

  readonly #hear = (content: FromKernel): void => {
    const asked = content.kind === "answer" ? this.#pending.get(content.id) : undefined;
    if (!asked) return;
    this.#pending.delete(content.id);
    // Answers come in the order of the questions; Jupyter drops messages where there are too many.
    this.#fail(LOST, asked.number);
    clearTimeout(this.#timer);
    this.#timer = this.#pending.size > 0 ? setTimeout(() => { this.#waiting(true); }, PATIENCE) : undefined;
    this.#waiting(false);
    if (content.ok) asked.resolve(content as never);
    else asked.reject(new Error(content.problem ?? "The kernel refused."));
  };

  readonly #look = (): void => {
    if (this.#whole?.comm_live !== false) return;
    clearTimeout(this.#timer);
    this.#waiting(false);
    this.#fail(GONE, Infinity);
    this.#gone(GONE);
  };

  /** Give up the questions before a number. */
  #fail(problem: string, before: number): void {
    for (const [id, { number, reject }] of this.#pending) {
      if (number >= before) continue;
      this.#pending.delete(id);
      reject(new Error(problem));
    }
  }
}

/** One question that is asked again and again: one at a time, and then the newest of what was asked meanwhile. */
export class Lane<Do extends keyof Questions> {
  #busy = false;
  #next: Questions[Do]["ask"] | null = null;
  /** Answers to what was asked before it was forgotten are not told. */
  #age = 0;

  constructor(
    readonly kernel: Kernel,
    readonly does: Do,
    readonly tell: (answer: Questions[Do]["answer"], what: Questions[Do]["ask"]) => void,
    readonly fail: (problem: string) => void,
  ) {}

  ask(what: Questions[Do]["ask"]): void {
    if (this.#busy) this.#next = what;
    else void this.#run(what);
  }

  forget(): void {
    this.#age++;
    this.#next = null;
  }

  async #run(what: Questions[Do]["ask"]): Promise<void> {
    this.#busy = true;
    const age = this.#age;
    try {
      const answer = await this.kernel.ask(this.does, what);
      if (age === this.#age) this.tell(answer, what);
    } catch (error) {
      if (age === this.#age) this.fail((error as Error).message);
    }
    this.#busy = false;
    const next = this.#next;
    this.#next = null;
    if (next !== null) void this.#run(next);
  }
}
