/** Styles of the editor and of the preview, over those that all components share. */

const editor = `
.pk-editor {
  --pk-heading: var(--pk-text);
  --pk-code: var(--st-violet-text-color, color-mix(in srgb, #7a4fe0 62%, var(--pk-text)));
  --pk-inclusion: var(--st-blue-text-color, color-mix(in srgb, #1c6fd0 62%, var(--pk-text)));
  --pk-variable: var(--st-green-text-color, color-mix(in srgb, #1f9a4a 62%, var(--pk-text)));
  --pk-tone: var(--pk-muted);
  display: flex; flex-direction: column; height: var(--pk-height, 35rem); max-height: 92vh; min-height: 16rem;
  border: 1px solid var(--pk-line); border-radius: var(--pk-radius); background: var(--pk-paper); overflow: clip;
}
.pk-editor:focus-within { border-color: color-mix(in srgb, var(--pk-text) 40%, var(--pk-line)); }
.pk-editor[data-state="saved"] { --pk-tone: var(--pk-good); }
.pk-editor[data-state="offline"] { --pk-tone: var(--pk-warn); }
.pk-editor[data-state="unsaved"] { --pk-tone: var(--pk-danger); border-color: var(--pk-danger); }
.pk-bar, .pk-foot { display: flex; align-items: center; gap: 0.5rem; flex: none; background: var(--pk-panel); }
.pk-bar { min-height: 2.75rem; padding: 0.25rem 0.375rem 0.25rem 0.75rem; border-bottom: 1px solid var(--pk-line-light); }
.pk-standing { display: flex; align-items: center; gap: 0.5rem; min-width: 0; white-space: nowrap; }
.pk-dot { flex: none; width: 0.5rem; height: 0.5rem; border-radius: 50%; background: var(--pk-tone); transition: background 0.2s; }
.pk-editor[data-state="saving"] .pk-dot { background: none; box-shadow: inset 0 0 0 2px var(--pk-muted); }
.pk-said { min-width: 3.75rem; color: var(--pk-tone); font-weight: 500; }
.pk-version, .pk-quiet { color: var(--pk-muted); font-size: 0.8125rem; }
.pk-people { display: flex; min-width: 0; margin: 0 0 0 auto; padding: 0 0 0 0.5rem; list-style: none; }
.pk-people li { margin-left: -0.25rem; }
.pk-person {
  display: grid; place-items: center; width: 1.75rem; height: 1.75rem; padding: 0; border: 2px solid var(--pk-panel); border-radius: 50%;
  background: var(--pk-person); color: #fff; font: 600 0.6875rem/1 var(--pk-font); cursor: pointer;
}
.pk-tools { display: flex; align-items: center; gap: 0.25rem; flex: none; }
.pk-people:empty { padding: 0; }
.pk-bar .pk-button { background: transparent; }
.pk-label { white-space: pre; }
.pk-joined .pk-button { gap: 0; }
.pk-bar .pk-button:not(.pk-joined *) { border-color: transparent; }
.pk-bar .pk-button:hover:not(:disabled) { background: var(--pk-hover); }
.pk-joined { display: flex; margin-left: 0.25rem; }
.pk-joined .pk-button { background: var(--pk-paper); }
.pk-joined .pk-button:first-child { border-radius: var(--pk-button-radius) 0 0 var(--pk-button-radius); }
.pk-joined .pk-button:last-child { margin-left: -1px; border-radius: 0 var(--pk-button-radius) var(--pk-button-radius) 0; padding: 0 0.375rem; }
.pk-field {
  flex: 1; min-width: 4rem; height: 2rem; padding: 0 0.5rem; border: 1px solid var(--pk-line); border-radius: var(--pk-button-radius);
  background: var(--pk-paper); color: inherit; font: inherit;
}
.pk-field[aria-invalid="true"] { border-color: var(--pk-danger); }
.pk-message { display: flex; gap: 0.5rem; flex: none; padding: 0.375rem 0.75rem; border-bottom: 1px solid var(--pk-line-light); background: var(--pk-panel); }
.pk-banner { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; flex: none; padding: 0.375rem 0.75rem; background: var(--pk-panel); color: var(--pk-muted); border-bottom: 1px solid var(--pk-line-light); }
.pk-banner > span { flex: 1 1 16rem; }
.pk-banner[data-loud="true"] { background: var(--pk-danger-paper); color: var(--pk-danger); font-weight: 500; border-bottom-color: var(--pk-danger); }
.pk-body { position: relative; display: flex; flex: 1; min-height: 0; }
.pk-foot { justify-content: space-between; min-height: 1.75rem; padding: 0 0.75rem; border-top: 1px solid var(--pk-line-light); color: var(--pk-muted); font-size: 0.75rem; }
.pk-findings { padding: 0; border: 0; background: none; color: inherit; font: inherit; }
.pk-findings:not(:disabled) { cursor: pointer; text-decoration: underline; text-underline-offset: 2px; }
.pk-findings[data-tone="bad"] { color: var(--pk-danger); }
.pk-findings[data-tone="warn"] { color: var(--pk-warn); }
.pk-place { font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.pk-siblings { position: relative; }
.pk-menu {
  position: absolute; z-index: 30; top: calc(100% + 0.25rem); right: 0; width: max-content; min-width: 12rem; max-width: min(22rem, 80vw); max-height: 20rem; margin: 0;
  padding: 0.25rem; overflow-y: auto; list-style: none; border: 1px solid var(--pk-line); border-radius: var(--pk-radius); background: var(--pk-paper); box-shadow: var(--pk-shadow);
}
.pk-menu li { display: flex; border-radius: 0.25rem; }
.pk-menu li:hover, .pk-menu li:focus-within { background: var(--pk-hover); }
.pk-menu-item { flex: 1; min-width: 0; padding: 0.25rem 0.5rem; border: 0; background: none; color: inherit; font: inherit; text-align: start; overflow: hidden; text-overflow: ellipsis; cursor: grab; }
.pk-menu-link { padding: 0.25rem 0.5rem; color: var(--pk-muted); text-decoration: none; }
.pk-link { color: var(--pk-link); text-decoration: none; }
.pk-link:hover { text-decoration: underline; }
.pk-notices { position: absolute; z-index: 20; right: 0.75rem; bottom: 0.75rem; display: grid; justify-items: end; gap: 0.5rem; width: min(24rem, calc(100% - 1.5rem)); margin: 0; padding: 0; list-style: none; pointer-events: none; }
.pk-notice {
  display: flex; align-items: flex-start; gap: 0.25rem; max-width: 100%; padding: 0.375rem 0.25rem 0.375rem 0.75rem; border: 1px solid var(--pk-line); border-left: 3px solid var(--pk-accent);
  border-radius: 0.375rem; background: var(--pk-paper); box-shadow: var(--pk-shadow); overflow-wrap: anywhere; pointer-events: auto; animation: pk-rise 0.15s ease-out;
}
.pk-notice[data-tone="good"] { border-left-color: var(--pk-good); }
.pk-notice[data-tone="bad"] { border-left-color: var(--pk-danger); }
.pk-notice .pk-button { min-height: 1.25rem; padding: 0.25rem; }
@keyframes pk-rise { from { opacity: 0; transform: translateY(0.25rem); } }
.pk-padded { padding: 1.25rem; }
.pk-sheet header { position: sticky; top: -1.25rem; z-index: 1; display: flex; align-items: center; justify-content: space-between; margin: -1.25rem -1.25rem 0; padding: 1rem 1.25rem 0.25rem; background: var(--pk-paper); }
.pk-dialog h2 { margin: 0 0 0.25rem; font: 600 1.125rem/1.3 var(--pk-font); }
.pk-dialog h3 { margin: 1rem 0 0.125rem; font: 600 0.875rem/1.4 var(--pk-font); }
.pk-dialog p { margin: 0 0 0.375rem; color: var(--pk-muted); }
.pk-dialog dl { display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); gap: 0.25rem 1rem; margin: 0; }
.pk-dialog dd { margin: 0; }
.pk-dialog code, .pk-finding-list code { padding: 0.0625rem 0.3125rem; border-radius: 0.25rem; background: var(--pk-panel); font: 0.8125rem/1.5 var(--pk-code-font); overflow-wrap: anywhere; }
.pk-actions { display: flex; justify-content: flex-end; margin-top: 1rem; }
.pk-offered { width: min(36rem, 80vw); height: 12rem; font: 0.8125rem/1.5 var(--pk-code-font); color: inherit; background: var(--pk-panel); border: 1px solid var(--pk-line); }
@media (max-width: 640px) {
  .pk-label, .pk-version { display: none; }
  .pk-bar { gap: 0.25rem; padding-left: 0.5rem; }
  .pk-said { min-width: 0; }
  .pk-bar .pk-button { padding: 0.125rem 0.375rem; }
  .pk-tools { gap: 0; margin-left: auto; }
  .pk-people { margin: 0; padding: 0 0 0 0.25rem; }
  .pk-people li:nth-child(n + 3) { display: none; }
  .pk-menu { right: auto; left: 50%; transform: translateX(-50%); }
  .pk-dialog dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .pk-dialog dd { margin-bottom: 0.5rem; }
}
`;

const text = `
.pk-body > .cm-editor { flex: 1; min-width: 0; height: 100%; background: transparent; color: inherit; }
.pk-body > .cm-editor.cm-focused { outline: none; }
.pk-editor .cm-editor .cm-scroller { font: 0.875rem/1.65 var(--pk-code-font); overflow: auto; }
.pk-editor .cm-editor .cm-content { padding: 1.25rem 0 4rem; caret-color: var(--pk-accent); }
.pk-editor .cm-editor .cm-line { padding: 0 1rem 0 0.625rem; }
.pk-editor .cm-editor .cm-gutters { border: 0; background: transparent; color: color-mix(in srgb, var(--pk-muted) 60%, transparent); }
.pk-editor .cm-editor .cm-gutterElement { padding: 0 0.25rem 0 0.75rem; font-size: 0.75rem; line-height: 1.925; }
.pk-editor .cm-editor .cm-activeLine, .pk-editor .cm-editor .cm-activeLineGutter { background: transparent; }
.pk-editor .cm-editor.cm-focused .cm-activeLine { background: color-mix(in srgb, var(--pk-text) 3%, transparent); }
.pk-editor .cm-editor.cm-focused .cm-activeLineGutter { color: var(--pk-text); background: transparent; }
.pk-editor .cm-editor .cm-line ::selection, .pk-editor .cm-editor .cm-line::selection { background: color-mix(in srgb, var(--pk-accent) 28%, transparent); }
.pk-inclusion { padding: 0.0625rem 0; border-radius: 0.25rem; background: color-mix(in srgb, var(--pk-inclusion) 9%, transparent); color: color-mix(in srgb, var(--pk-inclusion) 65%, transparent); }
.pk-inclusion .pk-path, .pk-path { color: var(--pk-inclusion); font-weight: 500; }
.pk-following .pk-inclusion { cursor: pointer; text-decoration: underline; }
.pk-variable { padding: 0.0625rem 0; border-radius: 0.25rem; background: color-mix(in srgb, var(--pk-variable) 11%, transparent); color: var(--pk-variable); }
.pk-escape, .pk-quoted { color: var(--pk-muted); }
.pk-quoted { text-decoration: underline dotted; text-underline-offset: 3px; }
.pk-match { border-radius: 2px; background: color-mix(in srgb, var(--st-yellow-color, #faca2b) 35%, transparent); }
.pk-match-current { background: color-mix(in srgb, var(--st-orange-color, #ffa421) 55%, transparent); outline: 1px solid var(--st-orange-color, #ffa421); }
.pk-replacement { margin: 0 0.125rem; padding: 0 0.1875rem; border-radius: 0.1875rem; background: color-mix(in srgb, var(--pk-good) 16%, transparent); color: var(--pk-good); text-decoration: none; white-space: pre-wrap; }
.pk-match-leaving { text-decoration: line-through; }
.pk-selected { background: color-mix(in srgb, var(--pk-person) 22%, transparent); }
.pk-caret { position: relative; display: inline; margin: 0 -1px; border-left: 2px solid var(--pk-person); box-sizing: border-box; }
.pk-caret-name {
  position: absolute; z-index: 5; bottom: 1.125em; left: -2px; max-width: 10rem; padding: 0.0625rem 0.3125rem; border-radius: 0.25rem 0.25rem 0.25rem 0; background: var(--pk-person);
  color: #fff; font: 600 0.6875rem/1.25 var(--pk-font); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; pointer-events: none; user-select: none; unicode-bidi: isolate;
}
.pk-caret-turned .pk-caret-name { right: -1px; left: auto; border-radius: 0.25rem 0.25rem 0 0.25rem; }
.pk-editor .cm-editor .cm-panels { background: var(--pk-panel); color: inherit; border: 0; z-index: 15; }
.pk-editor .cm-editor .cm-panels-top { border-bottom: 1px solid var(--pk-line-light); }
.pk-search { display: grid; gap: 0.375rem; padding: 0.375rem 0.75rem; font: 0.875rem/1.45 var(--pk-font); }
.pk-search-row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem; }
.pk-search-row .pk-field { flex: 1 1 8rem; font-family: var(--pk-code-font); }
.pk-search .pk-button[aria-pressed="true"] { background: var(--pk-chosen); color: var(--pk-accent); }
.pk-count { min-width: 5.5rem; margin-left: auto; padding: 0 0.375rem; color: var(--pk-muted); font-size: 0.8125rem; font-variant-numeric: tabular-nums; text-align: end; }
.pk-search-problem { color: var(--pk-danger); font-size: 0.8125rem; }
.pk-editor .cm-editor .cm-tooltip { border: 1px solid var(--pk-line); border-radius: 0.375rem; background: var(--pk-paper); color: var(--pk-text); box-shadow: var(--pk-shadow); font: 0.8125rem/1.45 var(--pk-font); z-index: 40; }
.pk-hint { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 0.625rem; padding: 0.375rem 0.625rem; }
.pk-editor .cm-editor .cm-tooltip.cm-tooltip-autocomplete > ul { min-width: 14rem; max-width: min(34rem, 90vw); max-height: 16rem; padding: 0.25rem; font: 0.875rem/1.45 var(--pk-font); }
.pk-editor .cm-editor .cm-tooltip.cm-tooltip-autocomplete > ul > li { display: flex; gap: 0.75rem; align-items: baseline; padding: 0.25rem 0.5rem; border-radius: 0.25rem; }
.pk-editor .cm-editor .cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected] { background: var(--pk-chosen); color: var(--pk-text); }
.pk-editor .cm-editor .cm-completionLabel { flex: none; max-width: 60%; overflow: hidden; text-overflow: ellipsis; font-family: var(--pk-code-font); font-size: 0.8125rem; }
.pk-editor .cm-editor .cm-completionDetail { flex: 1; min-width: 0; margin: 0; overflow: hidden; text-overflow: ellipsis; color: var(--pk-muted); font-size: 0.8125rem; font-style: normal; }
.pk-editor .cm-editor .cm-lintRange { background-image: none; padding: 0; text-decoration: underline wavy var(--pk-muted) 1px; text-underline-offset: 3px; text-decoration-skip-ink: none; }
.pk-editor .cm-editor .cm-lintRange-error { text-decoration-color: var(--pk-danger); }
.pk-editor .cm-editor .cm-lintRange-warning { text-decoration-color: var(--pk-warn); }
.pk-editor .cm-editor .cm-lintRange-active { background: color-mix(in srgb, var(--pk-danger) 12%, transparent); }
.pk-editor .cm-editor .cm-tooltip-lint { padding: 0.25rem; }
.pk-editor .cm-editor .cm-diagnostic { margin: 0; padding: 0.25rem 0.5rem; border-left: 3px solid var(--pk-muted); max-width: 30rem; }
.pk-editor .cm-editor .cm-diagnostic-error { border-left-color: var(--pk-danger); }
.pk-editor .cm-editor .cm-diagnostic-warning { border-left-color: var(--pk-warn); }
.pk-editor .cm-editor .cm-diagnosticSource { display: none; }
.pk-editor .cm-editor .cm-diagnosticAction { margin: 0 0 0 0.5rem; padding: 0.0625rem 0.5rem; border: 1px solid var(--pk-line); border-radius: 0.25rem; background: var(--pk-panel); color: var(--pk-inclusion); font: 0.8125rem/1.5 var(--pk-code-font); }
@media (max-width: 640px) { .pk-editor .cm-editor .cm-gutters { display: none; } }
`;

const hues = ["blue", "green", "orange", "violet", "red", "yellow"];
const fallbacks = ["#1c83e1", "#21c354", "#ffa421", "#803df5", "#ff4b4b", "#faca2b"];

const preview = `
.pk-preview { display: grid; gap: 0.5rem; align-content: start; }
.pk-preview-head { display: flex; flex-wrap: wrap; gap: 0.75rem; color: var(--pk-muted); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.pk-problem, .pk-missing { padding: 0.375rem 0.625rem; border-radius: 0.375rem; background: var(--pk-danger-paper); color: var(--pk-danger); font-size: 0.8125rem; white-space: pre-line; overflow-wrap: anywhere; }
.pk-missing { background: var(--pk-warn-paper); color: var(--pk-warn); }
.pk-finding-list { display: grid; gap: 0.25rem; margin: 0; padding: 0; list-style: none; font-size: 0.8125rem; }
.pk-finding-list li { padding: 0.125rem 0 0.125rem 0.625rem; border-left: 3px solid var(--pk-muted); overflow-wrap: anywhere; }
.pk-finding-list li[data-severity="error"] { border-left-color: var(--pk-danger); }
.pk-finding-list li[data-severity="warning"] { border-left-color: var(--pk-warn); }
.pk-where { padding: 0; border: 0; background: none; color: var(--pk-link); font: inherit; cursor: pointer; }
.pk-where:hover { text-decoration: underline; }
.pk-legend { display: flex; flex-wrap: wrap; gap: 0.25rem 0.875rem; margin: 0; padding: 0; list-style: none; font-size: 0.8125rem; }
.pk-legend li { display: inline-flex; align-items: center; gap: 0.375rem; max-width: 100%; background: none; }
.pk-legend a { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pk-swatch { flex: none; width: 0.75rem; height: 0.75rem; border: 1px solid color-mix(in srgb, var(--pk-origin, var(--pk-muted)) 60%, transparent); border-radius: 0.1875rem; background: color-mix(in srgb, var(--pk-origin, transparent) 35%, transparent); }
.pk-expansion { max-height: 60vh; min-height: 4rem; padding: 0.75rem; overflow: auto; border: 1px solid var(--pk-line-light); border-radius: var(--pk-radius); font: 0.8125rem/1.65 var(--pk-code-font); white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.pk-expansion:empty::before { content: "Nothing to show yet."; color: var(--pk-muted); font-family: var(--pk-font); }
.pk-expansion > .pk-origin { border-radius: 0.1875rem; background: color-mix(in srgb, var(--pk-origin) 15%, transparent); box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.pk-expansion > .pk-origin:hover { background: color-mix(in srgb, var(--pk-origin) 28%, transparent); }
.pk-expansion > .pk-filled { border-bottom: 2px dotted var(--pk-good); }
${hues.map((hue, at) => `.pk-origin-${at + 1} { --pk-origin: var(--st-${hue}-color, ${fallbacks[at]}); }`).join("\n")}
`;

/** The part of `styles` for an expansion with its legend and its findings. */
export const expansionStyles = preview;
const widget = `
.pk-widget-head { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin: 0.25rem 0 0.375rem; padding-inline: 0.25rem; }
.pk-widget-path { font: 600 0.9375rem/1.45 var(--pk-code-font); overflow-wrap: anywhere; }
.pk-widget-remark { margin: 0 0 0.375rem; color: var(--pk-danger); }
`;

export const styles = [editor, text, preview, widget].join("\n");
