/** Finding and replacing in a text: what a query matches, and what a replacement makes of a match. */

/** What is looked for; `replacement` knows `$1`, `$<name>`, `$&` and `$$` where `regex` is on. */
export interface Query {
  find: string;
  replacement: string;
  regex: boolean;
  matchCase: boolean;
}

export interface Match {
  from: number;
  to: number;
  /** What a replacement would put there. */
  insert: string;
}

export interface Found {
  matches: Match[];
  /** Why there can be none: what is wrong with the regular expression. */
  problem: string;
  /** Whether there are more than were looked at. */
  more: boolean;
}

export const MOST_MATCHES = 10_000;
const NOTHING: Found = { matches: [], problem: "", more: false };

/** What `query` matches in `text`, in order and up to `most`; matches of nothing are left out. */
export function findAll(text: string, query: Query, most = MOST_MATCHES): Found {
  if (query.find === "") return NOTHING;
  let pattern: RegExp;
  try {
    const source = query.regex ? query.find : query.find.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    pattern = new RegExp(source, `gmu${query.matchCase ? "" : "i"}`);
  } catch (error) {
    return { ...NOTHING, problem: explain(error as Error) };
  }
  const matches: Match[] = [];
  for (const match of text.matchAll(pattern)) {
    if (match[0] === "") continue;
    if (matches.length === most) return { matches, problem: "", more: true };
    const insert = query.regex ? substitute(query.replacement, match) : query.replacement;
    matches.push({ from: match.index, to: match.index + match[0].length, insert });
  }
  return { matches, problem: "", more: false };
}

/** What the browser says of a bad pattern, without the pattern itself, which stands above. */
function explain(error: Error): string {
  const reason = error.message.split(": ").at(-1) ?? "";
  return `This is not a regular expression yet: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}.`;
}

function substitute(template: string, match: RegExpExecArray): string {
  return template.replace(/\$(?:(\$)|(&)|<([^>]*)>|(\d{1,2}))/g, (whole, dollar?: string, all?: string, name?: string, number?: string) => {
    if (dollar) return "$";
    if (all) return match[0];
    if (name !== undefined) return match.groups ? (match.groups[name] ?? "") : whole;
    return group(match, number!) ?? whole;
  });
}

/** `$12` is group 12 where there is one, else group 1 and a 2. */
function group(match: RegExpExecArray, digits: string): string | undefined {
  const number = Number(digits);
  if (number > 0 && number < match.length) return match[number] ?? "";
  const first = Number(digits[0]);
  const shorter = digits.length === 2 && first > 0 && first < match.length;
  return shorter ? (match[first] ?? "") + digits[1] : undefined;
}
