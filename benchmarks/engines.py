"""The two engines of a store: a file, and a PostgreSQL server that is started for it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import MissingError

ENGINES = ("sqlite", "postgres")


@contextmanager
def empty(engine: str, folder: Path) -> Iterator[str]:
    """Give the URL of a new store of an engine, which waits for its disk as a user's does.

    Raises:
        MissingError: there is no PostgreSQL to be started.
    """
    if engine == "sqlite":
        yield f"sqlite:///{folder / f'{engine}-{len(list(folder.iterdir()))}.db'}"
        return
    # The tests know how to start a server.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    try:
        from tests.postgres import running  # noqa: PLC0415 - not everybody has what it needs
    except ImportError as error:
        raise MissingError(f"{error.name} is not installed") from error
    finally:
        sys.path.pop(0)
    with running(durable=True) as server, server.schema() as url:
        yield url
