"""A prompt that a cell has just saved."""

from dataclasses import dataclass, field, fields
from typing import Self

from prompt_kernel.records import Prompt, TextDiff


@dataclass(frozen=True, slots=True)
class Saved(Prompt):
    """A prompt as `%%prompt` returns it: also what the save did.

    `change` is the difference to what was there before, None where nothing was; `notes` are sentences that whoever
    saved has to know.
    """

    change: TextDiff | None = field(default=None, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, prompt: Prompt, change: TextDiff | None, *notes: str) -> Self:
        """Return `prompt` with what its save did."""
        values = {part.name: getattr(prompt, part.name) for part in fields(prompt)}
        return cls(**values, change=change, notes=notes)
