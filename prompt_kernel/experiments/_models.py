"""Models of an experiment, whatever they are made of, and what asks them: with threads, connections and patience."""

import asyncio
import contextvars
import inspect
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Final, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from prompt_kernel.errors import InvalidMetadataError, ModelError
from prompt_kernel.experiments._answers import Answer, TakesMessages, as_answer, parameters_of
from prompt_kernel.experiments._endpoint import Endpoint, library
from prompt_kernel.experiments._inputs import plain
from prompt_kernel.experiments._messages import messages_of
from prompt_kernel.experiments._retries import Gate, Retry, again, is_for_all, pause_after

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


class Reply(NamedTuple):
    """An answer, and the seconds that the attempt took which gave it."""

    answer: Answer
    seconds: float


class Model(Protocol):
    """What an experiment asks.

    `identity` is what two calls must have in common, besides text and repeat, to be the same. What has the same `gate`
    waits together.
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def identity(self) -> list[Any]: ...
    @property
    def gate(self) -> object: ...
    @property
    def per_minute(self) -> float | None: ...
    async def answer(self, session: "Session", text: str, *, is_template: bool) -> Answer: ...


@dataclass(frozen=True)
class FunctionModel:
    """A function of the user's; a sync one runs in a thread of the session."""

    name: str
    function: Callable[[Any], Any]
    takes_messages: bool
    is_async: bool
    parameters: Mapping[str, Any]
    per_minute: None = None

    @property
    def identity(self) -> list[Any]:
        """The name and what it is set to; what the function says inside, nobody can compare."""
        return [self.name, "", self.parameters]

    @property
    def gate(self) -> object:
        """The function itself."""
        return id(self.function)

    async def answer(self, session: "Session", text: str, *, is_template: bool) -> Answer:
        """Call the function."""
        given = messages_of(text, is_template=is_template) if self.takes_messages else str(text)
        try:
            if self.is_async:
                return as_answer(await self.function(given))
            result = await session.in_thread(self.function, given)
            return as_answer(await result if inspect.isawaitable(result) else result)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise ModelError(self.name, "the function cancelled itself") from None
        except (SystemExit, KeyboardInterrupt) as error:  # would end the loop, and with it all other calls
            raise ModelError(self.name, f"the function raised {type(error).__name__}") from error


@dataclass(frozen=True)
class EndpointModel:
    """A model behind a URL."""

    name: str
    endpoint: Endpoint

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What each request says, with the model's name at the server."""
        return {"model": self._model, **self.endpoint.parameters}

    @property
    def identity(self) -> list[Any]:
        """The name, and what each request says; a server that has moved is the same."""
        return [self.name, self._model, self.endpoint.parameters]

    @property
    def gate(self) -> object:
        """The server and its model."""
        return self.endpoint.address, self._model

    @property
    def per_minute(self) -> float | None:
        """How many calls a minute may have."""
        return self.endpoint.per_minute

    @property
    def _model(self) -> str:
        return self.endpoint.model or self.name

    async def answer(self, session: "Session", text: str, *, is_template: bool) -> Answer:
        """Send a request, and read its answer."""
        endpoint, httpx = self.endpoint, library()
        body = endpoint.body(self._model, messages_of(text, is_template=is_template))
        client = session.client(endpoint.url)
        try:
            response = await client.post(
                endpoint.address, content=body, headers=endpoint.request_headers(), timeout=endpoint.timeout
            )
        except httpx.TimeoutException:
            raise ModelError(self.name, f"nothing came within {endpoint.timeout:g} s", may_pass=True) from None
        except (httpx.RequestError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ModelError(self.name, reason, may_pass=isinstance(error, httpx.TransportError)) from error
        return endpoint.read(self.name, response)


def model_of(name: str, given: Any) -> Model:
    """Return what `given` means as a model: a function, an `Endpoint`, or the URL of one.

    Raises:
        InvalidMetadataError: it means none.
        MissingExtraError: it is an endpoint, and httpx is not installed.
    """
    if isinstance(given, str):
        given = Endpoint(given)
    if isinstance(given, Endpoint):
        library()
        return EndpointModel(name, given)
    function = given.function if isinstance(given, TakesMessages) else given
    if not callable(function):
        raise InvalidMetadataError(
            "models", f"{name} is a {type(given).__name__}; write a function, an Endpoint or its URL"
        )
    settings = {str(key): plain(value) for key, value in parameters_of(function).items()}
    return FunctionModel(name, function, isinstance(given, TakesMessages), _is_async(function), settings)


def models_of(given: Any) -> list[Model]:
    """Return models by their names: a mapping, or one alone, which is called what it calls itself.

    Raises:
        InvalidMetadataError: there is none, or one of them means none.
    """
    if not isinstance(given, Mapping):
        given = {_own_name(given): given}
    if not given:
        raise InvalidMetadataError("models", "write at least one, as {name: function or Endpoint}")
    models = {str(name): model_of(str(name), model) for name, model in given.items()}
    if len(models) < len(given):
        raise InvalidMetadataError("models", "two of them have the same name")
    return list(models.values())


def _own_name(given: Any) -> str:
    if isinstance(given, Endpoint):
        return given.model or str(urlsplit(given.url).hostname)
    if isinstance(given, str):
        return str(urlsplit(given).hostname or "model")
    function = given.function if isinstance(given, TakesMessages) else given
    function = function.func if isinstance(function, partial) else function
    name = str(getattr(function, "__name__", type(function).__name__))
    return name if name.isidentifier() else "model"


def _is_async(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - what calling it does


_current: contextvars.ContextVar["Session"] = contextvars.ContextVar("prompt_kernel_session")


@dataclass
class Session:
    """What asks models during one run: its threads, its connections, and the patience with servers.

    An asynchronous context manager; within it, judges ask through it too.
    """

    concurrency: int
    retry: Retry
    retries: int = 0
    _gates: dict[object, Gate] = field(default_factory=dict)
    _clients: dict[bool, Any] = field(default_factory=dict)
    _refusals: dict[int, str] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(self.concurrency, thread_name_prefix="prompt-kernel-model")
        self._token = _current.set(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        _current.reset(self._token)
        # Who is still waiting for an answer was interrupted, and is not waited for.
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            await client.aclose()

    async def ask(self, model: Model, text: str, *, is_template: bool = False) -> Reply:
        """Ask a model, again where that may help, and not at all once it has refused what is the same in all calls.

        Raises:
            Exception: that of the last attempt.
        """
        refusal = self._refusals.get(id(model))
        if refusal is not None:
            raise ModelError(model.name, f"an earlier call was refused ({refusal}), so this one was not made")
        gate = self._gates.get(model.gate)
        if gate is None:
            gate = self._gates[model.gate] = Gate(model.per_minute)
        try:
            return await self._once(model, text, is_template, gate)
        except Exception as error:
            if is_for_all(error):
                said = error.reason if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
                self._refusals[id(model)] = said.rstrip(". ")
            if self.retry.attempts == 1 or pause_after(error, self.retry.longest) is False:
                raise
            return await again(
                partial(self._once, model, text, is_template, gate, is_first=False),
                error, partial(self._pause, gate), self.retry,
            )  # fmt: skip

    async def _once(self, model: Model, text: str, is_template: bool, gate: Gate, *, is_first: bool = True) -> Reply:  # noqa: FBT001 - see `ask`
        self.retries += not is_first
        while seconds := gate.wait():
            await asyncio.sleep(seconds)
            if model.per_minute:
                break  # the wait has taken a place of its own
        started = perf_counter()
        answer = await model.answer(self, text, is_template=is_template)
        return Reply(answer, perf_counter() - started)

    def _pause(self, gate: Gate, error: Exception) -> bool | float:
        seconds = pause_after(error, self.retry.longest)
        if not isinstance(seconds, bool):
            gate.hold(seconds)
        return seconds

    async def in_thread(self, function: Callable[[Any], Any], given: Any) -> Any:
        """Call a sync function in one of the session's threads, with the context that its caller has."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, _called, function, given)

    def client(self, url: str) -> Any:
        """Return what sends to a URL; the connections are kept for the session."""
        is_secure = url.startswith("https:")
        if is_secure not in self._clients:
            self._clients[is_secure] = _new_client(is_secure, self.concurrency)
        return self._clients[is_secure]


def _called(function: Callable[[Any], Any], given: Any) -> Any:
    try:
        return function(given)
    except StopIteration as error:  # no future can hold it, so that whoever waits would wait for ever
        raise RuntimeError("the function raised StopIteration") from error


def _new_client(is_secure: bool, most: int) -> Any:  # noqa: FBT001 - the one thing that matters
    httpx = library()
    settings: dict[str, Any] = {"mounts": dict.fromkeys((f"all://{host}" for host in _LOOPBACK), None)}
    if not is_secure:
        # The certificates that are trusted take long to read, and are of no use here.
        settings["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=most, max_keepalive_connections=most), **settings)


def caller(model: Any) -> Callable[..., Awaitable[Answer]]:
    """Return what asks a model, as an experiment takes it, a text: in the session of the run, or one of its own."""
    asked = model_of(_own_name(model), model)

    async def call(text: str, *, is_template: bool = False) -> Answer:
        session = _current.get(None)
        if session is not None:
            return (await session.ask(asked, text, is_template=is_template)).answer
        async with Session(1, Retry()) as own:
            return (await own.ask(asked, text, is_template=is_template)).answer

    return call


__all__ = ["EndpointModel", "FunctionModel", "Model", "Reply", "Session", "caller", "model_of", "models_of"]
