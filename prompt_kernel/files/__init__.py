"""Folders of markdown <-> the store: files with front matter become prompts, folders become directories.

`import_folder` and `export_folder` are each other's inverse: what was imported and not changed since is exported
byte for byte as it was.
"""

from prompt_kernel.files._export import export_folder
from prompt_kernel.files._import import import_folder
from prompt_kernel.files._rescue import rescue_to_folder

__all__ = ["export_folder", "import_folder", "rescue_to_folder"]
