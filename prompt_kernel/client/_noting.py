"""What a client notes of what it has asked for, as a store does by itself; see `prompt_kernel.uses`."""

from typing import Any, Final

from prompt_kernel import uses
from prompt_kernel.client._call import Call
from prompt_kernel.expansion import CompiledPrompt, Expansion

_ROUTES: Final = frozenset({"/expand", "/compile", "/render"})


def note(url: str, call: Call[Any], answer: object) -> None:
    """Note the use that an answer of the server at `url` is, if it is one."""
    if call.path not in _ROUTES or not uses.is_noted() or call.body.get("manifest") is not None:
        return
    known, body = uses.of(url), call.body
    path, pin = body.get("path"), body.get("version") or body.get("label")
    name = f"{path}@{pin}" if pin else path
    if call.path == "/render":
        # Its answer does not say by which versions.
        known.note(name)
    elif path is not None and body.get("text") is not None:
        known.note_unsaved(answer.path if isinstance(answer, Expansion) else path)
    elif isinstance(answer, Expansion | CompiledPrompt):
        if path is None:
            known.note_text(answer.manifest, body.get("directory") or "")
        else:
            known.note(name, answer.manifest)
