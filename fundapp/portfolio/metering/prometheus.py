"""A client of the Prometheus HTTP API, as far as `query_range` goes.

Source: Prometheus documentation, "HTTP API": an answer is `{"status": "success" | "error", "data": …, "errorType",
"error", "warnings", "infos"}`; bad parameters answer 400, expressions that cannot be executed 422, timeouts and aborts
503. A range query may have 11,000 points a series, so a longer range is asked for in parts. Sample values are text,
because JSON knows no NaN and no infinity.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from fundapp.core.errors import FundError, InvalidInputError

MOST_POINTS = 11_000
LARGEST_ANSWER = 64 * 1024 * 1024
_TIMEOUT_SECONDS = 30
_BACKOFF_SECONDS = (1.0, 2.0, 4.0)
_OK = 200
_METHOD_NOT_ALLOWED = 405
_UNAVAILABLE = 503
_READ_ALOUD = 200


class MeteringError(FundError):
    """A meter could not be read: not reached, refused, or not understood."""

    code = "metering_failed"
    ko = "측정기 {source}를 읽지 못했습니다: {reason}"
    en = "the meter {source} could not be read: {reason}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a Prometheus server is and how it knows us.

    Attributes:
        name: Ours, for messages.
        base_url: Up to and without `/api/v1`; a path prefix is kept.
        auth: `none`, `bearer` or `basic`.
        secret: The token, or `user:password`; never shown in a message.
        ca_file: Certificates to trust instead of the system's.
        timeout: Seconds to wait for connection and answer.
        backoff: Seconds to wait before each further attempt when the server is busy.
    """

    name: str
    base_url: str
    auth: str = "none"
    secret: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout: float = _TIMEOUT_SECONDS
    backoff: Sequence[float] = _BACKOFF_SECONDS


@dataclass(frozen=True, slots=True)
class Sample:
    """One value at one instant; None where the server says NaN or infinity."""

    at: datetime
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Series:
    """One time series of a matrix: its labels and its samples in order."""

    labels: Mapping[str, str]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a range query gave: series, and what the server had to remark."""

    series: tuple[Series, ...]
    warnings: tuple[str, ...]


def check_base_url(text: str) -> str:
    """Return the address of a server without its last slash.

    Raises:
        InvalidInputError: if it is no plain http or https address, or holds a user name or password.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInputError(
            field="base_url", reason_ko="http 또는 https 주소가 아닙니다", reason_en="not an http or https address"
        )
    if parts.username or parts.password:
        raise InvalidInputError(
            field="base_url",
            reason_ko="주소에 비밀번호를 적을 수 없습니다. secret을 쓰세요",
            reason_en="an address holds no password here: name a secret",
        )
    return text.strip().rstrip("/")


class Prometheus:
    """A server that answers range queries."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._get_only = False

    def query_range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Answer]:
        """Ask for a range, in as many parts as the server's limit demands; both ends are included.

        Yields:
            One answer for each part, in order of time.

        Raises:
            MeteringError: if the server is not reached, refuses or says something else than a matrix.
        """
        since = start
        while since <= end:
            until = min(end, since + step * (MOST_POINTS - 1))
            yield self._ask(
                {"query": query, "start": _seconds(since), "end": _seconds(until), "step": str(_whole(step))}
            )
            since = until + step

    def _ask(self, fields: Mapping[str, str]) -> Answer:
        for pause in (*self.endpoint.backoff, None):
            status, body = self._send(fields)
            if status != _UNAVAILABLE or pause is None:
                break
            time.sleep(pause)
        return self._read(status, body)

    def _send(self, fields: Mapping[str, str]) -> tuple[int, bytes]:
        """Send by POST, which has no limit on the length of a query; a server that knows GET only is asked so."""
        method = "GET" if self._get_only else "POST"
        status, body = self._request(method, urlencode(fields))
        if status == _METHOD_NOT_ALLOWED and not self._get_only:
            self._get_only = True
            status, body = self._request("GET", urlencode(fields))
        return status, body

    def _request(self, method: str, fields: str) -> tuple[int, bytes]:
        parts = urlsplit(self.endpoint.base_url)
        path = f"{parts.path.rstrip('/')}/api/v1/query_range"
        headers = {"Accept": "application/json", **self._authorisation()}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = self._connect()
        try:
            target = path if method == "POST" else f"{path}?{fields}"
            connection.request(method, target, body=fields if method == "POST" else None, headers=headers)
            response = connection.getresponse()
            return response.status, self._body(response)
        except ssl.SSLError as error:
            raise self._failed(f"TLS: {error.reason or error}") from error
        except (OSError, HTTPException) as error:
            raise self._failed(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.endpoint.base_url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.endpoint.ca_file)
            return HTTPSConnection(host, parts.port, timeout=self.endpoint.timeout, context=context)
        return HTTPConnection(host, parts.port, timeout=self.endpoint.timeout)

    def _authorisation(self) -> dict[str, str]:
        if self.endpoint.auth == "none":
            return {}
        if not self.endpoint.secret:
            raise self._failed("its secret is not set in the environment")
        if self.endpoint.auth == "basic":
            return {"Authorization": "Basic " + base64.b64encode(self.endpoint.secret.encode()).decode()}
        return {"Authorization": f"Bearer {self.endpoint.secret}"}

    def _body(self, response: HTTPResponse) -> bytes:
        body = response.read(LARGEST_ANSWER + 1)
        if len(body) > LARGEST_ANSWER:
            raise self._failed(f"the answer is longer than {LARGEST_ANSWER} bytes; use a larger step")
        return body

    def _read(self, status: int, body: bytes) -> Answer:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict) or document.get("status") not in {"success", "error"}:
            raise self._failed(f"HTTP {status}, and no answer of the Prometheus API")
        if document["status"] == "error" or status != _OK:
            kind, text = document.get("errorType", "error"), str(document.get("error", ""))[:_READ_ALOUD]
            raise self._failed(f"HTTP {status}, {kind}: {text}")
        data = document.get("data")
        if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
            raise self._failed("the answer is no matrix")
        try:
            series = tuple(_series(one) for one in data["result"])
        except (AttributeError, InvalidOperation, KeyError, OverflowError, TypeError, ValueError) as error:
            raise self._failed("a series of the answer has an unknown shape") from error
        remarks = [*(document.get("warnings") or ()), *(document.get("infos") or ())]
        return Answer(series, tuple(str(remark)[:_READ_ALOUD] for remark in remarks))

    def _failed(self, reason: str) -> MeteringError:
        return MeteringError(source=self.endpoint.name, reason=reason)


def _series(found: Mapping[str, Any]) -> Series:
    samples = (Sample(datetime.fromtimestamp(float(at), UTC), _value(value)) for at, value in found["values"])
    return Series({str(key): str(value) for key, value in found["metric"].items()}, tuple(samples))


def _value(text: str) -> Decimal | None:
    value = Decimal(text)
    return value if value.is_finite() else None


def _seconds(at: datetime) -> str:
    return f"{at.timestamp():.3f}".removesuffix(".000")


def _whole(step: timedelta) -> int:
    return int(step.total_seconds())
