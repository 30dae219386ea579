"""Counts of requests and of database connections in use, for ``/metrics``.

Labels are routes, methods and statuses: nothing that somebody typed becomes one, so that neither
personal data nor a flood of made-up addresses gets into a monitoring system.
"""

import time
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask.signals import request_finished
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import Engine, event

from ledger.web.serving.metrics_folder import folder_of_counts
from ledger.web.serving.request_log import METHODS
from ledger.web.site.context import parts_of

NAME = "poolbook_request_metrics"
# From what a cached page takes to what a printed report takes.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class RequestMetrics:
    """What one program counts. Each process counts its own; ``collect_into`` adds them up."""

    def __init__(self, engine: Engine) -> None:
        self._own = CollectorRegistry()
        self.requests = Counter(
            "poolbook_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self._own,
        )
        self.durations = Histogram(
            "poolbook_request_duration_seconds",
            "Time that requests took.",
            ["route"],
            buckets=BUCKETS,
            registry=self._own,
        )
        self.connections = Gauge(
            "poolbook_database_connections_in_use",
            "Database connections that requests hold at this moment.",
            registry=self._own,
            multiprocess_mode="livesum",
        )
        event.listen(engine, "checkout", lambda *_: self.connections.inc())
        event.listen(engine, "checkin", lambda *_: self.connections.dec())

    def collect_into(self, registry: CollectorRegistry) -> None:
        """Have a registry show the counts of all processes of this server."""
        folder = folder_of_counts()
        if folder is None:
            registry.register(self._own)
        else:
            MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]


def register(app: Flask) -> None:
    """Count every request of a program, whatever becomes of it."""
    app.extensions[NAME] = RequestMetrics(parts_of(app).db.engine)
    request_finished.connect(_count, app)


def metrics_of(app: Flask) -> RequestMetrics:
    """Return what a program counts."""
    found: RequestMetrics = app.extensions[NAME]
    return found


def forget_process(process_id: int) -> None:
    """Take what a worker held at the moment of its death out of the sums; its counts stay."""
    mark_process_dead(process_id)  # type: ignore[no-untyped-call]


def _count(_app: Flask, response: Response, **_more: Any) -> None:
    metrics = metrics_of(current_app)
    route = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    metrics.requests.labels(method, route, response.status_code).inc()
    metrics.durations.labels(route).observe(time.perf_counter() - g.request_began)
