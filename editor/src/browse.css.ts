/** How the panel looks: three columns where there is room, then two, then one below the other. */
export const styles = `
:host { display: block; }
.pk-browse { --pk-browse-height: 36rem; container-type: inline-size; display: flex; flex-direction: column; border: 1px solid var(--pk-line); border-radius: var(--pk-radius); background: var(--pk-paper); overflow: clip; }
.pk-quiet { color: var(--pk-muted); font-size: 0.8125rem; }
.pk-browse-top { display: flex; align-items: center; gap: 0.75rem; padding: 0.5rem; border-bottom: 1px solid var(--pk-line-light); }
.pk-browse .pk-search-input { height: 2.125rem; font-size: 0.875rem; }
.pk-browse-where { flex: 0 1 auto; min-width: 0; margin-left: auto; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pk-browse-trouble { display: flex; align-items: center; gap: 0.5rem; padding: 0.5rem; }
.pk-browse-trouble .pk-problem { flex: 1; }
.pk-browse-body { display: grid; grid-template-columns: minmax(0, 28.5rem) minmax(0, 1fr); height: var(--pk-browse-height); min-height: 0; }
.pk-browse-side { display: grid; grid-template-columns: minmax(0, 12.75rem) minmax(0, 1fr); min-height: 0; border-right: 1px solid var(--pk-line-light); }
.pk-browse-tree { min-height: 0; padding: 0.25rem; overflow: auto; border-right: 1px solid var(--pk-line-light); }
.pk-browse .pk-tree-item { min-height: 1.75rem; }
.pk-found { min-height: 0; overflow: auto; padding: 0.25rem; }
.pk-found-rows:focus-visible { outline: none; }
.pk-found:has(.pk-found-rows:focus-visible) { outline: 2px solid var(--pk-accent); outline-offset: -2px; }
.pk-found-row { padding: 0.3125rem 0.5rem; border-radius: var(--pk-button-radius); cursor: pointer; }
.pk-found-row:hover { background: var(--pk-hover); }
.pk-found-row[aria-selected="true"] { background: var(--pk-chosen); box-shadow: inset 3px 0 var(--pk-accent); }
.pk-found-name { font-weight: 600; overflow-wrap: anywhere; }
.pk-found-name .pk-off { font-weight: 400; }
.pk-found-directory { overflow: hidden; color: var(--pk-muted); font-size: 0.75rem; text-overflow: ellipsis; white-space: nowrap; }
.pk-found-about { display: -webkit-box; overflow: hidden; color: var(--pk-muted); font-size: 0.8125rem; overflow-wrap: anywhere; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.pk-found-about mark { border-radius: 0.125rem; background: color-mix(in srgb, var(--pk-star) 38%, transparent); color: inherit; }
.pk-found-said:empty { display: none; }
.pk-found-said { padding: 0.75rem 0.5rem; color: var(--pk-muted); font-size: 0.8125rem; }
.pk-prompt { container: pk-prompt / inline-size; min-width: 0; min-height: 0; overflow: auto; }
.pk-prompt-hint { display: grid; place-items: center; height: 100%; min-height: 6rem; padding: 1rem; color: var(--pk-muted); text-align: center; }
.pk-prompt-body { display: grid; gap: 0.375rem; align-content: start; padding: 0.625rem 0.75rem; }
.pk-prompt-head { display: flex; align-items: center; gap: 0.5rem; min-width: 0; }
.pk-prompt-name { flex: 1; min-width: 0; margin: 0; font-size: 1.0625rem; font-weight: 600; line-height: 1.3; overflow-wrap: anywhere; text-align: left; }
.pk-prompt-name:focus { outline: none; }
.pk-prompt-about { overflow-wrap: anywhere; }
.pk-prompt-facts { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.5rem; color: var(--pk-muted); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.pk-prompt-bar { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: 0.375rem 0.75rem; margin-top: 0.25rem; border-bottom: 1px solid var(--pk-line-light); }
.pk-prompt-tools { display: flex; flex-wrap: wrap; gap: 0.25rem; padding-bottom: 0.25rem; }
.pk-tabs { display: flex; gap: 0.125rem; }
.pk-tab { min-height: 2.25rem; padding: 0 0.625rem; border: 0; border-bottom: 2px solid transparent; background: none; color: var(--pk-muted); font: inherit; cursor: pointer; }
.pk-tab:hover { color: var(--pk-text); }
.pk-tab[aria-selected="true"] { border-bottom-color: var(--pk-accent); color: var(--pk-text); font-weight: 600; }
.pk-panel { min-width: 0; padding-top: 0.375rem; }
.pk-browse .pk-expansion { max-height: none; }
.pk-expansion[aria-busy="true"] { opacity: 0.65; transition: opacity 0.2s 0.4s; }
.pk-form { margin-bottom: 0.75rem; padding: 0.5rem 0.625rem 0.625rem; border: 1px solid var(--pk-line-light); border-radius: var(--pk-radius); background: color-mix(in srgb, var(--pk-panel) 45%, transparent); }
.pk-form-head { display: flex; align-items: center; justify-content: space-between; min-height: 1.75rem; font-size: 0.8125rem; }
.pk-form-head .pk-button { min-height: 1.5rem; font-size: 0.8125rem; }
.pk-form-rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 0.625rem 0.75rem; align-items: start; }
.pk-field-row { display: grid; gap: 0.1875rem; min-width: 0; }
.pk-field-row:has(textarea) { grid-column: 1 / -1; }
.pk-field-head { display: flex; align-items: center; gap: 0.4375rem; min-width: 0; }
.pk-field-name { font: 600 0.8125rem/1.4 var(--pk-code-font); overflow-wrap: anywhere; }
.pk-field-need { color: var(--pk-muted); font-size: 0.75rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pk-field-about { color: var(--pk-muted); font-size: 0.8125rem; overflow-wrap: anywhere; }
.pk-field-problem { color: var(--pk-danger); font-size: 0.8125rem; overflow-wrap: anywhere; }
.pk-value { width: 100%; min-width: 0; min-height: 2rem; padding: 0.25rem 0.5rem; border: 1px solid var(--pk-line); border-radius: 0.375rem; background: var(--pk-paper); color: inherit; font: inherit; }
.pk-value::placeholder { color: var(--pk-muted); opacity: 1; }
.pk-value:focus-visible { border-color: var(--pk-accent); outline: 1px solid var(--pk-accent); outline-offset: 0; }
.pk-value[aria-invalid="true"] { border-color: var(--pk-danger); }
.pk-value option { background: var(--pk-paper); color: var(--pk-text); }
textarea.pk-value { max-height: 14rem; font: 0.8125rem/1.5 var(--pk-code-font); resize: vertical; field-sizing: content; }
.pk-check { flex: none; width: 1rem; height: 1rem; margin: 0; accent-color: var(--pk-accent); }
.pk-pin { flex: none; width: auto; max-width: 45%; }
.pk-history { display: grid; gap: 0.5rem; }
.pk-versions { max-height: 11rem; padding: 0.1875rem; overflow: auto; border: 1px solid var(--pk-line-light); border-radius: var(--pk-radius); }
.pk-version-row { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.5rem; }
.pk-version-number { flex: none; min-width: 2rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.pk-version-said { flex: 1; min-width: 6rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pk-history-bar { display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem; font-size: 0.8125rem; }
.pk-history-bar .pk-value { width: auto; min-width: 4rem; }
.pk-history-expanded { display: flex; align-items: center; gap: 0.375rem; margin-left: 0.5rem; cursor: pointer; }
.pk-diff { padding: 0.5rem 0; overflow: auto; border: 1px solid var(--pk-line-light); border-radius: var(--pk-radius); font: 0.8125rem/1.6 var(--pk-code-font); }
.pk-diff > div { padding: 0 0.75rem; min-height: 1.6em; overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; }
.pk-diff-place { color: var(--pk-muted); }
.pk-diff-del { background: color-mix(in srgb, var(--pk-danger) 13%, transparent); }
.pk-diff-ins { background: color-mix(in srgb, var(--pk-good) 14%, transparent); }
.pk-diff del, .pk-diff ins { border-radius: 0.125rem; text-decoration: none; }
.pk-diff del { background: color-mix(in srgb, var(--pk-danger) 30%, transparent); }
.pk-diff ins { background: color-mix(in srgb, var(--pk-good) 32%, transparent); }
.pk-browse-editor { display: grid; grid-template-rows: auto 1fr; min-width: 0; min-height: 0; }
.pk-browse-editor-bar { display: flex; align-items: center; gap: 0.5rem; padding: 0.375rem 0.75rem; }
.pk-browse-editor-host { min-width: 0; min-height: 0; padding: 0 0.75rem 0.75rem; overflow: auto; }
.pk-browse-said { padding: 0.25rem 0.625rem; border-radius: 0.375rem; background: var(--pk-chosen); font-size: 0.8125rem; overflow-wrap: anywhere; }
.pk-browse-foot { display: flex; align-items: baseline; gap: 0 1rem; min-height: 1.875rem; padding: 0.25rem 0.625rem; border-top: 1px solid var(--pk-line-light); font-size: 0.8125rem; overflow-wrap: anywhere; }
.pk-browse-said:empty { display: none; }
.pk-browse-said[data-bad] { background: var(--pk-danger-paper); color: var(--pk-danger); }
.pk-browse-waiting:empty { display: none; }
.pk-padded { padding: 1rem; }
.pk-offered { width: 100%; min-height: 12rem; }
.pk-actions { display: flex; justify-content: end; margin-top: 0.5rem; }

@container pk-prompt (min-width: 620px) {
  .pk-panel-wide { display: flex; align-items: start; gap: 0.875rem; }
  .pk-panel-wide > .pk-form { flex: 0 0 17.5rem; min-width: 0; }
  .pk-panel-wide > .pk-preview { flex: 1 1 0; min-width: 0; }
}
@container (max-width: 939.9px) {
  .pk-browse-body { grid-template-columns: minmax(0, 15rem) minmax(0, 1fr); }
  .pk-browse-side { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(4rem, 2fr) minmax(4rem, 3fr); }
  .pk-browse-tree { border-right: 0; border-bottom: 1px solid var(--pk-line-light); }
}
@container (max-width: 559.9px) {
  .pk-browse-body { display: block; height: auto; }
  .pk-browse-side { grid-template-rows: minmax(0, 9rem) minmax(0, 11rem); border-right: 0; border-bottom: 1px solid var(--pk-line-light); }
  .pk-prompt { overflow: visible; }
  .pk-prompt-hint { min-height: 4rem; }
  .pk-browse .pk-expansion { max-height: 60vh; }
}
`;
