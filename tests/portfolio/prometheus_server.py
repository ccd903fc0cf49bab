"""A small server that speaks the range-query part of the Prometheus HTTP API, with its limits and its errors.

Shapes, status codes and error texts are those of the Prometheus documentation ("HTTP API") and of its answers to a
wrong step, an unknown function, too many points and an overloaded queue.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MOST_POINTS = 11_000
Value = Callable[[int], str | None]


@dataclass
class Gpu:
    """One time series: labels, and its value at a second of the epoch; None where there is no sample."""

    labels: dict[str, str]
    value: Value


@dataclass
class State:
    """What the server knows and how it is disposed today."""

    series: list[Gpu] = field(default_factory=list)
    token: str | None = None
    password: str | None = None
    busy_answers: int = 0
    methods: tuple[str, ...] = ("GET", "POST")
    raw: tuple[int, bytes] | None = None
    warnings: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def gpu(uuid: str, value: Value, *, owner: str = "AW-2026-0001", model: str = "NVIDIA H100 80GB HBM3") -> Gpu:
    """A series with the labels of NVIDIA's exporter in a Kubernetes cluster."""
    labels = {
        "__name__": "DCGM_FI_DEV_GPU_UTIL",
        "gpu": uuid[-1],
        "UUID": uuid,
        "modelName": model,
        "Hostname": "node-1",
        "namespace": owner,
        "pod": "train-0",
    }
    return Gpu(labels, value)


class _RefusedError(Exception):
    def __init__(self, status: int, kind: str, text: str) -> None:
        super().__init__(text)
        self.status, self.kind, self.text = status, kind, text


class _Handler(BaseHTTPRequestHandler):
    state: State
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve("GET", urlsplit(self.path).query)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._serve("POST", body.decode())

    def _serve(self, method: str, fields: str) -> None:
        if self.state.raw is not None:
            self._send(*self.state.raw)
            return
        if method not in self.state.methods:
            self._send(405, b"Method Not Allowed\n")
            return
        try:
            self._admit()
            asked = {key: values[0] for key, values in parse_qs(fields).items()}
            self.state.asked.append(asked | {"method": method})
            document = self._query(asked)
        except _RefusedError as error:
            body = json.dumps({"status": "error", "errorType": error.kind, "error": error.text})
            self._send(error.status, body.encode())
            return
        self._send(200, json.dumps(document).encode())

    def _admit(self) -> None:
        if urlsplit(self.path).path != "/prom/api/v1/query_range":
            raise _RefusedError(404, "not_found", "path not found")
        wanted = None
        if self.state.token:
            wanted = f"Bearer {self.state.token}"
        if self.state.password:
            wanted = "Basic " + base64.b64encode(self.state.password.encode()).decode()
        if wanted and self.headers.get("Authorization") != wanted:
            raise _RefusedError(401, "unauthorized", "Unauthorized")
        if self.state.busy_answers:
            self.state.busy_answers -= 1
            raise _RefusedError(503, "timeout", "query timed out in expression evaluation")

    def _query(self, asked: dict[str, str]) -> dict[str, Any]:
        try:
            start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        except (KeyError, ValueError):
            text = 'invalid parameter "start": cannot parse to a valid timestamp'
            raise _RefusedError(400, "bad_data", text) from None
        if step <= 0:
            raise _RefusedError(400, "bad_data", 'invalid parameter "step": zero or negative handling')
        if (end - start) / step > MOST_POINTS:
            text = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution"
            raise _RefusedError(400, "bad_data", text)
        if "DCGM" not in asked.get("query", ""):
            raise _RefusedError(400, "bad_data", 'invalid parameter "query": 1:1: parse error: unknown function')
        result = []
        for one in self.state.series:
            moments = range(int(start), int(end) + 1, int(step))
            values = [[at, value] for at in moments if (value := one.value(at)) is not None]
            if values:
                result.append({"metric": one.labels, "values": values})
        document: dict[str, Any] = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return document | ({"warnings": self.state.warnings} if self.state.warnings else {})

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_values: object) -> None:
        """Keep quiet."""


@contextmanager
def serve_prometheus(**settings: Any) -> Iterator[State]:  # noqa: ANN401 - the fields of State
    """Serve on a free port; yield what the server knows, to be changed while it runs."""
    state = State(**settings)
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/prom"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
