"""When a call is tried again, and how long to wait first: stamina keeps the time, this says what may pass by itself."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from prompt_kernel.errors import InvalidMetadataError, MissingExtraError, ModelError

_T = TypeVar("_T")

#: What passes by itself; 529 is how some providers say that they are overloaded.
PASSING: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT, 529,
    }
)  # fmt: skip
#: Errors of others' clients for what passes, which are known by name so that they need not be imported.
_PASSING_NAMES: Final = frozenset({"TransportError", "APIConnectionError", "ConnectionError", "Timeout"})
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long a call is tried: `attempts` in all, with waits that double.

    The first wait is `wait` seconds, none is longer than `longest`, and each has up to `jitter` seconds more.
    A server that asks for a longer wait than `longest` is not asked again.
    """

    attempts: int = 5
    wait: float = 0.5
    longest: float = 60.0
    jitter: float = 1.0

    @classmethod
    def of(cls, given: "Retry | int | None") -> "Retry":
        """Return what a caller means: a number is that of the attempts, None the usual.

        Raises:
            InvalidMetadataError: it is neither, or there would be no attempt.
        """
        retry = cls() if given is None else cls(given) if isinstance(given, int) else given
        if not isinstance(retry, Retry) or retry.attempts < 1:
            raise InvalidMetadataError("retry", "write how often to try, at least 1, or a Retry")
        return retry


class Gate:
    """Holds back the calls of one model while its server wants that, and spaces them where a rate is set."""

    def __init__(self, per_minute: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Let through at most `per_minute` calls a minute, evenly; None is any number."""
        self._between = _MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._free = 0.0

    def wait(self) -> float:
        """Return how many seconds to wait before a call, and take its place."""
        if not self._free and not self._between:
            return 0.0
        now = self._clock()
        at = max(now, self._free)
        if self._between:
            self._free = at + self._between
        return at - now

    def hold(self, seconds: float) -> None:
        """Let nobody through for so many seconds."""
        self._free = max(self._free, self._clock() + seconds)


def pause_after(error: Exception, longest: float) -> bool | float:
    """Return whether what failed so may work later: for how long to wait, or True where nobody says."""
    if not _may_pass(error):
        return False
    seconds = _asked_wait(error)
    if seconds is None:
        return True
    return seconds if seconds <= longest else False


def is_for_all(error: Exception) -> bool:
    """Return whether what failed so would fail with any other text: of others' clients, where the key is refused."""
    return error.for_all if isinstance(error, ModelError) else _status(error) == HTTPStatus.UNAUTHORIZED


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ModelError):
        return error.may_pass
    status = _status(error)
    if status is not None:
        return status in PASSING
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, TimeoutError | ConnectionError) or not names.isdisjoint(_PASSING_NAMES)


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    found = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return found if isinstance(found, int) else None


def _asked_wait(error: Exception) -> float | None:
    if isinstance(error, ModelError):
        return error.retry_after
    headers = getattr(getattr(error, "response", None), "headers", None)
    return wait_in(headers) if isinstance(headers, Mapping) else None


def wait_in(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response's headers ask to wait, None where they do not (RFC 9110, 10.2.3)."""
    asked = headers.get("retry-after-ms")
    try:
        if asked:
            return max(0.0, float(asked) / 1000)
        asked = headers.get("retry-after", "")
        return max(0.0, float(asked)) if asked else None
    except ValueError:
        return _until(str(asked))


def _until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


async def again(
    call: Callable[[], Awaitable[_T]], first: Exception, pause: Callable[[Exception], bool | float], retry: Retry
) -> _T:
    """Try a call again that has failed once with `first`; `pause` says after each error whether, and for how long.

    Raises:
        MissingExtraError: stamina is not installed.
        Exception: that of the last attempt.
    """
    stamina = _stamina()
    attempts = stamina.retry_context(
        pause, attempts=retry.attempts, timeout=None, wait_initial=retry.wait, wait_max=retry.longest,
        wait_jitter=retry.jitter,
    )  # fmt: skip
    async for attempt in attempts:
        with attempt:
            if attempt.num == 1:
                raise first  # it was made before, without the machinery, which costs more than a quick call
            return await call()
    raise first


def _stamina() -> Any:
    try:
        import stamina  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise MissingExtraError("experiments", "Trying a call again") from error
    # It logs each retry as a warning, which Python prints where nobody has set logging up.
    logger = logging.getLogger("stamina")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return stamina
