"""The verbs of a store over HTTP: JSON in and out, described by OpenAPI, errors as problem details.

A route translates and never decides: it parses what came, calls one verb, and writes down what that returned.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import prompt_kernel
from prompt_kernel.errors import PromptKernelError
from prompt_kernel.server.api import (
    care,
    directories,
    docs,
    expanding,
    experiments,
    idempotency,
    people,
    problems,
    prompts,
    versions,
)
from prompt_kernel.server.folders import Folders
from prompt_kernel.store import Store

#: What is asked for most comes first: an address is looked for in this order.
_ROUTERS: Final = (
    prompts.reading,
    expanding.reading,
    prompts.writing,
    versions.reading,
    versions.writing,
    directories.reading,
    directories.writing,
    care.reading,
    care.writing,
    people.reading,
    people.writing,
    experiments.reading,
    experiments.writing,
)


def make_api(store: Store, *, roots: Sequence[Path]) -> FastAPI:
    """Return the application that serves `store`, to be mounted at `/api`.

    `roots` are the folders of this machine that callers may link directories to, with all below them.
    """
    api = FastAPI(
        title="Prompt Kernel",
        version=prompt_kernel.__version__,
        description=docs.ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.state.store = store
    api.state.folders = Folders(roots)
    api.state.answers = idempotency.Answers()
    for router in _ROUTERS:
        api.router.routes.extend(router.routes)
    api.router.routes.extend(docs.routes())
    api.add_exception_handler(PromptKernelError, problems.from_error)
    api.add_exception_handler(RequestValidationError, problems.from_validation)
    api.add_exception_handler(HTTPException, problems.from_http)
    api.add_exception_handler(Exception, problems.from_surprise)
    return api


__all__ = ["make_api"]
