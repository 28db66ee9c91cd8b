"""What went wrong between here and a server, each in one sentence: what, where, and what to do."""

import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx

import prompt_kernel
from prompt_kernel import wire
from prompt_kernel.client._address import TOKEN_VARIABLE, Address
from prompt_kernel.errors import AccessDeniedError, PromptKernelError, StoreUnavailableError
from prompt_kernel.locations import shown

#: What a server or a proxy says that is restarting, or has no time just now.
PASSING: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_MOST_SHOWN: Final = 200
_PROBLEM: Final = "application/problem+json"
_JSON: Final = ("application/json", _PROBLEM)

#: How httpx tells a connection that has ended too early from one over which no HTTP came.
_BROKEN: Final = ("disconnected", "closed connection")
_ELSE: Final = "what answers there is no Prompt Kernel server ({}); check the address"


def data_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer, None if it is none."""
    if response.headers.get("content-type", "").partition(";")[0].strip() not in _JSON:
        return None
    try:
        return response.json()
    except ValueError:
        return None


def is_problem(response: httpx.Response) -> bool:
    """Tell whether an answer is a problem that the server itself has described."""
    return str(response.headers.get("content-type", "")).startswith(_PROBLEM)


def may_pass(answer: httpx.Response | httpx.RequestError) -> bool:
    """Tell whether it makes sense to send the same request again at once."""
    if isinstance(answer, httpx.Response):
        return answer.status_code in PASSING and (not is_problem(answer) or _is_about_the_store(data_of(answer)))
    return isinstance(answer, httpx.NetworkError | httpx.RemoteProtocolError) and not _is_final(answer)


def _is_about_the_store(data: Any) -> bool:
    return isinstance(data, dict) and data.get("error") == StoreUnavailableError.__name__


def _is_final(error: httpx.RequestError) -> bool:
    return any(isinstance(cause, socket.gaierror | ssl.SSLError) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# Nothing answered


def has_begun(answer: httpx.Response | httpx.RequestError) -> bool:
    """Tell whether a request that has failed may have got through all the same."""
    return not isinstance(answer, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)


def why(error: httpx.RequestError, timeout: httpx.Timeout) -> str:
    """Return the reason that no answer came, and what to do."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "no host of that name is known; check the address, and the network"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection can be made ({_of_ssl(cause)}); check that it is https, and its certificate"
    if isinstance(error, httpx.RemoteProtocolError) and not any(word in str(error) for word in _BROKEN):
        return _ELSE.format("it does not speak HTTP")
    sentence = next((sentence for kind, sentence in _REASONS if isinstance(error, kind)), _BROKE_OFF)
    return sentence.format(**timeout.as_dict())


#: The first that fits counts; the fields are the timeouts.
_REASONS: Final[tuple[tuple[type[httpx.RequestError], str], ...]] = (
    (
        httpx.ConnectTimeout,
        "nobody answered within {connect:g} seconds; check that the server runs, and the network",
    ),
    (httpx.PoolTimeout, "no connection was free within {pool:g} seconds; ask for less at a time"),
    (httpx.TimeoutException, "no answer came within {read:g} seconds; try again, or give it longer with timeout=…"),
    (httpx.ConnectError, "the server does not answer; start it with `prompt-kernel serve`, or check the address"),
    (httpx.ProxyError, "the proxy refuses to connect; check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"),
)
_BROKE_OFF: Final = "the connection broke off; try again"


def _of_ssl(error: ssl.SSLError) -> str:
    detail = getattr(error, "verify_message", "") or (error.reason or "").replace("_", " ").lower()
    return detail or "no reason given"


# Somebody answered something else


def refusal(address: Address, response: httpx.Response) -> PromptKernelError:
    """Return the error that an answer stands for which brings nothing."""
    data = data_of(response)
    if isinstance(data, dict) and is_problem(response) and response.status_code != HTTPStatus.UNAUTHORIZED:
        return wire.error_from_data(data)
    status = response.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        return AccessDeniedError(_locked(address))
    if status == HTTPStatus.FORBIDDEN:
        return AccessDeniedError(f"The server {address.url} does not let you in: {_said(response)}")
    if response.is_redirect:
        target = shown(str(response.headers.get("location", "")))
        return StoreUnavailableError(address.url, f"the server has moved to {target}; connect to that address")
    return StoreUnavailableError(address.url, _ELSE.format(f"it answered {_status(response)}"))


def from_between(response: httpx.Response) -> str:
    """Return the reason that somebody has answered for a server that did not, and what to do."""
    return f"a proxy answered {_status(response)} for the server; try again in a while"


def _locked(address: Address) -> str:
    if address.token:
        return f"The server {address.url} does not know this token. Ask whoever runs it for another one."
    return (
        f"The server {address.url} asks for a token. Give it as connect(…, token=…), in ${TOKEN_VARIABLE}, "
        "or as ?token=… of the address."
    )


def _said(response: httpx.Response) -> str:
    is_text = response.headers.get("content-type", "").startswith("text/plain")
    text = " ".join(response.text.split()) if is_text else ""
    return text[:_MOST_SHOWN] or f"{_status(response)}."


def _status(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


def misread(url: str, theirs: str) -> StoreUnavailableError:
    """Return the error for an answer that is not what this version reads; `theirs` is the version of the server."""
    versions = f"the server is of version {theirs}, and this is {prompt_kernel.__version__}"
    return StoreUnavailableError(url, f"{versions}: they do not understand each other here; upgrade the older one")


def not_ours(url: str, response: httpx.Response) -> StoreUnavailableError:
    """Return the error for an answer from something that is no server of ours."""
    kind = response.headers.get("content-type", "").partition(";")[0] or "nothing"
    what = f"it sent {kind}" if response.is_success else f"it answered {_status(response)}"
    return StoreUnavailableError(url, _ELSE.format(what))
