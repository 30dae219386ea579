"""A printer that takes no time: for tests that are about which report is kept, not its pages."""

from typing import Any

from reports.dataset import as_json, sha256
from reports.render import Rendered


def printed(report: Any, _certificates: Any) -> Rendered:
    """Return a file of one page that holds nothing but the hash of the report's data."""
    digest = sha256(as_json(report))
    pdf = b"%PDF " + digest.encode()
    return Rendered(pdf, 1, digest, sha256(pdf))
