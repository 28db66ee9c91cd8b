"""Folders of markdown <-> the store: files with front matter become prompts, folders become directories.

`import_folder` and `export_folder` are each other's inverse: what was imported and not changed since is exported
byte for byte as it was. `import_from` and `export_to` do the same with the formats of other tools, see `formats`.
"""

from prompt_kernel.files._copy import CopyReport, copy_store
from prompt_kernel.files._export import export_folder
from prompt_kernel.files._import import import_folder
from prompt_kernel.files._rescue import rescue_to_folder
from prompt_kernel.files._sync import sync
from prompt_kernel.files._watch import watch
from prompt_kernel.files.formats import export_to, import_from, preview

__all__ = [
    "CopyReport",
    "copy_store",
    "export_folder",
    "export_to",
    "import_folder",
    "import_from",
    "preview",
    "rescue_to_folder",
    "sync",
    "watch",
]
