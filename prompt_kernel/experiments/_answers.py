"""What a model gives back, and what it may be given in place of a text."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from prompt_kernel.errors import InvalidMetadataError

#: One message of a chat, as most providers take it: `{"role": "user", "content": "…"}`.
Message = dict[str, str]


class Answer(NamedTuple):
    """A model's answer with what it took: tokens in and out, and the cost in whatever currency all costs are in.

    None is what nobody told.
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None


#: A model as a function: of a text, or of messages where `messages` marks it so.
Function = Callable[[Any], str | Answer | Awaitable[str | Answer]]


@dataclass(frozen=True)
class TakesMessages:
    """A function that is given a text's messages; see `messages`."""

    function: Function

    def __call__(self, given: list[Message]) -> Any:
        """Call the function itself."""
        return self.function(given)


def messages(function: Function) -> TakesMessages:
    """Mark a model that takes a list of messages, `[{"role": "user", "content": "…"}]`, and not a text.

    A text that begins with a line such as `system:` is taken apart at such lines; any other is one message of the user.
    Roles count where a prompt says them, never where a value does. Use it as a decorator or a call.
    """
    return TakesMessages(function)


def as_answer(result: object) -> Answer:
    """Return what a function gave as an answer.

    Raises:
        InvalidMetadataError: it is neither a text nor an `Answer`.
    """
    answer = result if isinstance(result, Answer) else Answer(cast("str", result))
    text: object = answer.text
    if not isinstance(text, str):
        kind = type(text).__name__
        raise InvalidMetadataError("model", f"it gave a {kind}; return a text, or pk.Answer(text, tokens_in, …)")
    return answer._replace(text=str(text))


def parameters_of(function: object) -> dict[str, Any]:
    """Return what a function is set to: its `parameters`, or the keywords of a `functools.partial`."""
    said = getattr(function, "parameters", None) or getattr(function, "keywords", None)
    return dict(said) if isinstance(said, Mapping) else {}
