"""Counts and durations of requests in the Prometheus text format. Each process counts for itself."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import cast

from flask import Flask, Response, current_app, g, request

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_KEY = "fundapp.metrics"


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._count: Counter[str] = Counter()

    def observe(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            self._requests[endpoint, method, status] += 1
            self._count[endpoint] += 1
            self._seconds[endpoint] += seconds  # type: ignore[assignment]  # Counter adds floats as well
            for bound in BUCKETS:
                if seconds <= bound:
                    self._buckets[endpoint, bound] += 1

    def render(self) -> str:
        """Return everything counted so far in the text exposition format 0.0.4."""
        lines = ["# HELP fund_requests_total Requests answered.", "# TYPE fund_requests_total counter"]
        with self._lock:
            for (endpoint, method, status), number in sorted(self._requests.items()):
                labels = f'endpoint="{endpoint}",method="{method}",status="{status}"'
                lines.append(f"fund_requests_total{{{labels}}} {number}")
            lines.append("# HELP fund_request_seconds Time to answer.")
            lines.append("# TYPE fund_request_seconds histogram")
            for endpoint, number in sorted(self._count.items()):
                for bound in BUCKETS:
                    reached = self._buckets[endpoint, bound]
                    lines.append(f'fund_request_seconds_bucket{{endpoint="{endpoint}",le="{bound}"}} {reached}')
                lines.append(f'fund_request_seconds_bucket{{endpoint="{endpoint}",le="+Inf"}} {number}')
                lines.append(f'fund_request_seconds_sum{{endpoint="{endpoint}"}} {self._seconds[endpoint]:.6f}')
                lines.append(f'fund_request_seconds_count{{endpoint="{endpoint}"}} {number}')
        return "\n".join(lines) + "\n"


def init_metrics(app: Flask) -> None:
    """Measure every request of `app`."""
    app.extensions[_KEY] = Metrics()
    app.before_request(_start)
    app.after_request(_stop)


def metrics() -> Metrics:
    """Return the counters of the current application."""
    return cast("Metrics", current_app.extensions[_KEY])


def _start() -> None:
    g.started = time.perf_counter()


def _stop(response: Response) -> Response:
    started = g.get("started")
    if started is not None:
        seconds = time.perf_counter() - started
        method = request.method if request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
        metrics().observe(request.endpoint or "none", method, response.status_code, seconds)
    return response
