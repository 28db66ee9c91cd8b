"""`llm` templates: YAML files with `prompt`, `system` and `defaults`, in which `$input` is a variable."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml

from prompt_kernel.files._yaml import Fault, Items, Scalar, Table, compose, plain
from prompt_kernel.files.formats._body import Hole, Part
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_apart, unique, written
from prompt_kernel.files.formats._chat import Message, split, together
from prompt_kernel.files.formats._format import NO, Outgoing, Recognition
from prompt_kernel.files.formats._json import peek
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled, glimpse
from prompt_kernel.variables import Declaration

_ENDINGS: Final = (".yaml", ".yml")
_MOST_BYTES: Final = 2**20
_SHAPES: Final = ("prompt", "system", "both")
#: What `string.Template` reads.
_DOLLAR = re.compile(r"\$(?:(?P<twice>\$)|(?P<named>[_a-zA-Z][_a-zA-Z0-9]*)|\{(?P<braced>[_a-zA-Z][_a-zA-Z0-9]*)\}|)")
_GOES_ON = re.compile(r"[A-Za-z0-9_]")
_TEMPLATE_KEY = re.compile(r"^(?:prompt|system):(?:\s|$)", re.MULTILINE)
_FOREIGN_KEY = re.compile(r"^(?:prompts|providers|messages|testData|inputs|services|jobs):(?:\s|$)", re.MULTILINE)


class Llm(FilePerPrompt):
    """Templates of the `llm` command."""

    name: ClassVar[str] = "llm"
    title: ClassVar[str] = "llm templates: .yaml files with prompt, system, defaults"

    def wants(self, file: str) -> bool:
        """Tell whether `file` can be one."""
        return file.endswith(_ENDINGS)

    def name_of(self, file: str) -> str:
        """Return the name without the ending."""
        return file.rpartition(".")[0]

    def file_of(self, name: str) -> str:
        """Return the usual file."""
        return f"{name}.yaml"

    def recognises(self, path: Path) -> Recognition:
        """Look into a few files, because there are many other kinds of YAML."""
        names = [path.name] if path.is_file() else glimpse(path)
        root = path.parent if path.is_file() else path
        for name in [name for name in names if self.wants(name)][:5]:
            beginning = peek(root / name)
            if _TEMPLATE_KEY.search(beginning) and not _FOREIGN_KEY.search(beginning):
                return Recognition(75, f"{name} has a prompt or a system prompt")
        return NO

    def parse(self, content: str, _resolve: Resolve) -> Note:
        """Read a template."""
        node = compose(content, _MOST_BYTES)
        if isinstance(node, Scalar):
            node = Table({"prompt": (node, node)}, node.place)
        if not isinstance(node, Table):
            raise Fault("this is no template: it has neither a prompt nor a system prompt")
        texts = {key: _words(node, key) for key in ("system", "prompt")}
        if texts["system"] is None and texts["prompt"] is None:
            raise Fault("this is no template: it has neither a prompt nor a system prompt")
        shape = "both" if None not in texts.values() else "system" if texts["prompt"] is None else "prompt"
        taken = _apart(_as_one(texts["system"], texts["prompt"]))
        composed, losses = written(taken)
        others = {
            key: plain(value) for key, (_, value) in node.pairs.items() if key not in ("prompt", "system", "defaults")
        }
        variables, lost = _defaults(node)
        kept = {"shape": shape, "others": others}
        return Note(composed.text, composed.engine, variables=variables, losses=[*losses, *lost], kept=kept)

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a template."""
        flat = prompt.flat()
        content, losses = spelled(_with_signs(flat.parts), _spelled, _apart, "llm")
        data = _shaped(content, kept.get("shape"))
        others = kept.get("others")
        data |= others if isinstance(others, Mapping) else {}
        defaults = _default_values(flat.variables)
        if defaults:
            data["defaults"] = defaults
        lost = not_said(prompt, flat.variables, ("defaults",))
        return Spelled(write_yaml(data), unique([*flat.losses, *lost, *losses]))


def _default_values(variables: Mapping[str, Declaration]) -> dict[str, Any]:
    return {
        name: "" if each.default is None else each.default
        for name, each in variables.items()
        if each.default is not None or (not each.required and name != "input")
    }


def _words(node: Table, key: str) -> str | None:
    found = node.pairs.get(key)
    if found is None or (isinstance(found[1], Scalar) and found[1].is_null):
        return None
    if not isinstance(found[1], Scalar):
        raise Fault(f"{key} must be a text", found[1].place.line + 1)
    return found[1].text


def _as_one(system: str | None, prompt: str | None) -> str:
    if system is None or prompt is None:
        return prompt or system or ""
    return together([Message("system", system), Message("user", prompt)])


def _shaped(content: str, shape: object) -> dict[str, Any]:
    messages = split(content)
    if [message.role for message in messages] == ["system", "user"] and shape in ("both", None):
        return {"system": messages[0].text, "prompt": messages[1].text}
    return {"system" if shape == "system" else "prompt": content}


def _defaults(node: Table) -> tuple[dict[str, Any], list[str]]:
    found = node.pairs.get("defaults")
    variables: dict[str, Any] = {}
    losses: list[str] = []
    for name, (_, value) in found[1].pairs.items() if found and isinstance(found[1], Table) else ():
        if isinstance(value, Table | Items) or not name.isidentifier():
            losses.append(f"the default of {excerpt(name)}, which is more than a text")
        else:
            variables[name] = {"default": value.text} if value.text else {"required": False}
    return variables, losses


def _apart(text: str) -> Parts:
    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        if found["twice"]:
            return "$", ""
        name = found["named"] or found["braced"]
        return (Hole(name, found[0]), "") if name else (None, "a dollar that stands alone stays one; llm refuses it")

    return take_apart(text, _DOLLAR, reads)


def _with_signs(parts: Sequence[Part]) -> list[Part]:
    """Spell each hole as `$name`, or `${name}` where a letter follows."""
    after = [*parts[1:], ""]
    return [
        part._replace(source=f"${{{part.name}}}" if isinstance(rest, str) and _GOES_ON.match(rest) else f"${part.name}")
        if isinstance(part, Hole)
        else part
        for part, rest in zip(parts, after, strict=True)
    ]


def _spelled(part: Part) -> str:
    if isinstance(part, Hole):
        return part.source if part.name.isascii() else part.name
    return (part if isinstance(part, str) else part.source).replace("$", "$$")


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _represent)


def write_yaml(data: object) -> str:
    """Return `data` as YAML that people can read."""
    return yaml.dump(data, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=10**9)
