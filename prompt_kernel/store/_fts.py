"""The search index in SQLite: a table of FTS5, which keeps the words and ranks them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.store._engine import Database

_INSERT: Final = text(
    "INSERT INTO search (rowid, path, description, tags, text) VALUES (:id, :path, :description, :words, :text)"
)
_DELETE: Final = text("DELETE FROM search WHERE rowid = :id")
_RETITLE: Final = text("UPDATE search SET path = :path WHERE rowid = :id")
_REWRITE: Final = text("UPDATE search SET text = :text WHERE rowid = :id")
_OPTIMIZE: Final = text("INSERT INTO search (search) VALUES ('optimize')")
_CHECK: Final = text("INSERT INTO search (search) VALUES ('integrity-check')")
_MISSING: Final = text(
    "SELECT path FROM prompt p WHERE deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM search s WHERE s.rowid = p.id)"
)

#: Of a long text a piece is cut out and its matches are marked elsewhere, because the time that `snippet` takes grows
#: with the square of their number, to minutes.
SNIPPET: Final = "snippet(search, -1, :open, :close, '…', 16)"
#: The weights put a match in the path before one in the description, the tags and the text.
_RANKED: Final = (
    "SELECT p.path, p.head, p.description, p.tags,"  # noqa: S608 - constants
    " CASE WHEN p.characters + length(p.description) + length(p.tags) <= 8000 THEN " + SNIPPET +
    " ELSE :cut || substr(search.text, max(instr(lower(search.text), :word) - 60, 1), 140) || :cut END AS snippet"
    " FROM search JOIN prompt p ON p.id = search.rowid"
    " WHERE search MATCH :words AND rank MATCH 'bm25(8.0, 4.0, 4.0, 1.0)'"
)  # fmt: skip
_SEARCH: Final = _RANKED + " ORDER BY rank LIMIT :limit"
_SEARCH_IN: Final = (
    _RANKED + " AND p.key >= :first AND p.key < :last"  # noqa: S608 - constants
    " AND (:tag = '' OR EXISTS (SELECT 1 FROM json_each(p.tags) t WHERE t.value = :tag)) ORDER BY rank LIMIT :limit"
)


class FtsIndex:
    """The words of all prompts that are not in the trash."""

    def add(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take in new prompts: `id`, `path`, `description`, `words` (of the tags) and `text` of each."""
        connection.execute(_INSERT, list(rows))

    def put(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Keep all of a prompt anew."""
        connection.execute(_DELETE, {"id": row["id"]})
        connection.execute(_INSERT, dict(row))

    def retitle(self, connection: Connection, prompt_id: int, path: str) -> None:
        """Keep another path of a prompt."""
        connection.execute(_RETITLE, {"id": prompt_id, "path": path})

    def rewrite(self, connection: Connection, prompt_id: int, content: str) -> None:
        """Keep another text of a prompt."""
        connection.execute(_REWRITE, {"id": prompt_id, "text": content})

    def remove(self, connection: Connection, prompt_id: int) -> None:
        """Forget a prompt."""
        connection.execute(_DELETE, {"id": prompt_id})

    def optimize(self, connection: Connection) -> None:
        """Merge the index: deleted words stay in its pages until then."""
        connection.execute(_OPTIMIZE)

    def missing(self, connection: Connection) -> list[str]:
        """Return the prompts that the index lacks."""
        return [row[0] for row in connection.execute(_MISSING)]

    def flaws(self, database: Database) -> list[str]:
        """Return what is wrong with the index."""
        try:
            with database.writing() as connection:
                connection.execute(_CHECK)
        except PromptKernelError as error:
            return [f"the search index is damaged: {error}"]
        return []

    def find(self, database: Database, values: Mapping[str, object], *, inside: bool) -> Sequence[tuple[Any, ...]]:
        """Return path, head, description, tags and snippet of what matches the expression `words`, the best first.

        `values` are those of the statement; it looks at `tag`, `first` and `last` only where it is `inside` of these.
        """
        return database.rows(_SEARCH_IN if inside else _SEARCH, values)
