"""The ledger of a server's experiments: the verbs of `Store.experiments`, waited for or awaited."""

from typing import TypeVar

from prompt_kernel.client import _experiments
from prompt_kernel.client._call import Asked
from prompt_kernel.client._verbs import Awaits, Verb, Waits

_T = TypeVar("_T")


class _Verbs:
    """What a ledger is asked; see `store.experiments.Experiments`, which says more of each."""

    begin = Verb(_experiments.begin)
    record = Verb(_experiments.record)
    rename = Verb(_experiments.rename)
    remove = Verb(_experiments.remove)

    known = Verb(_experiments.known)
    runs = Verb(_experiments.runs)
    count = Verb(_experiments.count)
    run = Verb(_experiments.run)
    list = Verb(_experiments.list_)
    get = Verb(_experiments.get)
    using = Verb(_experiments.using)
    manifest = Verb(_experiments.manifest)
    named_manifest = Verb(_experiments.named_manifest)
    expansion = Verb(_experiments.expansion)


class Experiments(_Verbs, Waits):
    """The experiments of a server's store; `Client.experiments` is the way to them.

    Runs of more than a few megabytes are recorded in several requests, each of them all or nothing.
    """

    def __init__(self, client: Waits) -> None:
        """Ask by `client`."""
        self._client = client

    def _ask(self, asked: Asked[_T]) -> _T:
        return self._client._ask(asked)  # noqa: SLF001 - a part of it


class AsyncExperiments(_Verbs, Awaits):
    """The same, awaited; `AsyncClient.experiments` is the way to them."""

    def __init__(self, client: Awaits) -> None:
        """Ask by `client`."""
        self._client = client

    async def _ask(self, asked: Asked[_T]) -> _T:
        return await self._client._ask(asked)  # noqa: SLF001 - a part of it


__all__ = ["AsyncExperiments", "Experiments"]
