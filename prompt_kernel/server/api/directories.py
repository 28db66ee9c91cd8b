"""Directories, and the folders on the server's disk that they are linked to."""

from typing import Any

from fastapi import Request, Response

from prompt_kernel import records
from prompt_kernel.records import Directory
from prompt_kernel.server.answers import Answer, answer, items
from prompt_kernel.server.api import models, schemas
from prompt_kernel.server.api.models import DirectoryPath
from prompt_kernel.server.api.routes import StoreOf, routers
from prompt_kernel.server.folders import Folders

reading, writing = routers("Directories")

_DIRECTORY = schemas.model_of(Directory)


@reading.get("/directories", response_model=schemas.list_of(Directory), summary="List directories")
def directories(store: StoreOf) -> Answer:
    """Give every directory, ordered by path."""
    return items(store.directories())


@writing.post("/directories", status_code=201, response_model=_DIRECTORY, summary="Add a directory")
def add_directory(store: StoreOf, request: Request, body: models.NewDirectory) -> Answer:
    """Make a directory, which may be linked to a folder on the server's disk."""
    source = _source(request, body.source) or ""
    made = store.add_directory(body.path, description=body.description, source=source, enabled=body.enabled)
    return answer(made, 201)


@writing.put("/directories/{path:path}", response_model=_DIRECTORY, summary="Change a directory")
def update_directory(store: StoreOf, request: Request, path: DirectoryPath, body: models.ChangedDirectory) -> Answer:
    """Change what is given of a directory; in a disabled one no inclusion resolves."""
    source = _source(request, body.source)
    changed = store.update_directory(path, description=body.description, source=source, enabled=body.enabled)
    return answer(changed)


@writing.delete("/directories/{path:path}", status_code=204, summary="Remove a directory")
def remove_directory(store: StoreOf, path: DirectoryPath) -> Response:
    """Remove an empty directory; a linked folder's files stay where they are."""
    store.remove_directory(path)
    return Response(status_code=204)


@writing.post("/sync", response_model=schemas.model_of(records.SyncReport), summary="Sync all directories")
def sync_all(store: StoreOf, body: models.Synced | None = None) -> Answer:
    """Bring every linked and enabled directory and its folder together, both ways."""
    return answer(store.sync(delete=body.delete if body else False))


@writing.post("/sync/{path:path}", response_model=schemas.model_of(records.SyncReport), summary="Sync a directory")
def sync(store: StoreOf, path: DirectoryPath, body: models.Synced | None = None) -> Answer:
    """Bring a directory and the folder that it is linked to together, both ways."""
    return answer(store.sync(path, delete=body.delete if body else False))


# Who may not link a folder need not see the disk.
@writing.post("/complete-path", response_model=schemas.CompletedModel, summary="Complete a path on the server's disk")
def complete_path(request: Request, body: models.TypedPath) -> Answer:
    """Complete the path of a folder, as far as the server lets anybody reach; capitals or not is the same."""
    path, suggestions = _folders(request).completed(body.path)
    return Answer({"path": path, "suggestions": suggestions})


def _source(request: Request, source: str | None) -> str | None:
    return str(_folders(request).check(source)) if source else source


def _folders(request: Request) -> Folders:
    folders: Any = request.app.state.folders
    return folders  # type: ignore[no-any-return]  # a state holds anything
