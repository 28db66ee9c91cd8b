"""Other ways to compose a prompt of prompts, each as its own documentation tells to use it.

Each function takes a world and returns the call to time. `warm` ones set up before, `cold` ones within the call.
"""

import re
from typing import Any

from timing import Call
from worlds import World

_INCLUSION = re.compile(r"\[\[([^\[\]\n]+)\]\]")
_VARIABLE = re.compile(r"\{\{ (\w+) \}\}")
_CACHED = 10_000


def _jinja_texts(world: World) -> dict[str, str]:
    return {path: _INCLUSION.sub(r"{% include '\1' %}", text) for path, text in world.texts.items()}


def _jinja(texts: dict[str, str]) -> Any:
    from jinja2 import DictLoader, Environment  # noqa: PLC0415 - every peer is optional

    # Its cache of 400 templates would thrash at 500 includes.
    return Environment(  # noqa: S701 - prompts are no HTML
        loader=DictLoader(texts), cache_size=_CACHED, keep_trailing_newline=True
    )


def jinja_warm(world: World) -> Call:
    """Render with an environment that has compiled all templates."""
    environment, root, values = _jinja(_jinja_texts(world)), world.root, world.values
    return lambda: environment.get_template(root).render(values)


def jinja_cold(world: World) -> Call:
    """Render with an environment that has seen nothing."""
    texts, root, values = _jinja_texts(world), world.root, world.values
    _jinja(texts)
    return lambda: _jinja(texts).get_template(root).render(values)


def _minijinja(texts: dict[str, str]) -> Any:
    from minijinja import Environment  # noqa: PLC0415 - every peer is optional

    return Environment(templates=texts, keep_trailing_newline=True)


def minijinja_warm(world: World) -> Call:
    """Render with an environment that has compiled all templates."""
    environment, root, values = _minijinja(_jinja_texts(world)), world.root, world.values
    return lambda: environment.render_template(root, **values)


def minijinja_cold(world: World) -> Call:
    """Render with an environment that has seen nothing."""
    texts, root, values = _jinja_texts(world), world.root, world.values
    _minijinja(texts)
    return lambda: _minijinja(texts).render_template(root, **values)


class _NoCache:
    """A cache for Banks that remembers nothing: where values change with every call, so does its key."""

    def get(self, _context: Any) -> None:
        return None

    def set(self, _context: Any, _prompt: str) -> None:
        return


def _banks(texts: dict[str, str]) -> Any:
    import banks  # noqa: PLC0415 - every peer is optional
    from banks.env import env  # noqa: PLC0415 - every peer is optional
    from jinja2 import DictLoader  # noqa: PLC0415 - every peer is optional

    # Its environment is one for the whole process. A new loader makes it forget what it has compiled.
    env.loader = DictLoader(texts)
    env.keep_trailing_newline = True
    return banks


def banks_warm(world: World) -> Call:
    """Render one `Prompt` again: from its cache where there are no values, which would be part of the cache's key."""
    texts, values = _jinja_texts(world), world.values
    prompt = _banks(texts).Prompt(texts[world.root], render_cache=_NoCache() if values else None)
    return lambda: prompt.text(values)


def banks_cold(world: World) -> Call:
    """Make a `Prompt` and render it."""
    texts, root, values = _jinja_texts(world), world.root, world.values
    _banks(texts)
    return lambda: _banks(texts).Prompt(texts[root]).text(values)


def chevron(world: World) -> Call:
    """Render Mustache, where an inclusion is a partial; it parses anew each time."""
    from chevron import render  # noqa: PLC0415 - every peer is optional

    texts = {path: _VARIABLE.sub(r"{{{\1}}}", text) for path, text in world.texts.items()}
    texts = {path: _INCLUSION.sub(r"{{> \1}}", text) for path, text in texts.items()}
    root, values = texts[world.root], world.values
    return lambda: render(root, values, partials_path=None, partials_dict=texts)


def substitution(world: World) -> Call:
    """Replace with `re.sub` and call itself: what most people write first. It checks nothing, not even for cycles."""
    texts, root, values = world.texts, world.root, world.values

    def expanded(text: str) -> str:
        if values:
            text = _VARIABLE.sub(lambda found: values[found[1]], text)
        return _INCLUSION.sub(lambda found: expanded(texts[found[1]]), text)

    return lambda: expanded(texts[root])


def join(world: World) -> Call:
    """Join the pieces, resolved before: the limit, because the text has to be copied once."""
    pieces = world.pieces()
    return lambda: "".join(pieces)
