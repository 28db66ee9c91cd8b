"""What a name means that is nearly right: see `matching`."""

from typing import Final

from sqlalchemy import Connection, text

from prompt_kernel import matching
from prompt_kernel.names import key_of, name_of
from prompt_kernel.store import _read

_BY_BEGINNING: Final = text(
    "SELECT path FROM prompt WHERE deleted_at IS NULL"
    " AND (name_key >= :name AND name_key < :name_last OR key >= :key AND key < :last) ORDER BY key LIMIT :most"
)
_BY_LENGTH: Final = text(
    "SELECT path FROM prompt WHERE deleted_at IS NULL AND length(name_key) BETWEEN :shortest AND :longest ORDER BY key"
)
#: More cannot be named in an error anyway.
_MOST_BEGUN: Final = 1_000


def path_like(connection: Connection, name: str) -> str:
    """Return the path of the prompt that `name` means by its beginning, or else with the fewest slips.

    Only paths that come into question are read: an index finds those that `name` begins, a length the others.

    Raises:
        AmbiguousNameError, PromptNotFoundError: it cannot be told which is meant.
    """
    wanted = name.strip().strip("/")
    key = key_of(wanted)
    last = name_of(key)
    bounds = {"name": last, "name_last": last + _read.LAST, "key": key, "last": key + _read.LAST, "most": _MOST_BEGUN}
    if key:
        paths = [row[0] for row in connection.execute(_BY_BEGINNING, bounds)]
        begun = matching.begun(wanted, matching.candidates_for(wanted, paths))
        if begun:
            return matching.only(name, begun)
    slips = matching.slips_allowed(key)
    lengths = {"shortest": len(last) - slips, "longest": len(last) + slips}
    return matching.match(name, [row[0] for row in connection.execute(_BY_LENGTH, lengths)])
