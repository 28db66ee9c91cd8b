"""What participants ask for and wait: a version, names for completion, a conflict copy, the whole expansion."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.live.previews import whole
from prompt_kernel.live.room import Room
from prompt_kernel.live.seats import Seat
from prompt_kernel.live.settings import Participant
from prompt_kernel.live.worker import Worker
from prompt_kernel.names import directory_of, name_of
from prompt_kernel.records import Prompt
from prompt_kernel.store import Store

_MOST_AT_ONCE: Final = 16
_MOST_SUGGESTED: Final = 50


class Keeper(Protocol):
    """What answers ask of the hub."""

    async def save(self, room: Room, author: str, message: str) -> tuple[Prompt, bool]:
        """Save the live text as a version; tell whether it is a new one."""

    async def keep_copy(self, uid_or_path: str, text: str, participant: Participant, reason: str) -> Prompt:
        """Keep a text as a conflict copy."""


class RefusedError(PromptKernelError):
    """A request that cannot be answered as it was asked."""


class Answers:
    """The requests of a hub's participants that are being answered."""

    def __init__(self, keeper: Keeper, read: Worker[Store]) -> None:
        """Answer with the help of `keeper`; `read` lets the store be read in a thread."""
        self._keeper, self._read = keeper, read
        self._tasks: dict[asyncio.Task[None], Seat] = {}

    def ask(self, seat: Seat, content: Mapping[str, Any]) -> None:
        """Begin to answer a request."""
        if sum(asking is seat for asking in self._tasks.values()) >= _MOST_AT_ONCE:
            seat.answer(content.get("id"), {"ok": False, "problem": "Too many requests at once; wait a moment."})
            return
        task = asyncio.create_task(self._answer(seat, content))
        self._tasks[task] = seat
        task.add_done_callback(self._tasks.pop)

    async def stop(self) -> None:
        """Give up what is not answered yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, seat: Seat, content: Mapping[str, Any]) -> None:
        actions: dict[object, Callable[[Seat, Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
            "save": self._save,
            "suggest": self._suggest,
            "copy": self._copy,
            "expand": self._expand,
        }
        action = actions.get(content.get("do"), _unknown)
        try:
            answer = await action(seat, content)
        except PromptKernelError as error:
            seat.answer(content.get("id"), {"ok": False, "problem": str(error)})
        else:
            seat.answer(content.get("id"), {"ok": True, **answer})

    async def _save(self, seat: Seat, content: Mapping[str, Any]) -> dict[str, Any]:
        _check_writer(seat)
        saved, changed = await self._keeper.save(seat.room, seat.participant.name, _text(content, "message"))
        return {"version": saved.version, "changed": changed}

    async def _suggest(self, seat: Seat, content: Mapping[str, Any]) -> dict[str, Any]:
        beginning, limit = _text(content, "beginning"), content.get("limit")
        most = min(limit, _MOST_SUGGESTED) if isinstance(limit, int) and limit > 0 else _MOST_SUGGESTED
        directory = directory_of(seat.room.status.path)
        found = await self._read(lambda store: store.suggest(beginning, directory=directory, limit=most))
        return {
            "suggestions": [
                {
                    "path": suggestion.path,
                    "name": name_of(suggestion.path),
                    "insert": suggestion.display_name,
                    "description": suggestion.description,
                }
                for suggestion in found
            ]
        }

    async def _copy(self, seat: Seat, content: Mapping[str, Any]) -> dict[str, Any]:
        _check_writer(seat)
        text, reason = _text(content, "text"), _text(content, "reason")
        kept = await self._keeper.keep_copy(seat.room.uid, text, seat.participant, reason)
        return {"path": kept.path}

    async def _expand(self, seat: Seat, content: Mapping[str, Any]) -> dict[str, Any]:
        variables = content.get("variables", {})
        given = variables if isinstance(variables, dict) else {}
        path, text = seat.room.status.path, seat.room.text
        return await self._read(lambda store: whole(store, path, text, given))


async def _unknown(_seat: Seat, content: Mapping[str, Any]) -> dict[str, Any]:
    raise RefusedError(f"There is no request {str(content.get('do'))[:40]!r}. Reload the page.")


def _check_writer(seat: Seat) -> None:
    if not seat.participant.may_write:
        raise RefusedError(f"You may read {seat.room.status.path}, and not change it.")


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise RefusedError(f"The {name} must be text. Reload the page.")
    return value
