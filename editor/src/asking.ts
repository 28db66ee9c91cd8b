/** Questions to a room and their answers, told apart by numbers. */

import { type Answer, ASK, type Questions, write } from "./protocol";

/** How long an answer may take, in milliseconds. */
const PATIENCE = 15_000;

interface Pending {
  resolve(answer: never): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Asking {
  private readonly pending = new Map<number, Pending>();
  private last = 0;

  constructor(private readonly send: (message: Uint8Array) => boolean) {}

  /** Ask; the promise fails with a sentence, also when there is no connection to ask over. */
  ask<Do extends keyof Questions>(does: Do, what: Questions[Do]["ask"]): Promise<Questions[Do]["answer"]> {
    return new Promise((resolve, reject) => {
      const id = ++this.last;
      if (!this.send(write(ASK, { id, do: does, ...what }))) {
        reject(new Error("There is no connection to the server at the moment; try again when it is back."));
        return;
      }
      const timer = setTimeout(() => this.settle(id)?.reject(new Error("The server did not answer; try again.")), PATIENCE);
      this.pending.set(id, { resolve, reject, timer });
    });
  }

  answer({ id, ok, problem, ...answer }: Answer): void {
    const asked = this.settle(id);
    if (ok) asked?.resolve(answer as never);
    else asked?.reject(new Error(problem ?? "The server refused."));
  }

  /** The connection is lost, and with it every answer that was under way. */
  fail(): void {
    for (const id of [...this.pending.keys()]) {
      this.settle(id)?.reject(new Error("The connection was lost before the answer came; try again."));
    }
  }

  private settle(id: number): Pending | undefined {
    const asked = this.pending.get(id);
    this.pending.delete(id);
    clearTimeout(asked?.timer);
    return asked;
  }
}
