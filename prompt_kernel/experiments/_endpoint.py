"""An OpenAI-compatible server as a model: one request, `POST {url}/chat/completions`, and the reading of its answer."""

import json
import os
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import SplitResult, urlsplit

from prompt_kernel.errors import InvalidMetadataError, MissingExtraError, ModelError
from prompt_kernel.experiments._answers import Answer, Message
from prompt_kernel.experiments._retries import PASSING, wait_in

if TYPE_CHECKING:
    import httpx

KEY_VARIABLE: Final = "OPENAI_API_KEY"
#: The one host that the key in the environment is for.
_KEY_HOST: Final = "api.openai.com"
_PATH: Final = "/chat/completions"
_MILLION: Final = 1_000_000
#: What servers answer where money is missing, with the status of a rate limit: waiting does not help.
_NO_MONEY: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
#: The key, the money, or the address and the model's name: no text would be taken.
_FOR_ALL: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND})
_LONGEST: Final = 500


@dataclass(frozen=True)
class Endpoint:
    """A model on a server that speaks OpenAI's protocol: theirs, vLLM, Ollama, llama.cpp, OpenRouter and many others.

    `url` is the one that the server's documentation calls the base URL, such as `http://localhost:11434/v1`. `model`
    is how the server calls the model, by default the name it has in the experiment. `key` is the server's; only
    https://api.openai.com is sent the one in `$OPENAI_API_KEY`. `parameters` go into each request (`temperature`,
    `max_tokens`, …) and are recorded, key and headers never. `price` is that of a million tokens in and of a million
    out. `timeout` is in seconds, for one answer. `per_minute` spaces the calls.

    Raises:
        InvalidMetadataError: one of them cannot be so.
    """

    url: str
    model: str = ""
    _: KW_ONLY
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    price: tuple[float, float] | None = None
    timeout: float = 120.0
    per_minute: float | None = None

    def __post_init__(self) -> None:
        """Look at what was given."""
        _check_address(self.url)
        object.__setattr__(self, "parameters", _checked_parameters(self.parameters))
        for name, value in {"Authorization": self._key or "", **self.headers}.items():
            if not (name + value).isascii() or not (name + value).isprintable():
                raise InvalidMetadataError("endpoint", f"{name} has characters that no header has; copy it again")
        if self.per_minute is not None and not self.per_minute > 0:
            raise InvalidMetadataError("endpoint", "per_minute is a number above 0")
        if self.price is not None and len(self.price) != 2:  # noqa: PLR2004 - in and out
            raise InvalidMetadataError("endpoint", "price is a pair: of a million tokens in, and of a million out")

    @property
    def address(self) -> str:
        """Where requests go."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        return parts._replace(path=path if path.endswith(_PATH) else path + _PATH, fragment="").geturl()

    @property
    def _key(self) -> str | None:
        if self.key is not None:
            return self.key
        parts = urlsplit(self.url)
        is_theirs = parts.scheme == "https" and parts.hostname == _KEY_HOST
        return os.environ.get(KEY_VARIABLE) if is_theirs else None

    def request_headers(self) -> dict[str, str]:
        """Return the headers of a request."""
        key = self._key
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {key}"} if key else {}),
            **self.headers,
        }

    def body(self, model: str, messages: list[Message]) -> bytes:
        """Return the body of a request."""
        return json.dumps({**self.parameters, "model": model, "messages": messages}).encode()

    def read(self, model: str, response: "httpx.Response") -> Answer:
        """Return the answer in a response.

        Raises:
            ModelError: there is none.
        """
        data = _json(response)
        if not response.is_success:
            self._refused(model, response, data)
        try:
            choice = data["choices"][0]
            text = _content(choice["message"])
        except (LookupError, TypeError):
            raise ModelError(model, f"{self._shown} does not answer as this protocol has it") from None
        if text is None:
            why = choice["message"].get("refusal") or f"it ended with {choice.get('finish_reason')} and no text"
            raise ModelError(model, str(why)[:_LONGEST])
        return self._answer(text, data.get("usage"))

    def _answer(self, text: str, usage: object) -> Answer:
        said = usage if isinstance(usage, Mapping) else {}
        tokens_in, tokens_out = _count(said.get("prompt_tokens")), _count(said.get("completion_tokens"))
        cost = said.get("cost")
        if self.price is not None and tokens_in is not None:
            cost = (tokens_in * self.price[0] + (tokens_out or 0) * self.price[1]) / _MILLION
        is_number = isinstance(cost, int | float) and not isinstance(cost, bool)
        return Answer(text, tokens_in, tokens_out, float(cost) if is_number else None)  # type: ignore[arg-type]  # looked at

    @property
    def _shown(self) -> str:
        parts = urlsplit(self.url)
        return parts._replace(query="", fragment="").geturl()

    def _refused(self, model: str, response: "httpx.Response", data: Any) -> NoReturn:
        error = data.get("error") if isinstance(data, Mapping) else None
        said = error.get("message") if isinstance(error, Mapping) else error
        code = error.get("code") if isinstance(error, Mapping) else None
        sentence = f"{self._shown} says {response.status_code}"
        if said:
            sentence += f", {self._without_key(str(said))[:_LONGEST].rstrip('. ')}"
        raise ModelError(
            model, sentence, http_status=response.status_code, retry_after=wait_in(response.headers),
            may_pass=response.status_code in PASSING and code not in _NO_MONEY,
            for_all=response.status_code in _FOR_ALL or code in _NO_MONEY,
        )  # fmt: skip

    def _without_key(self, said: str) -> str:
        return said.replace(self._key, "…") if self._key else said


def _check_address(url: str) -> None:
    try:
        parts: SplitResult = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InvalidMetadataError("endpoint", f"{url!r} is no address; it begins with http:// or https://")
    if "@" in parts.netloc:
        raise InvalidMetadataError("endpoint", "an address takes no name or password; give the key as key=…")


def _checked_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    if parameters.get("stream"):
        raise InvalidMetadataError("endpoint", "answers are taken whole, so leave stream out of the parameters")
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(parameters), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMetadataError("endpoint", f"the parameters are no plain data, because {error}") from None
    return plain


def _json(response: "httpx.Response") -> Any:
    try:
        return response.json()
    except ValueError:  # also for bytes that are no text
        return None


def _content(message: Mapping[str, Any]) -> str | None:
    content = message["content"]
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def library() -> Any:
    """Return httpx.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import httpx  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise MissingExtraError("experiments", "An endpoint") from error
    return httpx
