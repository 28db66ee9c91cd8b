"""The search index of whatever database there is: what is written into it, and who can be asked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from prompt_kernel.store._engine import Database
from prompt_kernel.store._fts import FtsIndex
from prompt_kernel.store._tsvector import VectorIndex


class Index(Protocol):
    """What `FtsIndex` and `VectorIndex` both are."""

    def add(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take in new prompts: `id`, `path`, `description`, `words` (of the tags) and `text` of each."""

    def put(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Keep all of a prompt anew."""

    def retitle(self, connection: Connection, prompt_id: int, path: str) -> None:
        """Keep another path of a prompt."""

    def rewrite(self, connection: Connection, prompt_id: int, content: str) -> None:
        """Keep another text of a prompt."""

    def remove(self, connection: Connection, prompt_id: int) -> None:
        """Forget a prompt."""

    def optimize(self, connection: Connection) -> None:
        """Take deleted words out of the pages of the index."""

    def missing(self, connection: Connection) -> list[str]:
        """Return the prompts that the index lacks."""

    def flaws(self, database: Database) -> list[str]:
        """Return what is wrong with the index."""

    def find(self, database: Database, values: Mapping[str, object], *, inside: bool) -> Sequence[tuple[Any, ...]]:
        """Return path, head, description, tags and snippet of what matches the expression `words`, the best first."""


_INDEXES: Final[Mapping[str, Index]] = {"sqlite": FtsIndex(), "postgresql": VectorIndex()}


def of(database: Database | Connection) -> Index:
    """Return the index of a database, or of a connection to one."""
    return _INDEXES[database.dialect if isinstance(database, Database) else database.dialect.name]
