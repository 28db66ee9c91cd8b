"""Telling the clients that the library has changed."""

import logging
from collections.abc import Callable
from typing import Final

import anyio
from anyio.to_thread import run_sync
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, PromptsListChanged, ResourcesListChanged, ResourceUpdated
from mcp.types import NotificationParams, PromptListChangedNotification, ResourceListChangedNotification

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.records import Change
from prompt_kernel.server.mcp._prompts import uri_of
from prompt_kernel.store import Store

#: Seconds between two looks at the store, so that many changes in a row are told once.
_PAUSE: Final = 0.5
#: Seconds that a client that reads nothing is waited for.
_PATIENCE: Final = 5.0
_MOST_CHANGES: Final = 1_000

_log: Final = logging.getLogger(__name__)


class Announcer:
    """Watches a store and tells every client of each change in it, from whichever process it comes.

    A client of the protocol of 2026 has subscribed to `bus`; of the others each open session is told.
    """

    def __init__(self, store: Store) -> None:
        """Watch `store`, once `run` runs."""
        self.bus = InMemorySubscriptionBus()
        self._store = store
        self._sessions: set[ServerSession] = set()

    async def welcome(self, context: ServerRequestContext[object, object], _: NotificationParams) -> None:
        """Tell this session too from now on, until its connection ends."""
        session = context.session
        self._sessions.add(session)
        forget: Callable[[ServerSession], None] = self._sessions.discard
        # The one place that tells of the end of a connection; a session itself only fails to send.
        session._connection.exit_stack.callback(forget, session)  # noqa: SLF001 - there is no public way to it

    async def run(self) -> None:
        """Watch and tell until it is cancelled."""
        revision: object = None
        last: int | None = None
        while True:
            try:
                revision, last = await self._look(revision, last)
            except PromptKernelError as error:
                _log.warning("Changes are not announced just now: %s", error)
            # Waiting in the store would take a thread that cannot be cancelled, and so hold up the end.
            await anyio.sleep(_PAUSE)

    async def _look(self, revision: object, last: int | None) -> tuple[object, int]:
        """Tell of what came after entry `last` of the log; return the revision and the newest entry now."""
        now = await run_sync(lambda: self._store.revision)
        if now == revision and last is not None:
            return now, last
        newest = await run_sync(self._newest)
        if last is not None and newest > last:
            await self._tell(await run_sync(self._since, last))
        return now, newest

    def _newest(self) -> int:
        return max((change.id for change in self._store.activity(limit=1)), default=0)

    def _since(self, before: int) -> list[Change]:
        return list(self._store.changes(after=before, limit=_MOST_CHANGES))

    async def _tell(self, changes: list[Change]) -> None:
        for event in (PromptsListChanged(), ResourcesListChanged()):
            await self.bus.publish(event)
        for path in dict.fromkeys(change.path for change in changes if change.path):
            await self.bus.publish(ResourceUpdated(uri_of(path)))
        async with anyio.create_task_group() as group:
            for session in list(self._sessions):
                group.start_soon(_tell_session, session)


async def _tell_session(session: ServerSession) -> None:
    with anyio.move_on_after(_PATIENCE):
        await session.send_notification(PromptListChangedNotification())
        await session.send_notification(ResourceListChangedNotification())
