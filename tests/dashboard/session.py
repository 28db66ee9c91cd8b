"""A session of Streamlit for callbacks, which `AppTest` cannot call for components."""

from typing import Any


class Session(dict[str, Any]):
    """The values of widgets by key, and what the session remembers."""

    def __init__(self) -> None:
        super().__init__(pk_memory={})

    def to_dict(self) -> dict[str, Any]:
        """Return all of it."""
        return self

    @property
    def memory(self) -> dict[str, Any]:
        """What the session remembers."""
        found: dict[str, Any] = self["pk_memory"]
        return found
