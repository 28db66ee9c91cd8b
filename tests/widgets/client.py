"""An editor in a page, as the kernel sees it: its widget's messages, spoken by the client of the room's own tests."""

import asyncio
from collections import defaultdict
from typing import Any, cast

from prompt_kernel.live import Hub, Participant
from prompt_kernel.notebook._editor_widget import Editor
from tests.live.client import Client, Line


class Page:
    """Everything that shows one widget: what the kernel sends is heard by all, in the loop of the test."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        #: What the kernel has said, in order, without the bytes.
        self.said: list[dict[str, Any]] = []
        self.sockets: dict[str, Line] = {}
        self.counts: dict[str, int] = defaultdict(int)
        self._loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        editor.comm.send = self._hear

    def tell(self, content: dict[str, Any], *buffers: bytes) -> None:
        """Say something to the kernel, as its handler of comm messages gets it."""
        data = {"method": "custom", "content": content}
        message = {"content": {"data": data}, "buffers": [memoryview(buffer) for buffer in buffers]}
        self.editor._handle_msg(message)  # noqa: SLF001 - what a comm calls

    def _hear(self, data: dict[str, Any], buffers: list[bytes]) -> None:
        if data["method"] == "custom":
            self._loop.call_soon_threadsafe(self._deliver, data["content"], [bytes(buffer) for buffer in buffers])

    def _deliver(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.said.append(content)
        self.changed.set()
        line = self.sockets.get(content.get("socket", ""))
        if line is None:
            return
        if content["kind"] == "close":
            line.close(content["code"], content["reason"])
        elif content["kind"] == "data":
            self.counts[content["socket"]] += 1
            assert content["count"] == self.counts[content["socket"]]
            line.send(*buffers)

    async def until_said(self, **what: Any) -> dict[str, Any]:
        """Wait until the kernel has said something with these parts."""
        async with asyncio.timeout(20):
            while True:
                for content in self.said:
                    if what.items() <= content.items():
                        return content
                self.changed.clear()
                await self.changed.wait()

    async def join(self, uid: str, _: Participant, connection: Line, *, epoch: str = "") -> "Socket":
        """Open a socket; to the client this is the hub."""
        socket = Socket(self, f"s{len(self.counts) + len(self.sockets)}")
        self.sockets[socket.name] = connection
        self.tell({"kind": "open", "socket": socket.name, "url": f"ws://host/live/{uid}?epoch={epoch}"})
        await self.until_said(kind="open", socket=socket.name)
        return socket

    def client(self) -> Client:
        """A view of the widget in some page; whose it is, the widget says."""
        return Client(cast("Hub", self), self.editor.data["uid"])


class Socket:
    """To the client, its seat."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name

    async def receive(self, data: bytes) -> None:
        self.page.tell({"kind": "data", "socket": self.name}, data)

    async def leave(self) -> None:
        self.page.tell({"kind": "close", "socket": self.name, "code": 1000, "reason": ""})
