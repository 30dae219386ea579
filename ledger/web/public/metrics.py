"""Figures for a monitoring system, in the text format of Prometheus.

Whoever reads them learns how much is given and how the installation is doing. So they are for
this machine, or for those who have the token of ``POOLBOOK_METRICS_TOKEN``; behind a proxy, where
every visitor seems to come from this machine, for those with the token alone.
"""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address

from flask import Blueprint, Response, current_app, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from ledger.queries.jobs.measurements import MEANINGS, Measurement, measurements
from ledger.queries.jobs.readiness import has_current_schema
from ledger.web.public.health import ask_as_nobody, free_bytes
from ledger.web.serving.request_metrics import metrics_of
from ledger.web.site.context import here, now, reading
from ledger.web.site.visitors import FORWARDED, came_from

pages = Blueprint("metrics", __name__)
pages.url_value_preprocessor(ask_as_nobody)

ALWAYS = {
    "poolbook_database_up": "Whether the database answers.",
    "poolbook_schema_current": "Whether the database is of this program's revision.",
    "poolbook_disk_free_bytes": "Space left where the data folder is.",
}


@pages.get("/metrics")
def show() -> Response:
    """Return all figures; while the database is away, those that need none."""
    if not _may_read():
        return Response(
            "Send the token of POOLBOOK_METRICS_TOKEN as a bearer token.\n",
            401,
            {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
            mimetype="text/plain",
        )
    registry = CollectorRegistry()
    metrics_of(current_app).collect_into(registry)
    registry.register(_Database())
    answer = Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class _Database(Collector):
    """The figures that are counted when they are asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield a family for each name."""
        is_up, is_current, found = False, False, list[Measurement]()
        try:
            with reading() as session:
                is_up, is_current = True, has_current_schema(session)
                if is_current:
                    found = list(measurements(session, now=now()))
        except SQLAlchemyError:
            is_up = is_current = False
        found += [
            Measurement("poolbook_database_up", is_up),
            Measurement("poolbook_schema_current", is_current),
            Measurement("poolbook_disk_free_bytes", free_bytes()),
        ]
        for name, meaning in (MEANINGS | ALWAYS).items():
            rows = [row for row in found if row.name == name]
            labels = [label for label, _value in rows[0].labels] if rows else []
            family = GaugeMetricFamily(name, meaning, labels=labels)
            for row in rows:
                family.add_metric([value for _label, value in row.labels], row.value)
            yield family


def _may_read() -> bool:
    settings, given = here().settings, request.authorization
    if settings.metrics_token and given is not None and given.type == "bearer":
        return hmac.compare_digest((given.token or "").encode(), settings.metrics_token.encode())
    if settings.is_public or settings.trusted_proxies:
        return False
    return _is_this_machine(came_from()) and not any(
        name in request.headers for name in (*FORWARDED, "Via")
    )


def _is_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
