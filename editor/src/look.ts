/** What all components look like: tokens from the host's theme, buttons, chips, keys, dialogs, and the icons. */

/**
 * Styles of everything inside an element with the class `pk`: put it into a component with `dress`.
 *
 * Where a host has no variable for a colour of text, it is mixed with the text's own: so it is dark on light, light on dark.
 */
export const look = `
.pk {
  --pk-text: var(--st-text-color, var(--jp-content-font-color0, #31333f));
  --pk-paper: var(--st-background-color, var(--jp-layout-color0, #fff));
  --pk-panel: var(--st-secondary-background-color, color-mix(in srgb, var(--pk-text) 6%, var(--pk-paper)));
  --pk-accent: var(--st-primary-color, var(--jp-brand-color1, #3b6ea8));
  --pk-link: var(--st-link-color, var(--jp-content-link-color, #0054a3));
  --pk-line: var(--st-border-color, var(--jp-border-color1, rgb(49 51 63 / 20%)));
  --pk-line-light: var(--st-border-color-light, var(--jp-border-color2, rgb(49 51 63 / 10%)));
  --pk-danger: var(--st-red-text-color, var(--jp-error-color1, #b3261e));
  --pk-danger-paper: var(--st-red-background-color, rgb(255 43 43 / 9%));
  --pk-warn: var(--st-orange-text-color, color-mix(in srgb, var(--jp-warn-color1, #b86a00) 72%, var(--pk-text)));
  --pk-warn-paper: var(--st-yellow-background-color, rgb(255 227 18 / 12%));
  --pk-good: var(--st-green-text-color, color-mix(in srgb, var(--jp-success-color1, #1f9a4a) 80%, var(--pk-text)));
  --pk-star: var(--st-orange-color, #ffa421);
  --pk-radius: var(--st-base-radius, 0.5rem);
  --pk-button-radius: var(--st-button-radius, 0.5rem);
  --pk-font: var(--st-font, var(--jp-ui-font-family, system-ui, sans-serif));
  --pk-code-font: var(--st-code-font, var(--jp-code-font-family, ui-monospace, monospace));
  --pk-muted: color-mix(in srgb, var(--pk-text) 74%, var(--pk-paper));
  --pk-hover: color-mix(in srgb, var(--pk-text) 5%, transparent);
  --pk-chosen: color-mix(in srgb, var(--pk-accent) 10%, transparent);
  --pk-veil: rgb(0 0 0 / 45%);
  --pk-shadow: 0 4px 16px rgb(0 0 0 / 18%);
  color: var(--pk-text);
  font: 400 0.875rem/1.45 var(--pk-font);
}
.pk, .pk * { box-sizing: border-box; }
.pk [hidden] { display: none !important; }
.pk svg { display: block; flex: none; }
.pk :focus-visible { outline: 2px solid var(--pk-accent); outline-offset: 1px; }
.pk-button {
  display: inline-flex; align-items: center; gap: 0.375rem; min-height: 2rem; padding: 0.125rem 0.625rem;
  border: 1px solid var(--pk-line); border-radius: var(--pk-button-radius); background: var(--pk-paper);
  color: inherit; font: inherit; white-space: nowrap; cursor: pointer;
}
.pk-button:hover:not(:disabled) { border-color: var(--pk-accent); color: var(--pk-accent); }
.pk-button:disabled { opacity: 0.4; cursor: default; }
.pk-button-main { border-color: var(--pk-accent); background: var(--pk-accent); color: #fff; }
.pk-button-main:hover:not(:disabled) { color: #fff; filter: brightness(1.08); }
.pk-button-danger:hover:not(:disabled) { border-color: var(--pk-danger); color: var(--pk-danger); }
.pk-button-bare { border-color: transparent; background: none; padding: 0.125rem 0.375rem; }
.pk-button-bare:hover:not(:disabled) { border-color: transparent; background: var(--pk-hover); }
.pk-chip {
  display: inline-flex; align-items: center; gap: 0.25rem; max-width: 12rem; padding: 0 0.5rem; border: 0;
  border-radius: 1rem; background: var(--pk-panel); color: var(--pk-muted); font: inherit; font-size: 0.75rem;
  line-height: 1.25rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}
button.pk-chip { cursor: pointer; }
button.pk-chip:hover, .pk-chip[aria-pressed="true"] { background: var(--pk-chosen); color: var(--pk-text); }
.pk-key {
  display: inline-block; min-width: 1.5rem; padding: 0 0.375rem; border: 1px solid var(--pk-line); border-bottom-width: 2px;
  border-radius: 0.25rem; background: var(--pk-panel); font: 0.75rem/1.375rem var(--pk-code-font); text-align: center;
}
.pk-dialog {
  max-width: min(44rem, calc(100vw - 1.5rem)); max-height: calc(100vh - 3rem); padding: 0; overflow: auto;
  border: 1px solid var(--pk-line); border-radius: var(--pk-radius); background: var(--pk-paper); color: var(--pk-text);
  box-shadow: var(--pk-shadow);
}
.pk-dialog::backdrop { background: var(--pk-veil, rgb(0 0 0 / 45%)); }
.pk-hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
@media (prefers-reduced-motion: reduce) { .pk * { animation: none !important; transition: none !important; } }
`;

/** Give a component its styles, once: a style element at the start of its parent. */
export function dress(parent: ParentNode, ...styles: string[]): void {
  const style = document.createElement("style");
  style.textContent = [look, ...styles].join("\n");
  parent.prepend(style);
}

/** Lines of the icons on a field of 16 × 16. */
const ICONS = {
  back: "M10 3 5 8l5 5",
  clear: "M4 4l8 8M12 4l-8 8",
  clock: "M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  down: "M8 3v10M4 9l4 4 4-4",
  edit: "M2.5 13.5l.8-3.3 7.4-7.4 2.5 2.5-7.4 7.4zM9 4.5 11.5 7",
  folder: "M1.5 12.5v-9H6L7.5 5h7v7.5z",
  link: "M6.5 9.5l3-3M7 4.5 8.5 3a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3.2 3.2 0 0 1 3 8.5L4.5 7",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  next: "M6 3l5 5-5 5",
  search: "M10.5 10.5 14 14M12 7A5 5 0 1 1 2 7a5 5 0 0 1 10 0z",
  start: "M11 3 6 8l5 5M4 3v10",
  star: "M8 1.8l1.9 3.9 4.3.6-3.1 3 .7 4.3L8 11.6l-3.8 2 .7-4.3-3.1-3 4.3-.6z",
  up: "M8 13V3M4 7l4-4 4 4",
} as const;
export type IconName = keyof typeof ICONS;

/** A decorative icon in the colour of the text around it. */
export function icon(name: IconName, size = 16): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  const looks = { fill: "none", stroke: "currentColor", "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round" };
  for (const [key, value] of Object.entries(looks)) path.setAttribute(key, value);
  const frame = { viewBox: "0 0 16 16", width: String(size), height: String(size), "aria-hidden": "true" };
  for (const [key, value] of Object.entries(frame)) svg.setAttribute(key, value);
  svg.append(path);
  return svg;
}
