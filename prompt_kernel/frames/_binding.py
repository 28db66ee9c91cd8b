"""What fills each variable of a prompt: a column, a value that all rows share, or its default."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from prompt_kernel.errors import MissingColumnError
from prompt_kernel.expansion import CompiledPrompt
from prompt_kernel.frames._columns import default_text, text_of_one
from prompt_kernel.frames._table import Table
from prompt_kernel.names import near
from prompt_kernel.variables import Declaration, variable_name

#: A hole that a column fills, or characters.
Part = str | tuple[str]


class Source(NamedTuple):
    """The column of a frame that fills a variable, as the frame spells its name; `default` stands in for a null."""

    column: str
    declaration: Declaration
    default: str | None


class Binding(NamedTuple):
    """A prompt laid out for the rows of one frame: `parts` in order, and the column of each of its holes, by variable.

    `shared` are the values that were given for all rows, of variables that the prompt has; `texts` is what they and the
    defaults put into the parts.
    """

    prompt: CompiledPrompt
    parts: list[Part]
    columns: Mapping[str, Source]
    shared: Mapping[str, object]
    texts: Mapping[str, str] = {}

    @property
    def fixed(self) -> int:
        """How many characters are the same in each row."""
        return sum(len(part) for part in self.parts if isinstance(part, str))

    @property
    def uses(self) -> dict[str, int]:
        """How many holes each column fills."""
        return {name: self.parts.count((name,)) for name in self.columns}


def bind(prompt: CompiledPrompt, table: Table, shared: Mapping[str, object]) -> Binding:
    """Find out what fills each variable of `prompt`: what all rows share, else a column, else its default.

    Of a prompt with templates nothing is laid out, for only running it tells what it takes.

    Raises:
        MissingColumnError: nothing fills some of them.
        InvalidVariableError: a shared value does not fit.
    """
    declarations = prompt.declarations
    if not all(map(str.isascii, declarations)):
        shared = {variable_name(name) or name: value for name, value in shared.items()}
    shared = {name: value for name, value in shared.items() if name in declarations}
    spelled = _spelled(table, [name for name in declarations if name not in shared])
    columns = {
        name: Source(column, declarations[name], default_text(declarations[name])) for name, column in spelled.items()
    }
    if prompt.has_templates:
        return Binding(prompt, [], columns, shared)
    texts = {name: text_of_one(declarations[name], value) for name, value in shared.items()}
    for name, declaration in declarations.items():
        default = None if name in texts or name in columns else default_text(declaration)
        if default is not None:
            texts[name] = default
    missing = [name for name in declarations if name not in texts and name not in columns]
    if missing:
        raise _missing(missing, table, shared)
    return Binding(prompt, _laid_out(prompt, texts), columns, shared, texts)


def _spelled(table: Table, names: list[str]) -> dict[str, str]:
    """Return how the frame spells those of `names` that it has a column of; names count as Python has identifiers."""
    if all(map(str.isascii, names)):
        return {name: name for name in names if table.has(name)}
    known = {variable_name(column): column for column in table.names}
    return {name: known[name] for name in names if name in known}


def _laid_out(prompt: CompiledPrompt, texts: Mapping[str, str]) -> list[Part]:
    parts: list[Part] = []
    for segment in prompt.segments:
        part = segment if isinstance(segment, str) else texts.get(segment[0], segment)
        if parts and isinstance(part, str) and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


_MOST_SUGGESTED: Final = 3


def _missing(names: list[str], table: Table, shared: Mapping[str, object]) -> MissingColumnError:
    columns = table.names
    known = [*columns, *(name for name in shared if name not in columns)]
    meant = dict.fromkeys(found for name in names for found in near(name, known, most=1))
    return MissingColumnError(names, columns, list(meant)[:_MOST_SUGGESTED])
