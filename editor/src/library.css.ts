/** How the library looks: a table from 640 px on, cards below that. */
export const styles = `
.pk-library { container-type: inline-size; }
.pk-tools { display: flex; gap: 0.5rem; }
.pk-search { position: relative; display: flex; align-items: center; flex: 1 1 12rem; min-width: 0; }
.pk-search > svg { position: absolute; left: 0.75rem; color: var(--pk-muted); pointer-events: none; }
.pk-search-input, .pk-tag-filter {
  height: 2.5rem; border: 1px solid var(--pk-line); border-radius: var(--pk-radius); background: var(--pk-panel);
  color: inherit; font: inherit; font-size: 1rem;
}
.pk-search-input { width: 100%; padding: 0 2.5rem; appearance: none; text-align: left; text-overflow: ellipsis; }
.pk-search-input::placeholder { color: var(--pk-muted); opacity: 1; }
.pk-search-input::-webkit-search-cancel-button, .pk-search-input::-webkit-search-decoration { display: none; }
.pk-search-input:focus-visible, .pk-tag-filter:focus-visible { border-color: var(--pk-accent); outline: 1px solid var(--pk-accent); outline-offset: 0; }
.pk-search-clear {
  position: absolute; right: 0.375rem; padding: 0.5rem; border: 0; border-radius: var(--pk-radius); background: none;
  color: var(--pk-muted); cursor: pointer;
}
.pk-search-clear:hover { color: var(--pk-text); }
.pk-tag-filter { flex: 0 1 11rem; min-width: 6rem; padding: 0 0.5rem; font-size: 0.875rem; text-overflow: ellipsis; cursor: pointer; }
.pk-tag-filter[data-on] { border-color: var(--pk-accent); color: var(--pk-accent); }
.pk-tag-filter:disabled { opacity: 0.5; cursor: default; }
.pk-tag-filter option { background: var(--pk-paper); color: var(--pk-text); }

.pk-line { display: flex; align-items: center; justify-content: space-between; gap: 0.5rem; height: 3rem; }
.pk-what { display: flex; align-items: baseline; gap: 0.625rem; min-width: 0; }
.pk-title { overflow: hidden; font-size: 1rem; font-weight: 600; text-overflow: ellipsis; white-space: nowrap; }
.pk-count, .pk-range { color: var(--pk-muted); font-variant-numeric: tabular-nums; white-space: nowrap; }
.pk-bulk { display: flex; align-items: center; gap: 0.375rem; }
.pk-bulk .pk-count { margin-right: 0.25rem; color: var(--pk-text); font-weight: 600; }
.pk-pager { display: flex; align-items: center; margin-left: auto; }
.pk-range { margin-right: 0.375rem; }

.pk-table { width: 100%; border-collapse: collapse; table-layout: fixed; }
.pk-table[aria-busy="true"] tbody { opacity: 0.65; transition: opacity 0.2s 0.3s; }
.pk-table th { padding: 0.375rem 0.5rem; border-bottom: 1px solid var(--pk-line); color: var(--pk-muted); font-size: 0.8125rem; font-weight: 400; text-align: left; }
.pk-table td { padding: 0.5rem; border-bottom: 1px solid var(--pk-line-light); vertical-align: top; text-align: left; overflow: hidden; }
.pk-sort {
  display: inline-flex; align-items: center; gap: 0.25rem; margin: -0.25rem -0.375rem; padding: 0.25rem 0.375rem; border: 0;
  border-radius: 0.25rem; background: none; color: inherit; font: inherit; cursor: pointer;
}
.pk-sort:hover:not(:disabled), th[aria-sort$="scending"] .pk-sort { color: var(--pk-text); }
th[aria-sort$="scending"] .pk-sort { font-weight: 600; }
.pk-sort:disabled { cursor: default; }
.pk-arrow { display: inline-block; width: 0.75rem; }
.pk-table tbody tr { scroll-margin: 5rem; cursor: pointer; }
.pk-table tbody tr:hover { background: var(--pk-hover); }
.pk-table tbody tr[aria-selected="true"] { background: var(--pk-chosen); }
.pk-table tbody tr[data-active] { box-shadow: inset 3px 0 var(--pk-accent); background-color: var(--pk-hover); }
.pk-table tbody tr[data-active][aria-selected="true"] { background: var(--pk-chosen); }
.pk-table tbody tr:focus-visible { outline-offset: -2px; }
.pk-cell-check { width: 2.25rem; }
.pk-table th.pk-cell-check { padding-left: 0.625rem; }
.pk-cell-star { width: 2rem; }
.pk-table td.pk-cell-check, .pk-table td.pk-cell-star { padding: 0; overflow: visible; }
.pk-cell-name { width: 22%; }
.pk-cell-directory { width: 11%; }
.pk-cell-tags { width: 13%; }
.pk-cell-version { width: 5.25rem; }
.pk-cell-updated { width: 6.25rem; }
.pk-cell-author { width: 5.5rem; }
.pk-library input[type="checkbox"] { width: 1rem; height: 1rem; margin: 0; accent-color: var(--pk-accent); vertical-align: middle; cursor: pointer; }
td.pk-cell-check input[type="checkbox"] { margin: 0.6875rem 0.625rem; }
.pk-star { padding: 0.5625rem 0.375rem; border: 0; background: none; color: var(--pk-muted); opacity: 0.55; cursor: pointer; }
.pk-star:hover, .pk-star:focus-visible { opacity: 1; }
.pk-star[aria-pressed="true"] { color: var(--pk-star); opacity: 1; }
.pk-star[aria-pressed="true"] path { fill: currentColor; }
.pk-name { color: inherit; font-weight: 600; overflow-wrap: anywhere; text-decoration: none; }
.pk-name:hover, tr:hover .pk-name { color: var(--pk-link); }
.pk-off { display: inline-block; margin-left: 0.375rem; padding: 0 0.375rem; border: 1px solid var(--pk-line); border-radius: 1rem; font-size: 0.6875rem; vertical-align: 0.0625rem; }
.pk-path, .pk-cut { overflow: hidden; text-align: left; text-overflow: ellipsis; white-space: nowrap; }
.pk-cut { display: block; }
.pk-path { color: var(--pk-muted); font-size: 0.75rem; }
.pk-description, .pk-snippet { display: -webkit-box; overflow: hidden; overflow-wrap: anywhere; text-align: left; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.pk-description { color: var(--pk-muted); }
.pk-description:empty { display: none; }
.pk-library[data-found] .pk-description { -webkit-line-clamp: 1; }
.pk-snippet { font-size: 0.8125rem; }
.pk-snippet mark { border-radius: 0.125rem; background: color-mix(in srgb, var(--pk-star) 38%, transparent); color: inherit; }
.pk-tags { display: flex; flex-wrap: wrap; gap: 0.25rem; }
.pk-cell-version, .pk-cell-updated { font-variant-numeric: tabular-nums; }
td.pk-cell-directory, td.pk-cell-version, td.pk-cell-updated, td.pk-cell-author { color: var(--pk-muted); }
.pk-disabled .pk-name, .pk-disabled .pk-snippet, .pk-disabled .pk-off { color: var(--pk-muted); font-weight: 400; }
.pk-disabled .pk-name { text-decoration: line-through; text-decoration-thickness: 1px; }

.pk-empty { display: flex; flex-direction: column; align-items: center; gap: 0.5rem; padding: 3.5rem 1rem; text-align: center; }
.pk-empty-title { font-size: 1.125rem; }
.pk-empty-text { max-width: 32rem; margin: 0 0 0.5rem; color: var(--pk-muted); }

@container (max-width: 840px) {
  .pk-cell-author, .pk-cell-directory { display: none; }
  .pk-cell-name { width: 34%; }
  .pk-cell-tags { width: 18%; }
}
@container (max-width: 760px) {
  .pk-cell-version { display: none; }
}
@container (max-width: 639.9px) {
  .pk-tag-filter { flex-basis: 6.5rem; }
  .pk-line[data-pages] .pk-what .pk-count, .pk-line[data-selecting] .pk-pager, .pk-pager button:first-of-type { display: none; }
  .pk-table, .pk-table tbody { display: block; }
  .pk-table thead { display: block; }
  .pk-table thead tr { display: flex; align-items: center; overflow-x: auto; border-bottom: 1px solid var(--pk-line); scrollbar-width: none; }
  .pk-table th { flex: none; width: auto; padding: 0.375rem 0.1875rem; border: 0; font-size: 0.75rem; }
  .pk-table th.pk-cell-check { padding: 0.375rem 0.75rem; }
  .pk-arrow:empty { width: 0; }
  .pk-sort { gap: 0.125rem; }
  .pk-table th.pk-cell-star, .pk-table th.pk-cell-description { display: none; }
  .pk-table th.pk-cell-author, .pk-table th.pk-cell-directory, .pk-table th.pk-cell-version { display: block; }
  .pk-table tbody tr {
    display: grid; grid-template-columns: 2.5rem auto auto 1fr 2.5rem; padding: 0.5rem 0; border-bottom: 1px solid var(--pk-line-light);
    grid-template-areas: "check name name name star" ". text text text text" ". tags tags tags tags" ". updated version author author";
  }
  .pk-table td { display: block; width: auto; padding: 0; border: 0; }
  .pk-table td.pk-cell-directory { display: none; }
  td.pk-cell-check { grid-area: check; }
  td.pk-cell-star { grid-area: star; }
  td.pk-cell-name { grid-area: name; padding: 0.25rem 0; }
  td.pk-cell-description { grid-area: text; }
  td.pk-cell-tags { grid-area: tags; }
  td.pk-cell-updated { grid-area: updated; }
  td.pk-cell-author { grid-area: author; }
  td.pk-cell-version { grid-area: version; }
  td.pk-cell-version::before { content: "\\00a0· v"; }
  td.pk-cell-author .pk-cut::before { content: "\\00a0· "; }
  td.pk-cell-updated, td.pk-cell-author, td.pk-cell-version { padding-top: 0.25rem; font-size: 0.75rem; }
  .pk-tags { padding-top: 0.25rem; }
  .pk-tags:empty { display: none; }
  .pk-bulk { flex: 1; gap: 0.25rem; overflow-x: auto; scrollbar-width: none; font-size: 0.8125rem; }
  .pk-bulk .pk-button { padding: 0.125rem 0.4375rem; }
  .pk-bulk .pk-button:last-child { margin-left: auto; }
  td.pk-cell-check input[type="checkbox"] { margin: 0.5rem 0.75rem; }
  .pk-star { padding: 0.375rem 0.75rem; }
}
`;
