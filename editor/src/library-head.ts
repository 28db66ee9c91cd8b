/** The head of the table: what the columns are, which of them gives the order, and the tick for all rows. */
import { element } from "./host";
import type { Act, Column, LibraryData } from "./library-data";
import { icon } from "./look";

const COLUMNS: [string, string, Column | null][] = [
  ["name", "Name", "name"], ["directory", "Directory", "directory"], ["description", "Description", null], ["tags", "Tags", "tags"],
  ["version", "Versions", "version"], ["updated", "Updated", "updated"], ["author", "Who", "author"],
];

export class Head {
  readonly all = element("input", { type: "checkbox" });
  readonly node: HTMLTableSectionElement;
  readonly #sorts: { column: Column; cell: HTMLElement; button: HTMLButtonElement; arrow: HTMLElement }[] = [];

  constructor(act: Act) {
    this.all.setAttribute("aria-label", "Select all rows of this page");
    const star = column("star", element("span", { className: "pk-hidden" }, "Favourite"));
    const row = element("tr", { role: "row" }, column("check", this.all), star);
    for (const [name, says, sort] of COLUMNS) row.append(sort ? this.#sortable(name, says, sort, act) : column(name, says));
    this.node = element("thead", { role: "rowgroup" }, row);
  }

  show(data: LibraryData): void {
    for (const { column: sort, cell, button, arrow } of this.#sorts) {
      const on = data.sortable && data.sort === sort;
      cell.setAttribute("aria-sort", on ? (data.descending ? "descending" : "ascending") : "none");
      arrow.replaceChildren(...(on ? [icon(data.descending ? "down" : "up", 12)] : []));
      button.disabled = !data.sortable;
      button.title = data.sortable ? "" : "A search gives the best matches first";
    }
    this.all.disabled = data.rows.length === 0;
  }

  tick(selected: number, rows: number): void {
    this.all.checked = rows > 0 && selected === rows;
    this.all.indeterminate = selected > 0 && selected < rows;
  }

  #sortable(name: string, says: string, sort: Column, act: Act): HTMLElement {
    const arrow = element("span", { className: "pk-arrow" });
    const button = element("button", { type: "button", className: "pk-sort" }, says, arrow);
    button.addEventListener("click", () => { act({ kind: "sort", column: sort }); });
    const cell = column(name, button);
    this.#sorts.push({ column: sort, cell, button, arrow });
    return cell;
  }
}

function column(name: string, ...children: (Node | string)[]): HTMLTableCellElement {
  return element("th", { className: `pk-cell-${name}`, scope: "col", role: "columnheader" }, ...children);
}
