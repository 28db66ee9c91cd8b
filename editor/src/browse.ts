/** The panel of a notebook in which prompts are found, looked at, filled in, copied, and put into a cell. */

import { Kernel, Lane } from "./browse-ask";
import { insertCell } from "./browse-cell";
import { EditorHost, type Render } from "./browse-editor";
import type { Beginning, BrowseData, Questions } from "./browse-data";
import { shield } from "./browse-keys";
import { PromptList } from "./browse-list";
import { type Deed, PromptView } from "./browse-prompt";
import { styles as browseStyles } from "./browse.css";
import type { Model } from "./comm";
import { offer, write } from "./copy";
import { element, type Instance, type Mount } from "./host";
import { styles as libraryStyles } from "./library.css";
import { SearchBox } from "./library-search";
import { dress } from "./look";
import { plural } from "./numbers";
import { expansionStyles } from "./style";
import { createTree } from "./tree";
import type { Choice, TreeData } from "./tree-data";

/** What was done is said for so long; milliseconds. */
const SAID = 8000;
/** Whether the store has changed is asked at most so often; milliseconds. */
const FRESH = 2000;

/** Show the panel of a widget; return what takes it away again. `edit` shows another widget, the editor of a prompt. */
export function renderBrowse({ model, el }: { model: Model; el: HTMLElement }, edit: Render): () => void {
  // Styles of the notebook stay out, and ours stay in.
  const host = element("div", { className: "pk-browse-host" });
  const root = host.attachShadow({ mode: "open" });
  el.append(host);
  const panel = new Panel(model, root, edit);
  const unshield = shield(host);
  return () => {
    unshield();
    panel.destroy();
    host.remove();
  };
}

class Panel {
  readonly #model: Model;
  readonly #kernel: Kernel;
  readonly #begin: Lane<"begin">;
  readonly #revision: Lane<"revision">;
  readonly #rows: Lane<"list">;
  readonly #search = new SearchBox((words) => { this.#find(words); }, () => { this.#entering = false; });
  readonly #branches = element("div", { className: "pk-browse-tree" });
  readonly #list = new PromptList((path) => { this.#open(path); }, (after) => { this.#ask(after); });
  readonly #prompt: PromptView;
  readonly #editor: EditorHost;
  readonly #problem = element("div", { className: "pk-problem", role: "alert" });
  readonly #again = element("button", { type: "button", className: "pk-button" }, "Try again");
  readonly #trouble = element("div", { className: "pk-browse-trouble", hidden: true }, this.#problem, this.#again);
  readonly #waiting = element("div", { className: "pk-browse-waiting pk-quiet", role: "status" });
  readonly #said = element("div", { className: "pk-browse-said", role: "status" });
  readonly #where = element("div", { className: "pk-browse-where pk-quiet" });
  readonly #panel: HTMLElement;
  #tree: Instance<TreeData> | null = null;
  #treeData: TreeData = { directories: [], total: 0, current: "", view: "all", counts: { favourites: 0, recent: 0 } };
  #began: Beginning | null = null;
  #looked = 0;
  /** Somebody goes from the search box into rows that are not here yet. */
  #entering = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model, root: ShadowRoot, edit: Render) {
    this.#model = model;
    this.#kernel = new Kernel(model, (on) => { this.#wait(on); }, (problem) => { this.#complain(problem); });
    void this.#follow();
    const fail = (problem: string): void => { this.#complain(problem); };
    this.#begin = new Lane(this.#kernel, "begin", (answer) => { this.#start(answer); }, fail);
    this.#revision = new Lane(this.#kernel, "revision", ({ revision }) => { this.#compare(revision); }, fail);
    this.#rows = new Lane(this.#kernel, "list", (answer, asked) => { this.#show(answer, asked); }, fail);
    this.#prompt = new PromptView(this.#kernel, (path) => { this.#go(path); }, (deed) => void this.#act(deed), this.#said);
    this.#editor = new EditorHost(model, edit, () => { this.#edited(); });
    this.#panel = this.#build();
    root.append(this.#panel);
    dress(root, expansionStyles, libraryStyles, browseStyles);
    this.#search.answer("", true);
    this.#begin.ask({});
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#kernel.destroy();
    this.#search.destroy();
    this.#prompt.destroy();
    this.#editor.destroy();
    this.#tree?.destroy();
  }

  get #data(): Partial<BrowseData> {
    return (this.#model.get("data") ?? {}) as Partial<BrowseData>;
  }

  async #follow(): Promise<void> {
    const whole = await this.#model.widget_manager?.get_model?.(this.#data.model ?? "");
    if (whole) this.#kernel.follow(whole);
  }

  #build(): HTMLElement {
    const top = element("div", { className: "pk-browse-top" }, this.#search.node);
    const side = element("div", { className: "pk-browse-side" }, this.#branches, this.#list.node);
    const foot = element("div", { className: "pk-browse-foot" }, this.#waiting, this.#where);
    const body = element("div", { className: "pk-browse-body" }, side, this.#prompt.node, this.#editor.node);
    const panel = element("div", { className: "pk pk-browse", role: "region", ariaLabel: "Prompts" }, top, this.#trouble, body, foot);
    this.#search.input.title = "Search texts, paths, tags and descriptions";
    this.#search.input.addEventListener("keydown", (event) => { this.#press(event); });
    this.#again.addEventListener("click", () => { this.#refresh(); });
    for (const event of ["focusin", "pointerenter"]) panel.addEventListener(event, () => { this.#look(); });
    return panel;
  }

  // What is in the store

  #start(answer: Beginning): void {
    const first = this.#began === null;
    this.#began = answer;
    this.#trouble.hidden = true;
    this.#where.textContent = answer.where;
    this.#where.title = answer.where;
    const { directories, total, counts } = answer;
    this.#treeData = { ...this.#treeData, directories, total, counts };
    const start = first ? this.#data.start ?? "" : "";
    const place = start.replace(/\/+$/, "");
    if (place !== "" && directories.some(({ path }) => path === place)) this.#treeData = { ...this.#treeData, view: "directory", current: place };
    else if (start !== "") this.#go(start);
    this.#branch();
    this.#ask();
  }

  #branch(): void {
    const args: Mount<TreeData> = {
      name: "tree", key: "", data: this.#treeData, parentElement: this.#branches,
      setStateValue: () => undefined,
      setTriggerValue: (name, value) => { if (name === "choose") this.#choose(value as Choice); },
    };
    if (this.#tree) this.#tree.update(args);
    else this.#tree = createTree(args);
  }

  #choose({ view, path }: Choice): void {
    this.#treeData = { ...this.#treeData, view, current: path };
    this.#branch();
    this.#ask();
  }

  #find(words: string): void {
    // Favourites and recent prompts are few: whoever searches means all.
    const { view } = this.#treeData;
    if (words !== "" && view !== "all" && view !== "directory") this.#treeData = { ...this.#treeData, view: "all", current: "" };
    this.#branch();
    this.#ask();
  }

  #ask(after = ""): void {
    if (after === "") this.#list.wait();
    const { view, current: directory } = this.#treeData;
    this.#rows.ask({ view, directory, words: this.#search.query, after });
  }

  #show(answer: Questions["list"]["answer"], { words, after }: Questions["list"]["ask"]): void {
    this.#trouble.hidden = true;
    this.#search.answer(words, false);
    if (after !== "") this.#list.add(answer);
    else this.#list.show(answer, words === "" ? "There are no prompts here." : "Nothing matches.");
    this.#list.mark(this.#prompt.path);
    this.#enter();
  }

  #enter(): void {
    if (!this.#entering || this.#search.waiting) return;
    this.#entering = false;
    this.#list.enter();
  }

  /** Go to a prompt that somebody names, perhaps with a version. */
  #go(path: string): void {
    const [bare, pin] = split(path);
    this.#list.mark(bare);
    this.#open(bare, pin);
  }

  #open(path: string, pin = ""): void {
    this.#editor.close();
    this.#prompt.open(path, pin);
  }

  // Whether it is still so

  #look(): void {
    if (this.#began === null || Date.now() - this.#looked < FRESH) return;
    this.#looked = Date.now();
    this.#revision.ask({});
  }

  #compare(revision: string): void {
    if (revision !== this.#began?.revision || !this.#trouble.hidden) this.#refresh();
  }

  #refresh(): void {
    this.#begin.ask({});
    this.#prompt.refresh();
  }

  // What is done

  async #act(deed: Deed): Promise<void> {
    try {
      if (deed === "copy") await this.#copy();
      else if (deed === "insert") await this.#insert();
      else await this.#edit();
    } catch (error) {
      this.#say((error as Error).message, true);
    }
  }

  async #copy(): Promise<void> {
    const { text, incomplete } = await this.#prompt.whole();
    const praise = `Copied the expanded text, ${plural([...text].length, "character")}.`;
    await this.#put(text, incomplete === "" ? praise : `${praise} It is not complete: ${incomplete}`);
  }

  async #insert(): Promise<void> {
    const { source, remark } = await this.#prompt.cell();
    if (insertCell(this.#model, this.#data.model ?? "", source)) this.#say(`Put a new cell below this one. ${remark}`.trim());
    else await this.#put(source, `This notebook takes no cells from a panel: the cell is in the clipboard, paste it. ${remark}`.trim());
  }

  async #put(text: string, said: string): Promise<void> {
    if (await write(text)) this.#say(said);
    else offer(text, this.#panel);
  }

  async #edit(): Promise<void> {
    const { path } = this.#prompt;
    const { model } = await this.#kernel.ask("edit", { path });
    await this.#editor.open(path, model);
    this.#prompt.node.hidden = true;
  }

  /** The editor was closed: what was typed there may be a version now. */
  #edited(): void {
    this.#prompt.node.hidden = false;
    this.#prompt.focus();
    void this.#kernel.ask("leave", {}).then(() => { this.#refresh(); }, (error: Error) => { this.#say(error.message, true); });
  }

  // What is said

  #say(text: string, bad = false): void {
    clearTimeout(this.#timer);
    this.#said.textContent = text;
    this.#said.toggleAttribute("data-bad", bad);
    this.#timer = setTimeout(() => { this.#said.textContent = ""; }, SAID);
  }

  #wait(on: boolean): void {
    this.#waiting.textContent = on ? "Waiting for the kernel, which may be busy with a cell." : "";
  }

  #complain(problem: string): void {
    this.#problem.textContent = problem;
    this.#trouble.hidden = false;
    this.#list.show({ rows: [], more: false, cut: false }, "");
  }

  #press(event: KeyboardEvent): void {
    const { key } = event;
    if (key === "ArrowDown" || key === "Enter") {
      event.preventDefault();
      this.#search.flush();
      this.#entering = true;
      this.#enter();
    } else if (key === "Escape" && this.#search.query !== "") {
      event.preventDefault();
      this.#search.clear();
    }
  }
}

/** A path and the version it is pinned to, "" for none. */
function split(path: string): [string, string] {
  const at = path.lastIndexOf("@");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}
