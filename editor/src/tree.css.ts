/** How the tree of directories looks. */
export const styles = `
.pk-tree { display: flex; flex-direction: column; min-width: 0; }
.pk-tree-item {
  display: flex; align-items: center; gap: 0.375rem; min-height: 2rem; padding: 0.125rem 0.5rem 0.125rem calc(0.125rem + 0.875rem * var(--pk-level, 0));
  border-radius: var(--pk-button-radius); cursor: pointer; user-select: none;
}
.pk-tree-item:hover { background: var(--pk-hover); }
.pk-tree-item[aria-selected="true"] { background: var(--pk-chosen); font-weight: 600; }
.pk-tree-item:focus-visible { outline-offset: -2px; }
.pk-tree-item[data-drop] { background: var(--pk-chosen); outline: 2px dashed var(--pk-accent); outline-offset: -2px; }
.pk-twist { display: grid; place-items: center; flex: none; width: 1.25rem; height: 1.5rem; color: var(--pk-muted); visibility: hidden; }
.pk-tree-item[aria-expanded] .pk-twist { visibility: visible; }
.pk-twist:hover { color: var(--pk-text); }
.pk-twist svg { transition: transform 0.1s; }
.pk-tree-item[aria-expanded="true"] .pk-twist svg { transform: rotate(90deg); }
.pk-tree-icon { flex: none; color: var(--pk-muted); }
.pk-tree-item[aria-selected="true"] .pk-tree-icon { color: var(--pk-accent); }
.pk-tree-label { flex: 1 1 auto; min-width: 1.5rem; overflow: hidden; text-align: left; text-overflow: ellipsis; white-space: nowrap; }
.pk-tree-linked { flex: none; color: var(--pk-muted); }
.pk-tree-off { flex: none; padding: 0 0.375rem; border: 1px solid var(--pk-line); border-radius: 1rem; color: var(--pk-muted); font-size: 0.6875rem; font-weight: 400; }
.pk-tree-count { flex: none; color: var(--pk-muted); font-size: 0.75rem; font-variant-numeric: tabular-nums; font-weight: 400; }
.pk-tree-disabled .pk-tree-label { color: var(--pk-muted); text-decoration: line-through; text-decoration-thickness: 1px; }
.pk-tree-first { margin-top: 0.75rem; }
`;
