/** What the library shows, and what it tells the page. */

export type Column = "name" | "directory" | "tags" | "version" | "updated" | "author";

export interface LibraryRow {
  path: string;
  name: string;
  display_name: string;
  directory: string;
  tags: string[];
  description: string;
  version: number;
  /** ISO 8601. */
  updated: string;
  updated_text: string;
  author: string;
  enabled: boolean;
  favourite: boolean;
  snippet: string;
  /** What was found in the snippet, in UTF-16 units. */
  marks: [number, number][];
}

export interface LibraryData {
  rows: LibraryRow[];
  total: number;
  /** The place of the first row in all of them, from 1. */
  first: number;
  page_size: number;
  sort: Column | "path";
  descending: boolean;
  /** The query that these rows answer. */
  query: string;
  tags: Record<string, number>;
  tag?: string | null;
  directory?: string | null;
  title: string;
  /** False while a search gives the order. */
  sortable: boolean;
  empty: { title: string; text: string };
  /** Whether the search box takes the focus when it appears. */
  focus: boolean;
}

export type BulkVerb = "move" | "tag" | "replace" | "delete";

/**
 * The value of the trigger `action`. A new tab is opened here, so that the page never gets `newTab: true`; to replace
 * without paths means where the library is looking.
 */
export type LibraryAction =
  | { kind: "open"; path: string; newTab: boolean }
  | { kind: "sort"; column: Column }
  | { kind: "page"; to: "first" | "previous" | "next" }
  | { kind: "tag"; tag: string }
  | { kind: "favourite"; path: string; on: boolean }
  | { kind: "bulk"; do: BulkVerb; paths: string[] }
  | { kind: "new" };

export type Act = (action: LibraryAction) => void;

/** Where a prompt is edited, from wherever the app is mounted. */
export function address(path: string): string {
  return `edit?prompt=${encodeURIComponent(path).replaceAll("%2F", "/")}`;
}

/** `10000` → `10,000`. */
export function figures(value: number): string {
  return value.toLocaleString("en");
}

/** `1 prompt`, `1,200 prompts`. */
export function prompts(count: number): string {
  return `${figures(count)} ${count === 1 ? "prompt" : "prompts"}`;
}
