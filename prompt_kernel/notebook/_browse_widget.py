"""The panel as a widget: what its page asks is answered from the store."""

from typing import Any

from prompt_kernel.notebook import _browse_page
from prompt_kernel.notebook._browse_answers import answer
from prompt_kernel.notebook._browse_place import Place
from prompt_kernel.notebook._widgets import Panel


class Browser(Panel):
    """A panel in which the prompts of a store are found, looked at, filled in, copied, and put into a cell."""

    def __init__(self, place: Place, start: str) -> None:
        """Browse `place`, from the prompt or the directory `start` on."""
        self._place = place
        super().__init__("browse", {"start": start})
        # By its model the page knows the cell that shows it, to put another one below, and whether the kernel has it.
        self.data = {**self.data, "model": self.model_id}

    def handle(self, content: dict[str, Any], buffers: list[memoryview]) -> None:  # noqa: ARG002 - a question has none
        """Answer a question of the page; its id tells which page asked."""
        if content.get("kind") == "ask":
            self.say({"kind": "answer", "id": content.get("id"), **answer(self._place, content)})

    def fallback(self) -> tuple[str, str]:
        """Return the first prompts with their texts, and how many there are."""
        return _browse_page.html(self._place), _browse_page.plain(self._place)

    def close(self) -> None:
        """Close what was opened for it, and take the widget away."""
        self._place.close()
        super().close()
