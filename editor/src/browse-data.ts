/** What a panel asks the kernel, and what it is told; the Python side is `prompt_kernel/notebook/_browse_answers.py`. */

import type { Piece } from "./protocol";
import type { TreeDirectory, View } from "./tree-data";

/** What the widget's model holds for the panel. */
export interface BrowseData {
  /** The id of the widget's model, by which the notebook knows the cell that shows it. */
  model: string;
  /** A prompt, perhaps pinned, or a directory; "" for all. */
  start: string;
}

/** What may be asked for, with its arguments and its answer. */
export interface Questions {
  begin: { ask: Record<never, never>; answer: Beginning };
  revision: { ask: Record<never, never>; answer: { revision: string } };
  list: { ask: { view: View; directory: string; words: string; after: string }; answer: Listed };
  prompt: { ask: { path: string }; answer: PromptData };
  preview: { ask: Filled; answer: BrowsePreview };
  whole: { ask: Filled; answer: { text: string; incomplete: string } };
  cell: { ask: Filled; answer: { source: string; remark: string } };
  history: { ask: { path: string }; answer: { versions: VersionData[]; left: number } };
  diff: { ask: { path: string; before: number; after: number; expanded: boolean }; answer: Difference };
  edit: { ask: { path: string }; answer: { model: string } };
  leave: { ask: Record<never, never>; answer: Record<never, never> };
}

/** A prompt, perhaps pinned, and what was typed into its form; an empty text is no value. */
export interface Filled {
  path: string;
  values: Record<string, string>;
}

export interface Beginning {
  where: string;
  revision: string;
  directories: TreeDirectory[];
  total: number;
  counts: { favourites: number; recent: number };
}

export interface Listed {
  rows: BrowseRow[];
  /** Whether there is another page after the last row. */
  more: boolean;
  /** Whether a search found more than it tells. */
  cut: boolean;
}

export interface BrowseRow {
  path: string;
  description: string;
  version: number;
  enabled: boolean;
  /** Runs of the text around what was found, with whether they were looked for. */
  snippet: [string, boolean][];
}

export interface PromptData {
  path: string;
  uid: string;
  version: number;
  newest: number;
  labels: Record<string, number>;
  description: string;
  tags: string[];
  engine: string;
  enabled: boolean;
  author: string;
  updated: string;
  /** The beginning, where the text is very long; `characters` counts all of it. */
  text: string;
  characters: number;
}

export interface Field {
  name: string;
  type: "string" | "integer" | "number" | "boolean" | "enum";
  choices: string[];
  default: string | null;
  description: string;
  required: boolean;
  /** What a variable of the notebook says, which counts while the field is empty. */
  taken: string | null;
}

export interface Finding {
  severity: string;
  message: string;
  path: string;
  line: number;
}

export interface BrowsePreview {
  fields: Field[];
  /** By name, a sentence for each value that does not fit. */
  problems: Record<string, string>;
  missing: string[];
  characters: number;
  tokens: number;
  tokenizer: string;
  exact: boolean;
  cut: boolean;
  pieces: Piece[];
  diagnostics: Finding[];
}

export interface VersionData {
  number: number;
  labels: string[];
  author: string;
  origin: string;
  at: string;
  message: string;
  characters: number;
}

export interface Difference {
  before: string;
  after: string;
  /** As `diff -u` has them: their first character says what became of them. */
  lines: string[];
  left: number;
  /** Whether the texts are too long to compare here. */
  long: boolean;
}
