"""What belongs to the caller: favourites, the prompts opened last, settings."""

from prompt_kernel.records import Entry
from prompt_kernel.server.answers import Answer, answer, items
from prompt_kernel.server.api import models, schemas
from prompt_kernel.server.api.models import Limit, PreferenceName, PromptPath
from prompt_kernel.server.api.routes import StoreOf, routers
from prompt_kernel.wire import value_to_data

reading, writing = routers("People")

_ENTRY = schemas.model_of(Entry)


@reading.get("/favourites", response_model=schemas.list_of(Entry), summary="List favourites")
def favourites(store: StoreOf) -> Answer:
    """Give the caller's favourites, ordered by path."""
    return items(store.favourites())


@writing.put("/favourites/{path:path}", response_model=_ENTRY, summary="Make a favourite")
def favourite(store: StoreOf, path: PromptPath) -> Answer:
    """Make a prompt a favourite of the caller."""
    return answer(store.favourite(path, on=True))


@writing.delete("/favourites/{path:path}", response_model=_ENTRY, summary="Make no favourite")
def no_favourite(store: StoreOf, path: PromptPath) -> Answer:
    """Make a prompt no favourite any more."""
    return answer(store.favourite(path, on=False))


@writing.post("/opened", response_model=_ENTRY, summary="Note what was opened")
def note_opened(store: StoreOf, body: models.OnePath) -> Answer:
    """Remember that the caller has opened a prompt just now."""
    return answer(store.note_opened(body.path))


@reading.get("/recent", response_model=schemas.list_of(Entry), summary="List what was opened")
def recent(store: StoreOf, limit: Limit = 20) -> Answer:
    """Give the prompts that the caller has opened, the latest first."""
    return items(store.recent(limit))


@reading.get("/preferences/{name:path}", response_model=schemas.ValueModel, summary="Read a setting")
def preference(store: StoreOf, name: PreferenceName) -> Answer:
    """Give what the caller has set under a name."""
    return Answer({"value": value_to_data(store.preference(name))})


@writing.put("/preferences/{name:path}", response_model=schemas.ValueModel, summary="Set a setting")
def set_preference(store: StoreOf, name: PreferenceName, body: models.Setting) -> Answer:
    """Set something under a name, for the caller."""
    store.set_preference(name, body.value)
    return Answer({"value": value_to_data(store.preference(name))})
