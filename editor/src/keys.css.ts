/** How the list of keys looks. */
export const styles = `
.pk-keys { height: 0; }
.pk-help { width: 44rem; }
.pk-help-head { position: sticky; top: 0; display: flex; align-items: center; justify-content: space-between; padding: 0.875rem 1rem 0.625rem 1.25rem; background: var(--pk-paper); }
.pk-help-title { margin: 0; font-size: 1.125rem; font-weight: 600; }
.pk-help-groups { columns: 18rem 2; column-gap: 2rem; padding: 0 1.25rem 1.25rem; }
.pk-help section { padding-bottom: 1rem; break-inside: avoid; }
.pk-help h3 { margin: 0 0 0.375rem; color: var(--pk-muted); font-size: 0.8125rem; font-weight: 600; }
.pk-help dl { margin: 0; }
.pk-help dl > div { display: flex; flex-direction: row-reverse; align-items: center; justify-content: space-between; gap: 1rem; min-height: 2rem; }
.pk-help dt { display: flex; flex: none; gap: 0.25rem; }
.pk-help dd { margin: 0; }
`;
