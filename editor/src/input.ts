/** What may come into a shared text: line ends of one kind, whole characters, and no more than the room takes. */

import { EditorState, type Extension, Transaction, type TransactionSpec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { ySyncAnnotation } from "y-codemirror.next";

/** A message has 1 MiB at most and a text 2 MiB, in UTF-8; something is left for what goes around the text. */
const MOST_AT_ONCE = 900_000;
const MOST = 2 * 1024 * 1024;

const STRAY = /\r\n?|\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** `text` as every browser and the database can hold it: LF only, without NUL and without halves of characters. */
export function clean(text: string): string {
  return text.replace(STRAY, (stray) => (stray[0] === "\r" ? "\n" : stray === "\0" ? "" : "\ufffd"));
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Keep what is typed, pasted or dropped to the rules; `refuse` tells why something was not taken. */
export function input(refuse: (sentence: string) => void): Extension {
  return [
    // The text has LF only, and any other line end would count as one character here and two there.
    EditorState.lineSeparator.of("\n"),
    EditorView.clipboardInputFilter.of(clean),
    EditorState.transactionFilter.of((transaction) => {
      if (!transaction.docChanged || transaction.annotation(ySyncAnnotation)) return transaction;
      if (transaction.startState.readOnly) return [];
      return check(transaction, refuse);
    }),
  ];
}

function check(transaction: Transaction, refuse: (sentence: string) => void): TransactionSpec | readonly TransactionSpec[] {
  let inserted = 0;
  let stray = false;
  const changes: { from: number; to: number; insert: string }[] = [];
  transaction.changes.iterChanges((from, to, _fromB, _toB, text) => {
    const raw = text.sliceString(0, text.length, "\n");
    const insert = clean(raw);
    stray ||= insert !== raw;
    inserted += utf8Length(insert);
    changes.push({ from, to, insert });
  });
  const grows = transaction.newDoc.length > transaction.startState.doc.length;
  if (inserted > MOST_AT_ONCE || (grows && transaction.newDoc.length > MOST / 4 && utf8Length(transaction.newDoc.toString()) > MOST)) {
    refuse(inserted > MOST_AT_ONCE ? "This is too much to insert at once; insert it in smaller parts." : "A prompt can hold 2 MB of text, and this would be more.");
    return [];
  }
  if (!stray) return transaction;
  const userEvent = transaction.annotation(Transaction.userEvent);
  const grown = changes.reduce((sum, { from, to, insert }) => sum + insert.length - (to - from), 0);
  const anchor = changes.at(-1)!.to + grown;
  return [{ changes, selection: { anchor }, scrollIntoView: true, ...(userEvent && { userEvent }) }];
}
