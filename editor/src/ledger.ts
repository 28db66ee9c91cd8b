/** What of a document the database has acknowledged, and what a person is told about it. */

export type Standing = "saved" | "saving" | "offline" | "unsaved";

/** This many milliseconds without an acknowledgement, and the page says it aloud. */
export const PATIENCE = 5000;

/**
 * The account of one document's edits.
 *
 * Edits are counted, because a state vector says nothing about deletions. What was typed while no socket could take it
 * is covered by the second sync step of the next socket, which holds everything that the room lacks.
 */
export class Ledger {
  private online = false;
  private sent = 0;
  private acknowledged = 0;
  /** The number of the last sent edit that may hold what was typed here: the first exchange of a document does not. */
  private telling = 0;
  /** Whether edits exist that the present socket did not carry one by one. */
  private carried = false;
  /** The number of the sent edit that holds all that was carried; 0 where there is none yet. */
  private covering = 0;
  private held = false;
  private late = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told: Standing = "offline";

  constructor(private readonly changed: (standing: Standing) => void) {}

  /** Whether something was typed that the database has not acknowledged. */
  get waiting(): boolean {
    return this.held || this.carried || this.acknowledged < this.sent;
  }

  /** Whether leaving now could lose what was typed here: it may be, until the database has acknowledged it. */
  get risky(): boolean {
    return this.held || this.carried || this.acknowledged < this.telling;
  }

  get standing(): Standing {
    if (this.waiting && this.late) return "unsaved";
    if (!this.online) return "offline";
    return this.waiting ? "saving" : "saved";
  }

  /** A new document takes the place of the old one, whose text is somebody else's care. */
  begin(): void {
    this.sent = this.telling = this.acknowledged = this.covering = 0;
    this.online = this.carried = false;
    this.settle();
  }

  /** The document is the room's: both sides have what the other had. */
  synced(): void {
    this.online = true;
    this.settle();
  }

  /** The socket is gone: what it had not acknowledged waits for the next one. */
  closed(): void {
    this.carried = this.carried || this.acknowledged < this.sent;
    this.sent = this.telling = this.acknowledged = this.covering = 0;
    this.online = false;
    this.settle();
  }

  /** Something was typed, and no socket took it. */
  missed(): void {
    this.carried = true;
    this.covering = 0;
    this.settle();
  }

  /** An edit went out on the socket; `whole` if it holds everything that the room may lack. */
  dispatched(whole: boolean): void {
    this.sent += 1;
    if (whole) this.covering = this.sent;
    if (!whole || this.carried) this.telling = this.sent;
    this.settle();
  }

  /** The first `count` edits of this socket are committed. */
  acknowledge(count: number): void {
    if (count <= this.acknowledged) return;
    this.acknowledged = count;
    if (this.covering > 0 && count >= this.covering) this.carried = false;
    this.late = false;
    this.restart();
    this.settle();
  }

  /** Count as waiting until told otherwise: a text of another lineage looks for its place. */
  hold(held: boolean): void {
    this.held = held;
    this.settle();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private restart(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private settle(): void {
    if (!this.waiting) {
      this.late = false;
      this.restart();
    } else {
      this.timer ??= setTimeout(() => {
        this.late = true;
        this.settle();
      }, PATIENCE);
    }
    const standing = this.standing;
    if (standing === this.told) return;
    this.told = standing;
    this.changed(standing);
  }
}
