/** What the live text expands to: each piece in the colour of the prompt that it came from. */

import type { Connection } from "./connection";
import { type Create, element, type Instance, type Mount } from "./host";
import { promptLink } from "./links";
import { dress } from "./look";
import { plural } from "./numbers";
import { legendOf, originsOf, spans } from "./pieces";
import { type Diagnostic, MISSING, type Piece, type Preview } from "./protocol";
import { join } from "./rooms";
import { styles } from "./style";

export interface PreviewData {
  uid: string;
  variables?: Record<string, unknown>;
}

const WATCH = "preview";

export const createPreview: Create<PreviewData> = (mount) => new PreviewPane(mount);

class PreviewPane implements Instance<PreviewData> {
  private connection: Connection | null = null;
  private stopJoining: () => void = () => undefined;
  private shown: Preview | null = null;
  private readonly counts = element("span", {}, "…");
  private readonly stale = element("span", { className: "pk-quiet", hidden: true }, "last known, offline");
  private readonly missing = element("div", { className: "pk-missing", hidden: true });
  private readonly problem = element("div", { className: "pk-problem", role: "status", hidden: true });
  private readonly findings = element("ul", { className: "pk-finding-list", ariaLabel: "Problems", hidden: true });
  private readonly legend = element("ul", { className: "pk-legend", ariaLabel: "Where the text comes from", hidden: true });
  private readonly text = element("div", { className: "pk-expansion", tabIndex: 0, role: "region", ariaLabel: "Expanded text", dir: "auto" });
  private readonly root: HTMLElement;

  constructor(private mount: Mount<PreviewData>) {
    const head = element("div", { className: "pk-preview-head" }, this.counts, this.stale);
    this.root = element("div", { className: "pk pk-preview" }, head, this.problem, this.missing, this.findings, this.legend, this.text);
    mount.parentElement.append(this.root);
    dress(mount.parentElement, styles);
    this.arrive();
  }

  update(mount: Mount<PreviewData>): void {
    const moved = mount.data.uid !== this.mount.data.uid;
    const filled = JSON.stringify(mount.data.variables) !== JSON.stringify(this.mount.data.variables);
    this.mount = mount;
    if (moved) {
      this.depart();
      this.arrive();
    } else if (filled) {
      this.watch();
    }
  }

  destroy(): void {
    this.depart();
    this.root.remove();
  }

  private arrive(): void {
    this.stopJoining = join(this.mount.data.uid, (connection) => {
      this.disconnect();
      this.connection = connection;
      connection.on("preview", this.hear);
      connection.on("status", this.showStanding);
      this.watch();
      this.showStanding();
    });
  }

  private depart(): void {
    this.stopJoining();
    this.disconnect();
  }

  private disconnect(): void {
    this.connection?.off("preview", this.hear);
    this.connection?.off("status", this.showStanding);
    this.connection?.unwatch(WATCH);
    this.connection = null;
  }

  private watch(): void {
    const { variables = {} } = this.mount.data;
    if (!this.connection) return;
    this.connection.variables = variables;
    this.connection.watch({ id: WATCH, variables });
  }

  private readonly showStanding = (): void => {
    this.stale.hidden = this.connection?.synced !== false || !this.shown;
  };

  private readonly hear = (preview: Preview): void => {
    if (preview.id === WATCH) this.show(preview);
  };

  private show(preview: Preview): void {
    const origins = originsOf(preview.pieces);
    const others = origins.filter(({ origin }) => origin > 0).length;
    const from = others > 0 ? ` from ${plural(others + 1, "prompt")}` : "";
    const cut = preview.cut ? ", of which the beginning is shown" : "";
    this.counts.textContent = `${plural(preview.characters, "character")}${from}${cut}`;
    const findings = preview.diagnostics.filter(({ code }) => code !== MISSING);
    const problem = newProblem(preview, findings);
    this.problem.textContent = problem;
    this.problem.hidden = problem === "";
    this.missing.textContent = `Not filled in: ${preview.missing.join(", ")}`;
    this.missing.hidden = preview.missing.length === 0;
    this.showFindings(findings);
    this.showLegend(origins);
    if (JSON.stringify(preview.pieces) !== JSON.stringify(this.shown?.pieces)) this.text.replaceChildren(...spans(preview.pieces));
    this.shown = preview;
    this.root.dataset.characters = String(preview.characters);
    this.showStanding();
  }

  private showFindings(diagnostics: readonly Diagnostic[]): void {
    this.findings.hidden = diagnostics.length === 0;
    this.findings.replaceChildren(...diagnostics.map((diagnostic) => this.finding(diagnostic)));
  }

  private finding({ severity, message, path, line, from, to, near }: Diagnostic): HTMLElement {
    const place = element("button", { type: "button", className: "pk-where" }, line === null ? path : `${from === null ? `${path}, ` : ""}line ${line}`);
    place.disabled = from === null;
    place.addEventListener("click", () => this.connection?.emit("reveal", [from!, to!]));
    const where = from === null ? promptLink(path, this.open, place.textContent) : place;
    const unsaid = near.filter((name) => !message.includes(name));
    const names = unsaid.flatMap((name, number) => [number > 0 ? ", " : " Perhaps ", element("code", {}, name)]);
    return element("li", { "data-severity": severity }, where, element("span", {}, " ", message, ...names));
  }

  private showLegend(origins: readonly Piece[]): void {
    this.legend.hidden = origins.every(({ origin }) => origin === 0);
    this.legend.replaceChildren(...legendOf(origins, (path) => promptLink(path, this.open)));
  }

  private readonly open = (path: string, newTab: boolean): void => this.mount.setTriggerValue("open", { path, newTab });
}

/** The sentence that says why this cannot be used as it is, where nothing below says the same. */
function newProblem({ problem, missing }: Preview, findings: readonly Diagnostic[]): string {
  const [sentence = ""] = problem.split("\n");
  const told = missing.length > 0 || findings.some(({ message }) => message.startsWith(sentence) || sentence.startsWith(message));
  return told ? "" : sentence;
}
