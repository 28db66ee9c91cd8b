/** An expansion as elements: each run in the colour of the prompt that it came from, and the legend of these. */

import { element } from "./host";
import type { Piece } from "./protocol";

const COLOURS = 6;

/** The first piece of each origin, in the order of the text. */
export function originsOf(pieces: readonly Piece[]): Piece[] {
  const first = new Map<number, Piece>();
  for (const piece of pieces) if (!first.has(piece.origin)) first.set(piece.origin, piece);
  return [...first.values()];
}

/** The runs of an expansion as elements. */
export function spans(pieces: readonly Piece[]): HTMLElement[] {
  return pieces.map(span);
}

/** The legend's items; `link` makes the name of another prompt. */
export function legendOf(origins: readonly Piece[], link: (path: string) => HTMLElement): HTMLElement[] {
  return origins.map(({ origin, path, version }) => {
    const name = origin === 0 ? element("span", {}, "this prompt") : link(path);
    const number = origin === 0 || version === null ? "" : `v${version}`;
    const swatch = element("span", { className: "pk-swatch", ariaHidden: "true" });
    return element("li", { className: colour(origin) }, swatch, name, element("span", { className: "pk-quiet" }, number));
  });
}

function colour(origin: number): string {
  return origin === 0 ? "pk-own" : `pk-origin pk-origin-${((origin - 1) % COLOURS) + 1}`;
}

function span({ text, path, version, variable, origin }: Piece): HTMLElement {
  const source = origin === 0 ? "this prompt" : `${path}${version === null ? "" : `, version ${version}`}`;
  const title = variable ? `the variable ${variable}, of ${source}` : source;
  return element("span", { className: `${colour(origin)}${variable ? " pk-filled" : ""}`, title }, text);
}
