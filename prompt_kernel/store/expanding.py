"""The verbs that expand: a store and a store by a lock have them all in common, a client those for frames."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from prompt_kernel.expansion import (
    DEFAULT_LIMITS,
    NO_VALUES,
    CompiledPrompt,
    Expander,
    Expansion,
    Limits,
    SourceText,
)
from prompt_kernel.measures import Measure, RowProblem
from prompt_kernel.progress import Progress
from prompt_kernel.records import Rows
from prompt_kernel.tokens import Spec
from prompt_kernel.variables import Declaration


class Compiles(Protocol):
    """Whoever has prompts to compile."""

    def compile(self, path: str, /) -> CompiledPrompt:
        """Return a prompt with all that it includes."""


class FillsFrames:
    """The verbs that fill a prompt with the rows of a frame; `compile` is all that they take of a store."""

    def render_frame(
        self: Compiles,
        path: str,
        frame: Any,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        progress: Progress = True,
        **values: object,
    ) -> Any:
        """Return what a prompt expands to with each row of a frame, and the values that all rows share.

        `frame` is a DataFrame of pandas or polars, a table of Arrow, or an iterable of mappings; a column fills the
        variable of its name, and a null counts as not given. The texts come as a column of the same kind, None where a
        row is bad: one `frames.BadRowsWarning` tells of all of these. `progress` is a bar, or told (done, of).

        Raises:
            NotFoundError, ExpansionError: see `expand`; nothing fills a variable, or all rows are bad.
            InvalidFrameError: there are no rows that can be read.
        """
        from prompt_kernel import frames  # noqa: PLC0415 - what few need, and never at once

        return frames.render_frame(self.compile(path), frame, {**(variables or {}), **values}, progress=progress)

    def check_frame(
        self: Compiles, path: str, frame: Any, /, variables: Mapping[str, object] | None = None, **values: object
    ) -> Rows[RowProblem]:
        """Return the rows of a frame that a prompt cannot be filled with, and why; see `render_frame`.

        Raises:
            NotFoundError, ExpansionError, InvalidFrameError: see `render_frame`.
        """
        from prompt_kernel import frames  # noqa: PLC0415 - see `render_frame`

        return frames.check_frame(self.compile(path), frame, {**(variables or {}), **values})

    def measure(
        self: Compiles,
        path: str,
        frame: Any,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        tokenizer: Spec = None,
        limit: int | None = None,
        price: float | None = None,
        **values: object,
    ) -> Measure:
        """Return how large a prompt's texts for a frame are, in characters and tokens; see `render_frame`.

        `tokenizer` is what `tokens.tokenizer` takes: None for an estimate, a name of tiktoken's, or whatever counts. It
        tells how many rows have more than `limit` tokens, and what all of them cost at `price` for a million.

        Raises:
            NotFoundError, ExpansionError, InvalidFrameError: see `render_frame`.
            MissingExtraError, TokenizerError: the tokenizer cannot be had.
        """
        from prompt_kernel import frames  # noqa: PLC0415 - see `render_frame`

        given = {**(variables or {}), **values}
        return frames.measure(self.compile(path), frame, given, tokenizer=tokenizer, limit=limit, price=price)


class Expands(ABC, FillsFrames):
    """The verbs whose work an expander does."""

    @abstractmethod
    def _expanding(self) -> Expander:
        """Return the expander."""

    def expand(
        self,
        path: str,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
        **values: object,
    ) -> Expansion:
        """Expand the newest version of a prompt, or the one pinned, with all that it includes.

        Values come by keyword, or in `variables` where a name would clash with a parameter. With `strict=False` what
        cannot be expanded stays as it is written, and the expansion's diagnostics tell.

        Raises:
            NotFoundError, ExpansionError: see `errors`.
        """
        given = {**variables, **values} if variables else values
        return self._expanding().expand(path, given or NO_VALUES, strict=strict, limits=limits)

    def expand_text(
        self,
        content: str,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        directory: str = "",
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
        **values: object,
    ) -> Expansion:
        """Expand a text that is not stored, as if it stood in `directory`."""
        given = {**variables, **values} if variables else values
        root = SourceText("", content, directory=directory)
        return self._expanding().expand_text(root, given, strict=strict, limits=limits)

    def compile(self, path: str, *, limits: Limits = DEFAULT_LIMITS) -> CompiledPrompt:
        """Return a prompt with all that it includes as it is now: it fills variables without the store, and pickles.

        Raises:
            NotFoundError, ExpansionError: see `errors`.
        """
        return self._expanding().compile(path, limits=limits)

    def compile_text(self, content: str, *, directory: str = "", limits: Limits = DEFAULT_LIMITS) -> CompiledPrompt:
        """Compile a text that is not stored, as if it stood in `directory`; see `compile`."""
        return self._expanding().compile(SourceText("", content, directory=directory), limits=limits)

    def render(
        self,
        path: str,
        rows: Iterable[Mapping[str, object]],
        variables: Mapping[str, object] | None = None,
        *,
        strict: bool = True,
    ) -> list[str]:
        """Return what a prompt expands to with each of many rows of values, and the `variables` that all share.

        Raises:
            NotFoundError, ExpansionError: see `expand`; what is wrong with the first row that cannot be expanded.
        """
        shared = variables or {}
        return [str(self.expand(path, {**shared, **row}, strict=strict)) for row in rows]

    def declarations(self, path: str) -> dict[str, Declaration]:
        """Return every variable that expanding a prompt takes, own and inherited, in order of first use."""
        return self._expanding().declarations(path)

    def declarations_in(self, content: str, *, directory: str = "") -> dict[str, Declaration]:
        """Return every variable that expanding a text takes that is not stored, as if it stood in `directory`."""
        return self._expanding().declarations(SourceText("", content, directory=directory))
