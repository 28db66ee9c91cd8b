"""The shared editor as a widget: its sockets lead to the rooms of this process."""

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from prompt_kernel import connect
from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import recall
from prompt_kernel.notebook import cards
from prompt_kernel.notebook._rooms import Line, Place, rooms
from prompt_kernel.notebook._widgets import Panel
from prompt_kernel.records import Prompt

_LOST: Final = "The kernel does not know this editor any more."


class Editor(Panel):
    """The live text of a prompt, for everybody who has it open: here, in other notebooks, in a dashboard."""

    def __init__(self, prompt: Prompt, *, author: str, height: int, read_only: bool) -> None:
        """Edit `prompt` as `author`, in a text field `height` pixels high."""
        self._author, self._height, self._read_only = author, height, read_only
        self._prompt, self._trail = prompt, [prompt.path]
        self._lines: dict[str, Line] = {}
        super().__init__("editor", self._data(prompt))
        # By its model the page can tell whether the kernel that has it still runs.
        self.data = {**self.data, "model": self.model_id}

    def _data(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "uid": prompt.uid,
            "path": prompt.path,
            "trail": self._trail[:-1],
            "url": f"live/{prompt.uid}",
            "token": "",
            "name": self._author,
            "readOnly": self._read_only,
            "height": self._height,
        }

    def handle(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take what an editor in a page says of one of its sockets, or where it wants to go."""
        kind = content.get("kind")
        if kind == "trigger":
            self._go(content)
            return
        socket = str(content.get("socket"))
        if kind == "open":
            self._open(socket, str(content.get("url", "")))
        elif kind == "close":
            self._leave(socket)
        elif kind == "data":
            self._receive(socket, buffers)

    def _open(self, socket: str, url: str) -> None:
        address = urlsplit(url)
        # The uid of the address, because who goes to another prompt leaves the one before a moment later.
        uid = address.path.rpartition("/")[2]
        place = Place(self._prompt.store_url, uid, self._author, may_write=not self._read_only)
        line = Line(place, parse_qs(address.query).get("epoch", [""])[-1], self._speaker(socket))
        self._lines[socket] = line
        rooms().serve(line)

    def _speaker(self, socket: str) -> Any:
        def speak(content: dict[str, Any], *buffers: bytes) -> None:
            if content["kind"] == "close":
                self._lines.pop(socket, None)
            self.say({**content, "socket": socket}, *buffers)

        return speak

    def _receive(self, socket: str, buffers: list[memoryview]) -> None:
        line = self._lines.get(socket)
        if line is None:
            # It comes back by another socket, with all that it has.
            self.say({"kind": "close", "socket": socket, "code": 1006, "reason": _LOST})
            return
        for buffer in buffers:
            line.hear(bytes(buffer))

    def _leave(self, socket: str) -> None:
        line = self._lines.pop(socket, None)
        if line is not None:
            line.leave()

    def _go(self, content: dict[str, Any]) -> None:
        """Show the prompt that somebody has followed an inclusion to, or the one before."""
        name, value = content.get("name"), content.get("value")
        if name == "open" and isinstance(value, dict):
            self._show(str(value.get("path", "")), [*self._trail])
        elif name == "back" and len(self._trail) > 1:
            self._show(self._trail[-2], self._trail[:-2])

    def _show(self, path: str, trail: list[str]) -> None:
        try:
            with connect(recall(self._prompt.store_url)) as store:
                self._prompt = store.get(path)
        except PromptKernelError as error:
            self.say({"kind": "remark", "message": str(error)})
            return
        self._trail = [*trail, self._prompt.path]
        self.data = {**self.data, **self._data(self._prompt)}

    def fallback(self) -> tuple[str, str]:
        """Return the card of the prompt as it was when the editor was made, and its text."""
        return cards.html(self._prompt), self._prompt.text

    def close(self) -> None:
        """Leave the room, and take the widget away."""
        for socket in list(self._lines):
            self._leave(socket)
        super().close()
