"""What the verbs ask that expand: a prompt, a text, a prompt as if it had another text, a manifest."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from prompt_kernel import wire
from prompt_kernel.client._call import PAGE, Call, asking, field, pinned, value_of
from prompt_kernel.expansion import DEFAULT_LIMITS, CompiledPrompt, Expansion, Limits, Manifest


def expand(
    path: str,
    /,
    variables: Mapping[str, object] | None = None,
    *,
    strict: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **values: object,
) -> Call[Expansion]:
    """Expand the newest version of a prompt, or the one pinned, with all that it includes."""
    name, pin = pinned(path)
    return _expansion({"path": name, **pin}, variables, values, limits, strict=strict)


def expand_text(
    content: str,
    /,
    variables: Mapping[str, object] | None = None,
    *,
    directory: str = "",
    strict: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **values: object,
) -> Call[Expansion]:
    """Expand a text that is not stored, as if it stood in `directory`."""
    return _expansion({"text": content, "directory": directory}, variables, values, limits, strict=strict)


def expand_as(
    path: str,
    content: str,
    /,
    variables: Mapping[str, object] | None = None,
    *,
    strict: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **values: object,
) -> Call[Expansion]:
    """Expand a prompt as if its newest version had another text, also where it is included; nothing is saved."""
    return _expansion({"path": path, "text": content}, variables, values, limits, strict=strict)


def expand_manifest(
    manifest: Manifest,
    /,
    variables: Mapping[str, object] | None = None,
    *,
    strict: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **values: object,
) -> Call[Expansion]:
    """Expand exactly the versions that `manifest` names, whatever was saved, renamed or relabelled since."""
    return _expansion({"manifest": wire.to_data(manifest)}, variables, values, limits, strict=strict)


def compile(path: str, *, limits: Limits = DEFAULT_LIMITS) -> Call[CompiledPrompt]:  # noqa: A001 - the store's verb
    """Return a prompt with all that it includes as it is now: it fills variables without the store, and pickles."""
    name, pin = pinned(path)
    return _compiled({"path": name, **pin}, limits)


def compile_text(content: str, *, directory: str = "", limits: Limits = DEFAULT_LIMITS) -> Call[CompiledPrompt]:
    """Compile a text that is not stored, as if it stood in `directory`; see `compile`."""
    return _compiled({"text": content, "directory": directory}, limits)


def compile_manifest(manifest: Manifest, *, limits: Limits = DEFAULT_LIMITS) -> Call[CompiledPrompt]:
    """Compile exactly the versions that `manifest` names, wherever these are now; see `compile`."""
    return _compiled({"manifest": wire.to_data(manifest)}, limits)


def _compiled(what: dict[str, Any], limits: Limits) -> Call[CompiledPrompt]:
    return asking("/compile", value_of(CompiledPrompt), {**what, "limits": _unusual(limits)}, kept=True)


def _unusual(limits: Limits) -> dict[str, int] | None:
    return None if limits == DEFAULT_LIMITS else asdict(limits)


def render(
    path: str,
    rows: Iterable[Mapping[str, object]],
    variables: Mapping[str, object] | None = None,
    *,
    strict: bool = True,
) -> Generator[Call[list[Any]], list[Any], list[str]]:
    """Return what a prompt expands to with each of many rows of values, and the `variables` that all share."""
    asked = wire.value_to_data({"path": path, "variables": variables or {}, "strict": strict})
    waiting = [wire.value_to_data(row) for row in rows]
    texts: list[str] = []
    for at in range(0, len(waiting), PAGE):
        done = yield asking("/render", field("items"), {**asked, "rows": waiting[at : at + PAGE]})
        texts += map(_text_of_row, done)
    return texts


def _text_of_row(row: Mapping[str, Any]) -> str:
    if "problem" in row:
        raise wire.error_from_data(row["problem"])
    return str(row["text"])


def _expansion(
    what: dict[str, Any],
    variables: Mapping[str, object] | None,
    values: Mapping[str, object],
    limits: Limits,
    *,
    strict: bool,
) -> Call[Expansion]:
    given = wire.value_to_data({**(variables or {}), **values})
    body = {**what, "variables": given, "strict": strict, "limits": _unusual(limits)}
    return asking("/expand", value_of(Expansion), body, kept=True)
