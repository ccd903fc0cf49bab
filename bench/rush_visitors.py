"""Applicants of a deadline rush: browsers without windows, what they do, and what they saw."""

from __future__ import annotations

import http.client
import io
import ipaddress
import json
import random
import re
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie

import pikepdf
from page_cases import PASSWORD, TOKEN
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

_PRESSED_TWICE = 0.1
_PATIENCE_S = 120.0
_NETWORK = ipaddress.ip_network("198.18.0.0/15")
"""Addresses for measuring (RFC 2544)."""
_KEY = re.compile(r'name="key"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(r"/receipts/(\d+)$")


@dataclass(frozen=True, slots=True)
class Sent:
    """A receipt: which application and version, and the words that were saved before."""

    application: uuid.UUID
    version: int
    words: str


@dataclass(slots=True)
class Log:
    """What the applicants saw: seconds by step, receipts, and how often each meant to send."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    receipts: list[Sent] = field(default_factory=list)
    presses: Counter[uuid.UUID] = field(default_factory=Counter)
    gave_up: int = 0
    errors: list[str] = field(default_factory=list)
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, step: str, seconds: float) -> None:
        """Keep one request."""
        with self._lock:
            self.requests += 1
            self.seconds.setdefault(step, []).append(seconds)

    def note_end(self, problem: str, unsent: int) -> None:
        """Keep why an applicant gave up, and how many sendings did not come of it."""
        with self._lock:
            self.errors.append(problem)
            self.gave_up += unsent

    def note_receipt(self, sent: Sent) -> None:
        """Keep one receipt."""
        with self._lock:
            self.receipts.append(sent)


class RefusedError(Exception):
    """A page answered what no applicant should ever be told; the applicant stops there."""


class Visitor:
    """A browser without a window: cookies, one connection a request, every answer timed.

    Each has a network address of its own, which the proxy before a real server would pass on: the limiter of sign-ins
    stays on, and does not take three hundred companies for one.
    """

    def __init__(self, address: str, log: Log, place: int) -> None:
        self.host = urllib.parse.urlsplit(address).netloc
        self.log = log
        self.own_address = str(_NETWORK[1 + place])
        self.cookies: dict[str, str] = {}

    def get(self, step: str, path: str) -> str:
        """Return a page."""
        return self._ask(step, "GET", path, None, {}, HTTPStatus.OK)[0]

    def send(self, step: str, path: str, fields: Mapping[str, str]) -> str:
        """Send a form; return where it leads."""
        body = urllib.parse.urlencode(fields).encode()
        kind = "application/x-www-form-urlencoded"
        return self._ask(step, "POST", path, body, {"Content-Type": kind}, HTTPStatus.FOUND)[1]

    def hand_in(self, step: str, path: str, fields: Mapping[str, str], file: bytes) -> str:
        """Send a form with a PDF in its field `file`; return where it leads."""
        parts = {**fields, "file": FileStorage(io.BytesIO(file), "plan.pdf", content_type="application/pdf")}
        stream, _, boundary = stream_encode_multipart(parts)
        kind = f"multipart/form-data; boundary={boundary}"
        return self._ask(step, "POST", path, stream.read(), {"Content-Type": kind}, HTTPStatus.FOUND)[1]

    def save(self, path: str, token: str, body: Mapping[str, object]) -> dict[str, object]:
        """Save while typing; return what the server said."""
        headers = {"Content-Type": "application/json", "X-CSRFToken": token}
        said = self._ask("save", "POST", path, json.dumps(body).encode(), headers, HTTPStatus.OK)[0]
        answer: dict[str, object] = json.loads(said)
        return answer

    def _ask(
        self, step: str, method: str, path: str, body: bytes | None, headers: dict[str, str], wanted: HTTPStatus
    ) -> tuple[str, str]:
        started, error, text, place = time.perf_counter(), None, "", ""
        try:
            status, text, place = self._exchange(method, path, body, headers)
            if status != wanted:
                error = f"{method} {path}: {status}"
        except (OSError, http.client.HTTPException) as problem:
            error = f"{method} {path}: {problem!r}"
        self.log.note(step, time.perf_counter() - started)
        if error is not None:
            raise RefusedError(error)
        return text, place

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(self.host, timeout=_PATIENCE_S)
        try:
            worn = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent = {**headers, "X-Forwarded-For": self.own_address, **({"Cookie": worn} if worn else {})}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return answer.status, text, urllib.parse.urlsplit(answer.headers.get("Location") or "").path
        finally:
            connection.close()


class Applicant:
    """Somebody with a draft who sends it at the instants given, each time with other words in it."""

    def __init__(self, visitor: Visitor, email: str, application: uuid.UUID, dice: random.Random) -> None:
        self.visitor = visitor
        self.email = email
        self.application = application
        self.dice = dice
        self.place = f"/portal/applications/{application}"

    def come(self, started: float, instants: Sequence[float]) -> None:
        """Sign in, hand the plan in, and send whenever it is time."""
        sent = 0
        try:
            time.sleep(max(0.0, started + instants[0] - time.perf_counter()))
            self._enter()
            for count, instant in enumerate(instants, start=1):
                time.sleep(max(0.0, started + instant - time.perf_counter()))
                self._send(count)
                sent = count
        except Exception as problem:  # noqa: BLE001 - whatever it is, it ends a thread that nobody would look at
            self.visitor.log.note_end(f"{self.email}: {problem!r}", len(instants) - sent)

    def _enter(self) -> None:
        visitor = self.visitor
        token = _found(TOKEN, visitor.get("sign in", "/account/login"))
        visitor.send("sign in", "/account/login", {"csrf_token": token, "email": self.email, "password": PASSWORD})
        visitor.get("task list", f"{self.place}/")
        page = visitor.get("documents", f"{self.place}/documents/")
        fields = {"csrf_token": _found(TOKEN, page), "key": _found(_KEY, page)}
        visitor.hand_in("hand in", f"{self.place}/documents/business_plan", fields, _plan(self.email))

    def _send(self, count: int) -> None:
        visitor, section = self.visitor, f"{self.place}/sections/solution"
        page = visitor.get("section", section)
        words = f"하역 기록과 기상 자료로 순서를 추천합니다. {self.email}의 {count}번째 글입니다."
        revision = _found(re.compile(r'name="revision"[^>]*value="(\d+)"'), page)
        body = {"revision": revision, "fields": {"a_solution_summary": words}, "bases": {}}
        visitor.save(f"{section}/autosave", _found(TOKEN, page), body)
        page = visitor.get("check", f"{self.place}/check")
        fields = {"csrf_token": _found(TOKEN, page), "key": _found(_KEY, page)}
        self.visitor.log.presses[self.application] += 1
        places = self._press(fields, twice=self.dice.random() < _PRESSED_TWICE)
        versions = {int(_found(_RECEIPT, place)) for place in places}
        for version in versions:
            visitor.log.note_receipt(Sent(self.application, version, words))
        visitor.get("receipt", places[0])

    def _press(self, fields: Mapping[str, str], *, twice: bool) -> list[str]:
        """Press the button; twice at once is two requests with one key."""
        path, places = f"{self.place}/submit", list[str]()
        if not twice:
            return [self.visitor.send("submit", path, fields)]
        refused: list[RefusedError] = []

        def press() -> None:
            try:
                places.append(self.visitor.send("submit", path, fields))
            except RefusedError as error:
                refused.append(error)

        fingers = [threading.Thread(target=press) for _ in range(2)]
        for finger in fingers:
            finger.start()
        for finger in fingers:
            finger.join()
        if refused:
            raise refused[0]
        return places


def _plan(words: str) -> bytes:
    """Return a PDF of one page that no other applicant hands in."""
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.docinfo["/Title"] = words
        made.save(out)
    return out.getvalue()


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise RefusedError(f"a page without {pattern.pattern}")
    return found[1]
