"""What the verbs ask that change nothing: prompts, lists, versions, references, and what belongs to an author."""

from collections.abc import Callable, Generator, Iterable, Mapping
from copy import deepcopy
from typing import Any, Final, TypeVar

from prompt_kernel import wire
from prompt_kernel.client._call import PAGE, Call, asking, field, pinned, prompt_at, reading, rows_of, value_of
from prompt_kernel.records import (
    Change,
    Directory,
    Entry,
    Finding,
    Hit,
    Impact,
    Prompt,
    Reference,
    Replacement,
    Rows,
    Suggestion,
    Summary,
    TextDiff,
    Trashed,
    Version,
)
from prompt_kernel.variables import Declaration

#: As much as a server takes of what is looked for, and a store looks at.
_MOST_CHARACTERS: Final = 1_000
NONE: Final[Mapping[str, Any]] = {"items": ()}

_T = TypeVar("_T")
Paged = Generator[Call[Rows[_T]], Rows[_T], Rows[_T]]


def pages(none: Rows[_T], limit: int, ask: Callable[[_T | None, int], Call[Rows[_T]]]) -> Paged[_T]:
    """Ask for one page after the other, each by the last row of the one before, until there are `limit` rows."""
    found = none
    while len(found) < limit:
        size = min(limit - len(found), PAGE)
        page = yield ask(found[-1] if found else None, size)
        found += page
        if len(page) < size:
            break
    return found


def get(path: str, *, version: int | str | None = None) -> Call[Prompt]:
    """Return a prompt by its path, a display name, or a path it once had; `path@3` and `path@label` pin it."""
    name, pin = pinned(path, version)
    return reading(prompt_at("/prompts", name), value_of(Prompt), pin, kept=True)


def prompts(
    *,
    directory: str | None = None,
    tag: str | None = None,
    after: str | None = None,
    limit: int = 100,
    sort: str = "path",
    descending: bool = False,
) -> Paged[Entry]:
    """Return up to `limit` prompts in an order; for the next page pass the last path as `after`."""
    read = rows_of(Entry, "Prompts", "No prompts here yet. Save one, or import a folder.")

    def ask(last: Entry | None, size: int) -> Call[Rows[Entry]]:
        where = {"directory": directory or None, "tag": tag, "sort": sort, "descending": descending}
        query = {**where, "after": last.path if last else after, "limit": size}
        return reading("/prompts", read, query, kept=True)

    return pages(read(NONE), limit, ask)


def count(directory: str | None = None, tag: str | None = None) -> Call[int]:
    """Return how many prompts there are, in a directory and below it or with a tag."""
    return reading("/count", field("count"), {"directory": directory or None, "tag": tag}, kept=True)


def entries(paths: Iterable[str]) -> Call[Rows[Entry]]:
    """Return those of `paths` that are prompts, in their order."""
    return asking("/entries", rows_of(Entry, "Prompts", "None of them is a prompt."), {"paths": list(paths)}, kept=True)


def find_prompt(name: str) -> Call[Prompt]:
    """Return the prompt that `name` means as in `get`, or by its beginning, or nearly; it may be pinned."""
    return reading("/find", value_of(Prompt), {"prompt": name}, kept=True)


def search(words: str, *, tag: str | None = None, directory: str | None = None, limit: int = 50) -> Call[Rows[Hit]]:
    """Return the prompts that hold all of `words` in path, description, tags or text, the best first."""
    read = rows_of(Hit, f"Search: {words}", "Nothing matches.")
    # No words at all would be no search; blanks are, for what is newest.
    query = {"search": words[:_MOST_CHARACTERS] or " ", "tag": tag, "directory": directory or None}
    return reading("/prompts", read, query | {"limit": min(limit, PAGE)})


def suggest(beginning: str, *, directory: str = "", limit: int = 20) -> Call[list[Suggestion]]:
    """Return prompts whose name or path `beginning` may begin, the likeliest first."""

    def read(data: Any) -> list[Suggestion]:
        return wire.from_data(list[Suggestion], data["items"])

    query = {"q": beginning[:_MOST_CHARACTERS], "directory": directory, "limit": min(limit, PAGE)}
    return reading("/suggest", read, query)


def history(path: str) -> Call[Rows[Version]]:
    """Return all versions of a prompt, the newest first."""
    return reading(prompt_at("/versions", path), rows_of(Version, f"History of {path}"), kept=True)


def diff(
    path: str, before: int | str | None = None, after: int | str | None = None, *, expanded: bool = False
) -> Call[TextDiff]:
    """Return the difference of two versions, by default what the last change did; or of their expansions."""
    query = {"before": before, "after": after, "expanded": expanded}
    return reading(prompt_at("/diff", path), value_of(TextDiff), query)


def display_names(paths: Iterable[str]) -> Call[dict[str, str]]:
    """Return the shortest unique name of each of `paths`."""
    return asking("/display-names", dict, {"paths": list(paths)})


def tags() -> Call[dict[str, int]]:
    """Return every tag with the number of prompts that have it."""
    return reading("/tags", dict, kept=True)


def changes(after: int = 0, *, limit: int = 100) -> Paged[Change]:
    """Return up to `limit` entries of the log that came after entry `after`, the oldest first."""
    read = rows_of(Change, "Changes", "Nothing has changed.")

    def ask(last: Change | None, size: int) -> Call[Rows[Change]]:
        return reading("/changes", read, {"after": last.id if last else after, "limit": size})

    return pages(read(NONE), limit, ask)


def activity(
    *,
    before: int | None = None,
    limit: int = 50,
    author: str | None = None,
    kind: str | None = None,
    path: str | None = None,
    directory: str | None = None,
) -> Paged[Change]:
    """Return up to `limit` entries of the log, the newest first; for the next page pass the last id as `before`."""
    read = rows_of(Change, "Activity", "Nothing has happened here.")

    def ask(last: Change | None, size: int) -> Call[Rows[Change]]:
        where = {"author": author, "kind": kind, "path": path, "directory": directory or None}
        return reading("/activity", read, {**where, "before": last.id if last else before, "limit": size})

    return pages(read(NONE), limit, ask)


def authors() -> Call[list[str]]:
    """Return everyone who has ever changed anything, in the order of the alphabet."""
    return reading("/authors", lambda data: list(data["items"]))


def layouts(paths: Iterable[str]) -> Call[dict[str, Mapping[str, Any]]]:
    """Return what importers noted of how the files of prompts were laid out, for exporters."""
    return asking("/layouts", dict, {"paths": list(paths)})


def summary() -> Call[Summary]:
    """Return the store at a glance."""
    return reading("/summary", value_of(Summary), kept=True)


def declarations(path: str) -> Call[dict[str, Declaration]]:
    """Return every variable that expanding a prompt takes, own and inherited, in order of first use."""
    return reading(prompt_at("/declarations", path), value_of(dict[str, Declaration]), kept=True)


def declarations_in(content: str, *, directory: str = "") -> Call[dict[str, Declaration]]:
    """Return every variable that expanding a text takes that is not stored, as if it stood in `directory`."""
    body = {"text": content, "directory": directory}
    return asking("/declarations", value_of(dict[str, Declaration]), body, kept=True)


def includes(path: str) -> Call[Rows[Reference]]:
    """Return what the newest version of a prompt includes, in the order of its text."""
    read = rows_of(Reference, f"Included by {path}", "It includes nothing.")
    return reading(prompt_at("/includes", path), read, kept=True)


def referrers(path: str) -> Call[Rows[Reference]]:
    """Return the prompts that include a prompt, ordered by path."""

    def read(data: Any) -> Rows[Reference]:
        found = wire.from_data(list[Reference], data["items"])
        named = next((reference.target for reference in found), None) or path
        return Rows(found, title=f"Who includes {named}", empty="Nobody includes it.")

    return reading(prompt_at("/referrers", path), read)


def impact(path: str, new_text: str) -> Call[Rows[Impact]]:
    """Return whose expansion would change, and how, if a prompt had `new_text`; nothing is saved."""
    read = rows_of(Impact, f"If {path} changed", "No expansion would change.")
    return asking(prompt_at("/impact", path), read, {"text": new_text})


def trash() -> Call[Rows[Trashed]]:
    """Return what lies in the trash, the latest first."""
    return reading("/trash", rows_of(Trashed, "Trash", "The trash is empty."))


def replacements(
    find: str,
    replacement: str,
    *,
    regex: bool = False,
    case: bool = False,
    directory: str | None = None,
    tag: str | None = None,
    paths: Iterable[str] | None = None,
    limit: int = 1000,
) -> Call[Rows[Replacement]]:
    """Return what `replace` would do, for up to `limit` prompts; nothing is saved."""
    body = {
        "find": find,
        "replacement": replacement,
        "regex": regex,
        "case": case,
        "directory": directory,
        "tag": tag,
        "paths": None if paths is None else list(paths),
        "limit": limit,
    }
    return asking("/replacements", rows_of(Replacement, f"Find {find}", "Nothing matches."), body)


def favourites() -> Call[Rows[Entry]]:
    """Return the author's favourites, ordered by path."""
    return reading("/favourites", rows_of(Entry, "Favourites", "No favourites yet."))


def recent(limit: int = 20) -> Call[Rows[Entry]]:
    """Return the prompts that the author has opened, the latest first."""
    return reading("/recent", rows_of(Entry, "Recent", "Nothing was opened yet."), {"limit": limit})


def preference(name: str, default: Any = None) -> Call[Any]:
    """Return what the author has set under a name, or `default`."""

    def read(data: Any) -> Any:
        # Whoever asked may change what is theirs.
        return default if data["value"] is None else deepcopy(data["value"])

    return reading(prompt_at("/preferences", name), read)


def directories() -> Call[Rows[Directory]]:
    """Return every directory, ordered by path."""
    return reading("/directories", rows_of(Directory, "Directories", "No directories yet."), kept=True)


def find_directory(name: str) -> Call[Directory]:
    """Return the directory that `name` means: its path or last segments, a beginning of these, or nearly."""
    return reading("/find", value_of(Directory), {"directory": name})


def check() -> Call[Rows[Finding]]:
    """Return what is wrong or odd in the prompts: unresolved, in a circle, unused, duplicate, clashing."""
    return reading("/check", rows_of(Finding, "Check", "All prompts are sound."))
