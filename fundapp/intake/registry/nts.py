"""A client of the National Tax Service's business registration service, as it stands on data.go.kr.

Source: data.go.kr 15081808 (`nts-businessman` v1, status and authenticity of business registrations). Requests are JSON
by POST with the key in the address (`serviceKey`), at most 100 businesses each. An answer is an envelope of
`status_code`, `request_cnt`, `match_cnt` or `valid_cnt`, and `data`; refusals are 400 `BAD_JSON_REQUEST`, 404
`HTTP_ERROR`, 411 `REQUEST_DATA_MALFORMED`, 413 `TOO_LARGE_REQUEST` and 500 `INTERNAL_ERROR`, and of the gateway before
it 401 with `{"code": -4, "msg": …}` for a key that it does not know, or 429 when the day's calls are used up.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from fundapp.core.errors import FundError

_Asked = TypeVar("_Asked")

MOST_AT_ONCE = 100
LARGEST_ANSWER = 4 * 1024 * 1024
_TIMEOUT_SECONDS = 10
_BACKOFF_SECONDS = (0.5, 2.0, 5.0)
_OK = 200
_REFUSED_KEY = frozenset({401, 403})
_QUOTA = 429
_BUSY = 500
_QUOTA_WORDS = (b"LIMITED_NUMBER_OF_SERVICE_REQUESTS", b"QUOTA")
_READ_ALOUD = 80
_DAY_DIGITS = 8

OUTCOMES = {"01": "active", "02": "suspended", "03": "closed", "": "unregistered"}
"""`b_stt_cd` in our words; empty where the service does not know the number."""


class RegistryError(FundError):
    """The tax office gave no answer that could be read."""

    code = "registry_failed"
    ko = "국세청 상태를 조회하지 못했습니다: {reason_ko}"
    en = "the tax office's status could not be read: {reason_en}"


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service is and how it knows us.

    Attributes:
        base_url: Up to and without `/status`.
        key: As the portal gives it, encoded or not; never shown in a message.
        timeout: Seconds to wait for connection and answer.
        backoff: Seconds to wait before each further attempt when the service is busy or out of reach.
    """

    base_url: str
    key: str = field(repr=False)
    timeout: float = _TIMEOUT_SECONDS
    backoff: Sequence[float] = _BACKOFF_SECONDS


@dataclass(frozen=True, slots=True)
class Status:
    """What the service says of one number.

    Attributes:
        outcome: `active`, `suspended`, `closed` or `unregistered`.
        tax_type: Kind of taxation in its words; where the number is unknown, the sentence that says so.
        ended_on: When the business closed.
        answer: The row as it came.
        matched: Whether opening day and representative belong to it, too; None where that was not asked.
    """

    number: str
    outcome: str
    tax_type: str
    ended_on: date | None
    answer: Mapping[str, Any]
    matched: bool | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a company says of itself, to be compared with the register: number, opening day, representative."""

    number: str
    opened_on: date
    representative: str


class TaxOffice:
    """The service.

    Args:
        service: Where and with which key.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    def statuses(self, numbers: Iterable[str]) -> Iterator[Status]:
        """Ask for the status of numbers of ten digits, a hundred at a time.

        Raises:
            RegistryError: if an answer does not come, refuses, or cannot be read.
        """
        for some in _batches(list(numbers)):
            rows = {str(row.get("b_no")): row for row in self._ask("status", {"b_no": some})}
            yield from (_status(number, rows[number]) for number in _answered(some, rows))

    def matches(self, claims: Iterable[Claimed]) -> dict[str, bool]:
        """Say for each number whether opening day and representative belong to it, a hundred at a time.

        Raises:
            RegistryError: likewise.
        """
        found: dict[str, bool] = {}
        for some in _batches(list(claims)):
            businesses = [
                {"b_no": one.number, "start_dt": f"{one.opened_on:%Y%m%d}", "p_nm": one.representative} for one in some
            ]
            rows = self._ask("validate", {"businesses": businesses})
            said = {str(row.get("b_no")): row.get("valid") == "01" for row in rows}
            found |= {number: said[number] for number in _answered([one.number for one in some], said)}
        return found

    def _ask(self, what: str, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        failure = _failed("답이 없습니다", "no answer")
        for pause in (*self.service.backoff, None):
            try:
                status, answer = self._send(what, body)
            except (OSError, HTTPException) as error:
                # The address holds the key: only the kind of the error is repeated.
                kind = "TLS" if isinstance(error, ssl.SSLError) else type(error).__name__
                failure = _failed(f"연결하지 못했습니다({kind})", f"not reached ({kind})")
            else:
                if status < _BUSY:
                    return _rows(status, answer)
                failure = _failed(f"HTTP {status}", f"HTTP {status}")
            if pause is not None:
                time.sleep(pause)
        raise failure

    def _send(self, what: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
        parts = urlsplit(self.service.base_url)
        key = self.service.key if "%" in self.service.key else quote(self.service.key, safe="")
        target = f"{parts.path.rstrip('/')}/{what}?serviceKey={key}&returnType=JSON"
        connection = self._connect()
        try:
            headers = {"Accept": "application/json", "Content-Type": "application/json"}
            connection.request("POST", target, body=json.dumps(body, ensure_ascii=False).encode(), headers=headers)
            response = connection.getresponse()
            return response.status, response.read(LARGEST_ANSWER)
        finally:
            connection.close()

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.service.base_url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return HTTPSConnection(host, parts.port, timeout=self.service.timeout, context=ssl.create_default_context())
        return HTTPConnection(host, parts.port, timeout=self.service.timeout)


def _answered(asked: list[str], found: Mapping[str, object]) -> list[str]:
    """Return what was asked for; a number without its answer makes the whole answer unreadable."""
    if any(number not in found for number in asked):
        raise _failed("물어본 번호가 답에 없습니다", "a number that was asked for is missing in the answer")
    return asked


def _status(number: str, row: Mapping[str, Any]) -> Status:
    code = str(row.get("b_stt_cd") or "")
    if code not in OUTCOMES:
        raise _failed(f"모르는 상태 부호 {code[:4]!r}", f"unknown status code {code[:4]!r}")
    return Status(
        number=number,
        outcome=OUTCOMES[code],
        tax_type=str(row.get("tax_type") or "")[:_READ_ALOUD],
        ended_on=_day(row.get("end_dt")),
        answer=row,
    )


def _batches(asked: list[_Asked]) -> Iterator[list[_Asked]]:
    for start in range(0, len(asked), MOST_AT_ONCE):
        yield asked[start : start + MOST_AT_ONCE]


def _rows(status: int, answer: bytes) -> list[Mapping[str, Any]]:
    if status == _QUOTA or any(word in answer[:2000] for word in _QUOTA_WORDS):
        raise _failed("하루 호출 한도를 다 썼습니다", "the day's calls are used up")
    if status in _REFUSED_KEY:
        raise _failed("인증키가 거절되었습니다", "the key was refused")
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _failed(f"HTTP {status}, 읽을 수 없는 답", f"HTTP {status}, an answer that cannot be read")
    code = str(document.get("status_code") or document.get("code") or "")[:_READ_ALOUD]
    rows = document.get("data")
    if status != _OK or code != "OK" or not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise _failed(f"HTTP {status} {code}".strip(), f"HTTP {status} {code}".strip())
    return rows


def _day(text: object) -> date | None:
    digits = str(text or "")
    if len(digits) != _DAY_DIGITS:
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007 - a date of the Korean calendar
    except ValueError:
        return None


def _failed(ko: str, en: str) -> RegistryError:
    return RegistryError(reason_ko=ko, reason_en=en)
