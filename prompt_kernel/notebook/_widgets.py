"""What our widgets have in common: they show components of the browser module, and a card where there is no widget.

This module is imported when the first widget is made, because widgets are optional and take a while to import.
"""

import hashlib
from abc import abstractmethod
from functools import cache
from importlib.resources import files
from typing import Any, Final

from prompt_kernel.errors import MissingExtraError, PromptKernelError

try:
    from anywidget import AnyWidget
except ModuleNotFoundError as error:
    raise MissingExtraError("notebook", "A widget in a notebook") from error
from traitlets import Dict, Unicode

_STATIC: Final = "static"

#: What each widget brings with it: a notebook that is saved with its widgets would hold the whole module for each
#: otherwise. The page asks the kernel for the module once, and keeps it for all widgets.
_LOADER: Final = """\
const modules = (globalThis[Symbol.for("prompt-kernel.modules")] ??= new Map());
function ask(model) {
  return new Promise((resolve, reject) => {
    const hear = (content, buffers) => {
      if (content.kind !== "module") return;
      model.off("msg:custom", hear);
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
      import(url).then(resolve, reject).finally(() => URL.revokeObjectURL(url));
    };
    model.on("msg:custom", hear);
    model.send({ kind: "module" });
  });
}
export default () => ({
  async render({ model, el }) {
    const name = "HASH";
    if (!modules.has(name)) {
      modules.set(name, ask(model));
      modules.get(name).catch(() => modules.delete(name));
    }
    return (await modules.get(name)).default().render({ model, el });
  },
});
"""


@cache
def _module() -> bytes:
    """Return the browser module.

    Raises:
        PromptKernelError: it is not there, as in a checkout that was not built.
    """
    # By name, so that it does not take what live editing takes to find it.
    folder = files("prompt_kernel").joinpath("live", _STATIC)
    found = [file for file in folder.iterdir() if file.name.startswith("editor-") and file.name.endswith(".js")]
    if not found:
        raise PromptKernelError("The browser module is not in this installation. Install prompt-kernel again.")
    return found[0].read_bytes()


class Panel(AnyWidget):
    """A widget that shows the component `component` of the browser module with `data`.

    What the component says comes to `handle`; `say` answers it. Where a notebook has no widgets, as on a page that was
    made of it, `fallback` is shown.
    """

    component = Unicode().tag(sync=True)
    data = Dict().tag(sync=True)

    def __init__(self, component: str, data: dict[str, Any]) -> None:
        """Show a component with its first data."""
        self._esm = _LOADER.replace("HASH", hashlib.sha256(_module()).hexdigest()[:12])
        super().__init__(component=component, data=data)
        self.on_msg(self._hear)

    def _hear(self, _widget: object, content: Any, buffers: list[memoryview]) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "module":
            self.say({"kind": "module"}, _module())
        else:
            self.handle(content, buffers)

    @abstractmethod
    def handle(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take a message of the component, in whichever thread the kernel takes messages."""

    def say(self, content: dict[str, Any], *buffers: bytes) -> None:
        """Send a message to the component in every page that shows it; from any thread."""
        self.send(content, list(buffers))

    @abstractmethod
    def fallback(self) -> tuple[str, str]:
        """Return what is shown where there are no widgets: HTML, and plain text."""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        made = super()._repr_mimebundle_(**kwargs)
        if made is None:
            return None
        bundle, *metadata = made if isinstance(made, tuple) else (made,)
        html, plain = self.fallback()
        shown = {**bundle, "text/html": html, "text/plain": plain}
        return (shown, *metadata) if metadata else shown
