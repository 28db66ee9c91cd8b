"""Prompty: `.prompty` files of front matter and a Jinja template, in which lines like `user:` begin a message."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from prompt_kernel.files.formats._body import escape_inclusions
from prompt_kernel.files.formats._braces import excerpt, spelled, unique, written
from prompt_kernel.files.formats._format import Outgoing
from prompt_kernel.files.formats._front import changed, put_together, tags_of
from prompt_kernel.files.formats._front import take_apart as take_front
from prompt_kernel.files.formats._inputs import read_inputs, write_inputs
from prompt_kernel.files.formats._json import table
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._template import as_jinja, jinja_apart
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.language import Engine, Escape, parse
from prompt_kernel.variables import as_data, declare

_ENDING: Final = ".prompty"


class Prompty(FilePerPrompt):
    """`.prompty` files."""

    name: ClassVar[str] = "prompty"
    title: ClassVar[str] = "Prompty: .prompty files with inputs and Jinja"

    def wants(self, file: str) -> bool:
        """Tell whether `file` is one."""
        return file.endswith(_ENDING)

    def name_of(self, file: str) -> str:
        """Return the name without the ending."""
        return file.removesuffix(_ENDING)

    def file_of(self, name: str) -> str:
        """Return the usual file."""
        return name + _ENDING

    def parse(self, content: str, _resolve: Resolve) -> Note:
        """Read a file: a text with plain variables only is `simple`, any other template `jinja`."""
        front = take_front(content)
        losses: list[str] = []
        kind = _template_of(front.data)
        taken = jinja_apart(front.text)
        if taken.losses and kind.startswith("jinja"):
            text, engine = escape_inclusions(front.text), "jinja"
        else:
            composed, losses = written(taken)
            text, engine = composed.text, composed.engine
        if not kind.startswith("jinja"):
            losses.append(f"its template is {excerpt(kind)}, of which plain variables are read only")
        variables, lost = read_inputs(front.data.get("inputs"))
        found: Engine = "jinja" if engine == "jinja" else "plain" if engine == "plain" else "simple"
        return Note(
            text,
            found,
            description=front.words("description"),
            tags=tags_of(front.get("tags")),
            variables=variables,
            losses=[*losses, *lost],
            kept={"front": front.block},
        )

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a file."""
        flat = prompt.flat()
        losses: list[str] = []
        if prompt.engine == "jinja":
            content = "".join(
                part.literal if isinstance(part, Escape) else part.source for part in parse(prompt.text, "jinja")
            )
        else:
            content, odd = spelled(flat.parts, as_jinja, jinja_apart, "Prompty")
            losses += odd
        known = _inputs_of(kept)
        values: dict[str, Any] = {"description": prompt.description}
        if list(prompt.tags) != list(_tags_of(kept)):
            values["tags"] = list(prompt.tags)
        if as_data(declare(read_inputs(known)[0])) != as_data(flat.variables):
            values["inputs"] = write_inputs(known, flat.variables)
        carried = ("jinja", "description", "tags", "types", "defaults", "descriptions")
        block = changed(kept, values, content)
        lost = not_said(prompt, flat.variables, carried)
        return Spelled(put_together(block, content), unique([*flat.losses, *lost, *losses]))


def _template_of(data: Mapping[str, Any]) -> str:
    """Return which template language a file names; Jinja unless it says otherwise."""
    template = data.get("template")
    if isinstance(template, str):
        return template
    said = table(template).get("format", table(template).get("type", "jinja2"))
    return str(table(said).get("kind", "jinja2")) if isinstance(said, Mapping) else str(said)


def _inputs_of(kept: Mapping[str, Any]) -> Any:
    block = kept.get("front")
    return take_front(block).data.get("inputs") if isinstance(block, str) else None


def _tags_of(kept: Mapping[str, Any]) -> tuple[str, ...]:
    block = kept.get("front")
    return (tags_of(take_front(block).get("tags")) or ()) if isinstance(block, str) else ()
