"""Our own folders of markdown: what `import_folder` and `export_folder` do, under a name."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_kernel.files._export import export_folder
from prompt_kernel.files._import import ENDING, draft_of, drafts_of, import_folder
from prompt_kernel.files.formats import _importing
from prompt_kernel.files.formats._format import NO, Progress, Reading, Recognition
from prompt_kernel.files.formats._tree import glimpse
from prompt_kernel.records import ExportReport, ImportReport

if TYPE_CHECKING:
    from prompt_kernel.store import Store


class Markdown:
    """A folder of markdown files, or a single one, with our front matter."""

    name: Final = "markdown"
    title: Final = "a folder of markdown files with YAML front matter (ours)"

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is: any markdown will do, so that whoever knows more comes first."""
        if path.is_file():
            return Recognition(40, "it is a markdown file") if path.name.lower().endswith(ENDING) else NO
        if not path.is_dir():
            return NO
        files = glimpse(path)
        markdown = next((file for file in files if file.lower().endswith(ENDING)), None)
        if markdown:
            return Recognition(40, f"it has {markdown}")
        return NO if files else Recognition(10, "it is an empty folder")

    def read(self, path: Path) -> Reading:
        """Read a folder, or a single file."""
        if path.is_file():
            return Reading([draft_of(path)])
        drafts, skipped = drafts_of(path)
        return Reading(drafts, skipped=skipped)

    def import_into(
        self, store: "Store", path: Path, *, into: str, message: str, progress: Progress | None
    ) -> ImportReport:
        """Import a folder, or a single file."""
        if not path.is_file():
            return import_folder(store, path, into=into, message=message, progress=progress)
        return _importing.save(store, self.read(path), source=str(path), into=into, message=message, progress=progress)

    def export_from(self, store: "Store", target: Path, *, directory: str, progress: Progress | None) -> ExportReport:
        """Write a folder."""
        return export_folder(store, target, directory=directory, progress=progress)
