"""Where completion meets IPython: a matcher for its newer versions, and one for those before 8.6.

The names are looked up, and all that takes is imported, at the first Tab.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_kernel.notebook.completion import World


def matcher_for(world: Callable[[], "World"], completer: Any) -> Callable[[Any], Any]:
    """Return a function for the custom matchers of IPython's `completer` that offers what `world()` knows."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher  # noqa: PLC0415 - IPython 8.6 or newer
    except ImportError:
        return old_matcher(world, completer)

    @context_matcher(identifier="prompt_kernel", priority=100)  # type: ignore[untyped-decorator]  # IPython's has none
    def match(context: Any) -> dict[str, Any]:
        from prompt_kernel.notebook import completion  # noqa: PLC0415 - see the top

        place = context.full_text, context.cursor_line, context.cursor_position
        found = completion.safely(lambda: completion.offer(*place, world()))
        completions = [SimpleCompletion(text, type=found.kind) for text in found.texts]
        if not completions:
            return {"completions": []}
        return {
            "completions": completions, "matched_fragment": found.fragment, "suppress": True, "ordered": True,
        }  # fmt: skip

    return match  # type: ignore[no-any-return]  # see above


def old_matcher(world: Callable[[], "World"], completer: Any) -> Callable[[str], list[str]]:
    """Return the same for an IPython that shows a matcher the line only, and only its own idea of a word."""

    def match(token: str) -> list[str]:
        from prompt_kernel.notebook import completion  # noqa: PLC0415 - see the top

        before: str = completer.text_until_cursor
        after = completer.line_buffer[len(before) :]
        found = completion.safely(lambda: completion.in_any_line(before, after, world()))
        # What IPython will replace is `token`: what is in it before our fragment has to come again, and what our
        # fragment has before it stands already.
        extra = len(token) - len(found.fragment)
        if extra >= 0:
            return [token[:extra] + text for text in found.texts]
        kept = found.fragment[:-extra]
        return [text[-extra:] for text in found.texts if text.startswith(kept)]

    return match
