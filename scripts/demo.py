"""What `make demo` runs: the sample prompts into a store, the quickstart notebook in a kernel, and what it showed.

Then it serves them, unless SERVE is 0. The store is the one of PROMPT_KERNEL_URL, which the Makefile sets.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
import serve
from nbclient import NotebookClient

import prompt_kernel as pk

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"

NEXT = """\
Next, type one of these lines{where}:

  export PROMPT_KERNEL_URL="{store}"
  .venv/bin/prompt-kernel list
  .venv/bin/prompt-kernel expand data/sql question="Which country returns most?"
  .venv/bin/prompt-kernel dashboard
  .venv/bin/prompt-kernel --help
"""


def main() -> int:
    """Run the demo and print it as plain text, then serve it."""
    started = time.perf_counter()
    store_file = Path(os.environ["PROMPT_KERNEL_URL"])
    store_file.parent.mkdir(parents=True, exist_ok=True)
    with pk.connect() as store:
        print(store.import_folder(NOTEBOOKS / "library"))
    show(run(NOTEBOOKS / "quickstart.ipynb"))
    with pk.connect() as store:
        print(f"\n\n{heading('The store')}\n\n{store.summary()}")
    print(f"\nDone in {time.perf_counter() - started:.1f} s.\n")
    serving = os.environ.get("SERVE") != "0"
    print(NEXT.format(store=store_file, where=" in another terminal" if serving else ""), end="")
    return serve.main() if serving else 0


def run(path: Path) -> nbformat.NotebookNode:
    """Run the notebook in a kernel of its own and return it with its outputs; the file stays as it is."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": path.parent}}
    quiet = ["--log-level=ERROR"]
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources, extra_arguments=quiet).execute()
    return notebook


def show(notebook: nbformat.NotebookNode) -> None:
    """Print the headings, the code and the outputs."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = [*(f"│ {line}" for line in cell.source.splitlines()), *map(plain, cell.outputs)]
            print("\n" + "\n".join(lines))
        elif cell.source.startswith("#"):
            print("\n\n" + heading(cell.source.splitlines()[0].lstrip("# ")))


def heading(title: str) -> str:
    """Return `title` with a line under it."""
    return f"{title}\n{'─' * len(title)}"


def plain(output: nbformat.NotebookNode) -> str:
    """Return what an output says as plain text."""
    if output.output_type == "stream":
        return str(output.text).rstrip()
    return str(output.get("data", {}).get("text/plain", "")).rstrip()


if __name__ == "__main__":
    sys.exit(main())
