"""A colleague at the dashboard, played by a thread of the notebook, so that `sharing.ipynb` runs without a browser.

It does what the dashboard's server and a browser do: it opens the live text of a prompt, and types into it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from pycrdt import Doc, Text

from prompt_kernel import Store
from prompt_kernel.live import Hub, Participant, protocol

# ruff: noqa: INP001 - it stands beside a notebook, and is no package

SECONDS = 20


class Colleague:
    """Somebody who has a prompt open in the dashboard."""

    def __init__(self, store: Store, name: str, path: str) -> None:
        """Come in by the name `name`, and open the prompt at `path`."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._open(store.url, store.get(path).uid, name))

    def sees(self, text: str) -> str:
        """Wait until `text` stands in the colleague's editor, and return all that stands there."""
        return self._do(self._until(lambda: text in str(self._text)))

    def types(self, text: str, *, before: str = "") -> str:
        """Type a text before another one, or at the end, wait until it is kept, and return all that stands there."""
        return self._do(self._type(text, before))

    def leaves(self) -> None:
        """Close the browser: when the last one leaves, what was typed becomes a version."""
        self._do(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def _open(self, url: str, uid: str, name: str) -> None:
        self._document: Doc[Text] = Doc()
        self._text = self._document.get("text", type=Text)
        self._changed, self._is_open, self._sent, self._kept = asyncio.Event(), False, 0, 0
        self._hub = Hub(url)
        await self._hub.start()
        self._seat = await self._hub.join(uid, Participant(name), self)
        await self._say(protocol.STEP1, self._document.get_state())
        await self._until(lambda: self._is_open)

    async def _type(self, text: str, before: str) -> str:
        whole = str(self._text)
        at = whole.index(before) if before else len(whole)
        known = self._document.get_state()
        self._text.insert(len(whole[:at].encode()), text)
        await self._say(protocol.UPDATE, self._document.get_update(known))
        return await self._until(lambda: self._kept == self._sent)

    async def _leave(self) -> None:
        await self._seat.leave()
        await self._hub.stop()

    async def _say(self, part: int, data: bytes) -> None:
        self._sent += part != protocol.STEP1
        await self._seat.receive(protocol.sync(part, data))

    async def _until(self, is_so: Callable[[], bool]) -> str:
        async with asyncio.timeout(SECONDS):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()
        return str(self._text)

    # What the server calls

    def send(self, message: bytes, /) -> None:
        """Take what the server says."""
        said = protocol.Reader(message)
        kind = said.number()
        if kind == protocol.ACK:
            self._kept = said.number()
        elif kind == protocol.SYNC:
            part, data = said.number(), said.block()
            if part == protocol.STEP1:
                update = self._document.get_update(data)
                self._answer = self._loop.create_task(self._say(protocol.STEP2, update))
            else:
                self._document.apply_update(data)
                self._is_open = True
        self._changed.set()

    def close(self, code: int, reason: str, /) -> None:
        """The server has closed the room."""
