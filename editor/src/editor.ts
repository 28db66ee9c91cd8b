/** The shared editor: the text field, the bar over it, and what they have to do with a room. */

import { EditorView } from "@codemirror/view";

import { openCheatSheet } from "./cheatsheet";
import type { Colleague, Connection, Place, Remark } from "./connection";
import { copyOf, offer, write } from "./copy";
import { positionOf } from "./cursors";
import { setInclusions } from "./follow";
import { Footer } from "./footer";
import { handles } from "./handles";
import { type Create, element, type Instance, type Mount } from "./host";
import { dress } from "./look";
import { messageOf, Notices } from "./notices";
import { CLOSED, MISSING, type Notice, type Preview } from "./protocol";
import { enter, leave, type Sockets } from "./rooms";
import { openSearch } from "./search";
import { fence, listen } from "./shortcuts";
import { type Sibling, Siblings } from "./siblings";
import { stateOf, Status } from "./status";
import { styles } from "./style";
import { locate, underline } from "./underline";
import { insertInclusions, setReadOnly, stateFor } from "./view";

export interface EditorData extends Place {
  path: string;
  height?: number;
  siblings?: Sibling[];
}

const WATCH = "editor";
/** How often, in milliseconds, and how many times the page is asked for a new token. */
const RENEW_EVERY = 1000;
const MOST_RENEWALS = 60;

/** Make editors whose rooms are reached through `sockets`. */
export function editorOver(sockets: Sockets): Create<EditorData> {
  return (mount) => new Editor(mount, sockets);
}

export const createEditor: Create<EditorData> = (mount) => new Editor(mount, WebSocket);

class Editor implements Instance<EditorData> {
  private connection!: Connection;
  private readonly view: EditorView;
  private readonly notices = new Notices((path, newTab) => this.open(path, newTab));
  private readonly siblings = new Siblings((name) => insertInclusions(this.view, [name]));
  private readonly status: Status;
  private readonly footer = new Footer(() => this.view);
  private readonly root = element("div", { className: "pk pk-editor" });
  private readonly stopListening: () => void;
  /** The shared text that the view shows. */
  private text: unknown = null;
  private renewing: ReturnType<typeof setTimeout> | undefined;
  private renewals = 0;
  /** Whether a version is being saved from here, of which a notice would say nothing new. */
  private saving = false;
  private readonly ownCopies = new Set<string>();

  constructor(
    private mount: Mount<EditorData>,
    private readonly sockets: Sockets,
  ) {
    const again = (): void => this.connection.connect();
    this.status = new Status(
      {
        save: (message) => void this.save(message),
        copy: () => void this.copy(),
        copyText: () => void this.copyText(),
        search: () => openSearch(this.view),
        help: () => openCheatSheet(this.root),
        goTo: (colleague) => this.goTo(colleague),
        retry: again,
      },
      this.siblings.node,
    );
    const body = element("div", { className: "pk-body" });
    this.root.append(this.status.bar, this.status.form, this.status.banner, body, this.footer.node);
    mount.parentElement.append(this.root);
    dress(mount.parentElement, styles);
    const root = mount.parentElement.getRootNode();
    this.view = new EditorView({ parent: body, root: root instanceof ShadowRoot ? root : document });
    body.append(this.notices.node);
    fence(this.root);
    const shortcuts = {
      copy: () => void this.copy(),
      replace: () => openSearch(this.view, true),
      save: () => void this.save(""),
      saveWithMessage: () => this.status.askMessage(true),
    };
    this.stopListening = listen(this.root, shortcuts, sockets.way !== undefined);
    this.arrive();
  }

  update(mount: Mount<EditorData>): void {
    const moved = mount.data.uid !== this.mount.data.uid;
    this.mount = mount;
    if (moved) {
      this.depart();
      this.notices.clear();
      this.arrive();
    } else {
      this.connection.update(mount.data);
      this.showData();
    }
  }

  destroy(): void {
    this.stopListening();
    clearTimeout(this.renewing);
    this.depart();
    this.view.destroy();
    this.root.remove();
  }

  private arrive(): void {
    this.connection = enter(this.mount.data, this.sockets);
    this.connection.on("status", this.showStatus);
    this.connection.on("document", this.showText);
    this.connection.on("presence", this.showPeople);
    this.connection.on("preview", this.showFindings);
    this.connection.on("reveal", this.reveal);
    this.connection.on("notice", this.hear);
    this.connection.on("remark", this.remark);
    this.connection.watch({ id: WATCH, variables: {}, pieces: false });
    this.text = null;
    this.showText();
    this.showData();
    this.showStatus();
    this.showPeople();
    handles()?.set(this.connection.uid, { view: this.view, connection: this.connection });
  }

  private depart(): void {
    const { connection } = this;
    connection.off("status", this.showStatus);
    connection.off("document", this.showText);
    connection.off("presence", this.showPeople);
    connection.off("preview", this.showFindings);
    connection.off("reveal", this.reveal);
    connection.off("notice", this.hear);
    connection.off("remark", this.remark);
    connection.unwatch(WATCH);
    handles()?.delete(connection.uid);
    leave(connection);
  }

  /** Show the connection's document, if it is another one than is shown. */
  private readonly showText = (): void => {
    const { connection } = this;
    if (this.text === connection.text) return;
    const hadFocus = this.view.hasFocus;
    const { head } = this.view.state.selection.main;
    this.text = connection.text;
    this.view.setState(
      stateFor(connection, {
        open: (path, newTab) => this.open(path, newTab),
        refuse: (message) => this.notices.show({ message, tone: "bad", stays: true }),
        nameOf: (path) => this.mount.data.siblings?.find((sibling) => sibling.path === path)?.name ?? path,
        confined: this.sockets.way !== undefined,
        moved: () => this.footer.show(),
      }),
    );
    this.view.dispatch({ selection: { anchor: Math.min(head, this.view.state.doc.length) } });
    if (hadFocus) this.view.focus();
    this.footer.show();
  };

  private showData(): void {
    const { height = 560, siblings = [] } = this.mount.data;
    this.root.style.setProperty("--pk-height", `${height}px`);
    this.siblings.show(siblings, this.connection.readOnly);
  }

  private readonly showStatus = (): void => {
    const { connection, root } = this;
    this.renew();
    root.dataset.state = stateOf(connection);
    root.dataset.synced = String(connection.synced);
    root.dataset.version = String(connection.hello?.version ?? "");
    this.status.update(connection, this.renewing !== undefined);
    setReadOnly(this.view, connection.readOnly);
    this.siblings.node.hidden = connection.readOnly || !this.mount.data.siblings?.length;
  };

  /** Have the page run again, which brings a new token, until one comes; the page itself may be reconnecting too. */
  private renew(): void {
    const barred = this.connection.ending?.code === CLOSED.token;
    if (!barred) this.renewals = 0;
    if (!barred || this.renewing !== undefined || this.renewals === MOST_RENEWALS) return;
    this.renewals += 1;
    this.mount.setTriggerValue("expired", this.renewals);
    this.renewing = setTimeout(() => {
      this.renewing = undefined;
      this.showStatus();
    }, RENEW_EVERY);
  }

  private readonly showPeople = (): void => this.status.showPeople(this.connection.people());

  private readonly showFindings = (preview: Preview): void => {
    if (preview.id !== WATCH) return;
    // A hole is no fault of the text: whoever uses the prompt fills it.
    const diagnostics = preview.diagnostics.filter(({ code }) => code !== MISSING);
    const located = locate(this.view.state.doc, { ...preview, diagnostics });
    this.view.dispatch({ effects: setInclusions.of(located.inclusions) });
    underline(this.view, located.diagnostics);
    this.footer.showFindings(diagnostics);
  };

  private readonly reveal = (from: number, to: number): void => {
    const { length } = this.view.state.doc;
    const selection = { anchor: Math.min(from, length), head: Math.min(to, length) };
    this.view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.anchor, { y: "center" }) });
    this.view.focus();
  };

  private readonly hear = (notice: Notice): void => {
    // What this page did itself it has told in its own words.
    if ((notice.kind === "saved" && this.saving) || this.ownCopies.has(notice.copy ?? "")) return;
    this.notices.show(messageOf(notice));
  };

  private readonly remark = (remark: Remark): void => {
    if (remark.path) {
      this.notices.dropPath(remark.path);
      this.ownCopies.add(remark.path);
    }
    this.notices.show({ ...remark, stays: true });
  };

  private open(path: string, newTab: boolean): void {
    this.mount.setTriggerValue("open", { path, newTab });
  }

  private goTo({ client }: Colleague): void {
    const cursor = this.connection.awareness.getStates().get(client)?.cursor as { head?: unknown } | undefined;
    const position = positionOf(cursor?.head, this.connection.text);
    if (position !== null) this.view.dispatch({ effects: EditorView.scrollIntoView(position, { y: "center" }) });
  }

  private async save(message: string): Promise<void> {
    this.saving = true;
    try {
      const { version, changed } = await this.connection.ask("save", { message });
      this.notices.show({ message: changed ? `Saved as version ${version}.` : `Nothing has changed since version ${version}.`, tone: "good" });
      if (changed) this.mount.setTriggerValue("saved", { version });
    } catch (error) {
      this.notices.show({ message: `No version was saved. ${(error as Error).message}`, tone: "bad", stays: true });
    } finally {
      this.saving = false;
    }
  }

  private async copy(): Promise<void> {
    const { text, said } = await copyOf(this.connection);
    await this.intoClipboard(text, said);
  }

  private async copyText(): Promise<void> {
    await this.intoClipboard(this.connection.text.toString(), "Copied the text.");
  }

  private async intoClipboard(text: string, said: string): Promise<void> {
    if (await write(text)) this.notices.show({ message: said, tone: "good" });
    else offer(text, this.root);
  }
}
