"""Templates that hold plain variables and raw blocks only: what Jinja and Nunjucks read alike."""

import re
from typing import Final

from prompt_kernel.files.formats._body import Hole, Part, joined
from prompt_kernel.files.formats._braces import Parts, excerpt, take_tags
from prompt_kernel.variables import variable_name

_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_TAGS: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
_BRACES = re.compile(r"\{[{%#]")


def jinja_apart(text: str) -> Parts:
    """Take a template apart that has plain variables and raw blocks only; whatever else is in it is reported."""
    parts: list[Part] = []
    losses: list[str] = []
    position = 0
    while opening := _RAW.search(text, position):
        ending = _END_OF_RAW.search(text, opening.end())
        if ending is None:
            break
        before = take_tags(text[position : opening.start()], _TAGS, _variable)
        parts += [*before.parts, text[opening.end() : ending.start()]]
        losses += before.losses
        position = ending.end()
    rest = take_tags(text[position:], _TAGS, _variable)
    return Parts(joined([*parts, *rest.parts]), [*losses, *rest.losses])


def _variable(tag: str) -> tuple[Part | None, str]:
    name = variable_name(tag[2:-2].strip()) if tag.startswith("{{") else ""
    return (Hole(name, tag), "") if name else (None, f"{excerpt(tag)} stays text")


def as_jinja(part: Part) -> str:
    """Write a part, in a raw block where its characters would mean something."""
    if isinstance(part, Hole):
        return part.source or f"{{{{ {part.name} }}}}"
    literal = part if isinstance(part, str) else part.source
    return f"{{% raw %}}{literal}{{% endraw %}}" if _BRACES.search(literal) else literal
