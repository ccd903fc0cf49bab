"""A small server that speaks the tax office's business status service, with its envelope, limits and refusals.

Shapes and codes are those of the service's own description on data.go.kr (15081808) and of its gateway.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fundapp.intake.registry.nts import Service

KEY = "a+key/with=marks"
UNKNOWN = "국세청에 등록되지 않은 사업자등록번호입니다."
WORDS = {"01": "계속사업자", "02": "휴업자", "03": "폐업자"}
_AT_ONCE = 100


@dataclass
class Business:
    """One registration: its status code, when it closed, and what `validate` compares."""

    code: str = "01"
    ended: str = ""
    opened: str = ""
    representative: str = ""


@dataclass
class State:
    """What the office knows, and how it is disposed today."""

    businesses: dict[str, Business] = field(default_factory=dict)
    busy_answers: int = 0
    silent_after: int | None = None
    quota: bool = False
    raw: tuple[int, bytes] | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)
    url: str = ""

    def service(self, key: str = KEY) -> Service:
        """Return how to reach it; it waits for nothing between attempts."""
        return Service(f"{self.url}/api/nts-businessman/v1", key, timeout=2, backoff=(0, 0))


class _Handler(BaseHTTPRequestHandler):
    state: State
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        address = urlsplit(self.path)
        self._send(*self._answer(address.path.rpartition("/")[2], parse_qs(address.query), body))

    def _answer(self, what: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:  # noqa: PLR0911 - a refusal each
        state = self.state
        if state.raw is not None:
            return state.raw
        if state.busy_answers:
            state.busy_answers -= 1
            return 500, _json({"status_code": "INTERNAL_ERROR"})
        if query.get("serviceKey") != [KEY]:
            return 401, _json({"code": -4, "msg": "등록되지 않은 인증키 입니다."})
        if state.quota or (state.silent_after is not None and len(state.asked) >= state.silent_after):
            return 429, b"API token quota exceeded"
        try:
            document = json.loads(body)
        except ValueError:
            return 400, _json({"status_code": "BAD_JSON_REQUEST"})
        field_name = {"status": "b_no", "validate": "businesses"}.get(what)
        if field_name is None:
            return 404, _json({"status_code": "HTTP_ERROR"})
        asked = document.get(field_name)
        if not isinstance(asked, list) or not asked:
            return 411, _json({"status_code": "REQUEST_DATA_MALFORMED"})
        if len(asked) > _AT_ONCE:
            return 413, _json({"status_code": "TOO_LARGE_REQUEST"})
        state.asked.append((what, len(asked)))
        return 200, _json(self._found(what, asked))

    def _found(self, what: str, asked: list[Any]) -> dict[str, Any]:
        if what == "status":
            rows = [self._status(number) for number in asked]
            return {
                "request_cnt": len(asked),
                "match_cnt": sum(bool(row["b_stt_cd"]) for row in rows),
                "status_code": "OK",
                "data": rows,
            }
        rows = [self._validated(one) for one in asked]
        valid = sum(row["valid"] == "01" for row in rows)
        return {"request_cnt": len(asked), "valid_cnt": valid, "status_code": "OK", "data": rows}

    def _status(self, number: str) -> dict[str, str]:
        known = self.state.businesses.get(number)
        return {
            "b_no": number,
            "b_stt": WORDS[known.code] if known else "",
            "b_stt_cd": known.code if known else "",
            "tax_type": "부가가치세 일반과세자" if known else UNKNOWN,
            "tax_type_cd": "01" if known else "",
            "end_dt": known.ended if known else "",
            "utcc_yn": "N" if known else "",
            "tax_type_change_dt": "",
            "invoice_apply_dt": "",
            "rbf_tax_type": "해당없음" if known else "",
            "rbf_tax_type_cd": "99" if known else "",
        }

    def _validated(self, asked: dict[str, str]) -> dict[str, Any]:
        known = self.state.businesses.get(asked["b_no"])
        if known is None or (known.opened, known.representative) != (asked["start_dt"], asked["p_nm"]):
            return {"b_no": asked["b_no"], "valid": "02", "valid_msg": "확인할 수 없습니다.", "request_param": asked}
        return {
            "b_no": asked["b_no"],
            "valid": "01",
            "request_param": asked,
            "status": self._status(asked["b_no"]),
        }

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


@contextmanager
def open_tax_office() -> Iterator[State]:
    """Serve the office on a free port."""
    state = State()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
