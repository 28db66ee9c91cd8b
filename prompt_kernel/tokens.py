"""How many tokens a text is: by an estimate that needs nothing, by tiktoken, or by whatever counts."""

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from prompt_kernel.errors import MissingExtraError, TokenizerError


@runtime_checkable
class Tokenizer(Protocol):
    """Whatever counts the tokens of a text.

    `is_exact` tells whether the count is that of a model's own tokenizer, or a guess.
    """

    @property
    def name(self) -> str:
        """What to call it beside a number."""

    @property
    def is_exact(self) -> bool:
        """Whether it counts, and does not guess."""

    def count(self, text: str) -> int:
        """Return how many tokens `text` is."""


#: What `tokenizer` takes.
Spec = str | Callable[[str], int | Sized] | Tokenizer | object | None

#: Bytes of UTF-8 that a token has in the mean of English text: a rule of thumb that OpenAI gives too ("what are tokens
#: and how to count them"). Counting bytes and no characters brings other scripts nearer, which take more tokens.
_BYTES_OF_A_TOKEN: Final = 4


class Estimate:
    """A rule of thumb: a token is four bytes of UTF-8. It needs nothing, and is rough."""

    name = "estimate (bytes / 4)"
    is_exact = False

    def count(self, text: str) -> int:
        """Return about how many tokens `text` is."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        return -(-size // _BYTES_OF_A_TOKEN)


ESTIMATE: Final = Estimate()


@dataclass(frozen=True, slots=True)
class _Counting:
    """A tokenizer made of a function."""

    name: str
    function: Callable[[str], int | Sized]
    is_exact: bool = True

    def count(self, text: str) -> int:
        found = self.function(text)
        return found if isinstance(found, int) else len(found)


def tokenizer(spec: Spec = None) -> Tokenizer:
    """Return what counts tokens.

    None is an estimate, which says so. A text names an encoding of tiktoken (`o200k_base`) or a model that it knows
    (`gpt-4o`); tiktoken fetches its vocabulary once and keeps it. Anything else is a function from a text to its tokens
    or to their number, or an object that has such a function as `encode`.

    Raises:
        MissingExtraError: tiktoken is not installed.
        TokenizerError: it knows no such name, or cannot get the vocabulary; or the object counts nothing.
    """
    if spec is None:
        return ESTIMATE
    if isinstance(spec, str):
        return _of_tiktoken(spec)
    if isinstance(spec, Tokenizer):
        return spec
    # Texts of users can hold what a model means by a special token; tiktoken refuses these unless asked this way.
    function = getattr(spec, "encode_ordinary", None) or getattr(spec, "encode", None) or spec
    if not callable(function):
        raise TokenizerError(f"{type(spec).__name__!r}", "it has no encode(text), and cannot be called")
    return _Counting(_name_of(spec), function)


def _name_of(spec: object) -> str:
    name = getattr(spec, "name", None) or getattr(spec, "__name__", None)
    return name if isinstance(name, str) else type(spec).__name__


def _of_tiktoken(name: str) -> Tokenizer:
    try:
        import tiktoken  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise MissingExtraError("frames", f"The tokenizer {name}") from error
    known: list[str] = tiktoken.list_encoding_names()
    try:
        encoding = name if name in known else tiktoken.encoding_name_for_model(name)
    except KeyError as error:
        raise TokenizerError(name, f"tiktoken knows no such model; it has the encodings {', '.join(known)}") from error
    return _Counting(encoding, _vocabulary(tiktoken, encoding).encode_ordinary)


def _vocabulary(tiktoken: Any, encoding: str) -> Any:
    try:
        return tiktoken.get_encoding(encoding)
    # Requests' errors are all OSErrors; a truncated download is a ValueError.
    except (OSError, ValueError) as error:
        reason = (
            "its vocabulary is fetched once, and that failed; connect for that, or let TIKTOKEN_CACHE_DIR name a folder"
            " that has it, or leave the tokenizer out for an estimate"
        )
        raise TokenizerError(encoding, reason) from error


__all__ = ["ESTIMATE", "Estimate", "Spec", "Tokenizer", "tokenizer"]
