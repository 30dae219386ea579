"""A report becomes HTML and the HTML a PDF; the only import of weasyprint.

The PDF is made in a child process, so that its memory returns and a hang ends: run as
``python -m reports.render``. Nothing is fetched but the fonts and styles of this folder. Scripts
that our own font lacks print from the Noto fonts that ``fonts/fonts.conf`` names; no other font of
the machine is seen.
"""

import json
import logging
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger import logs
from ledger.core.amount import kind_of
from ledger.core.written import format_figure, format_minutes, format_quantity
from ledger.errors import Conflict
from ledger.web.site.formatting import Flow, flow_layout
from reports import dataset
from reports.certificate import Certificate
from reports.model import Report, Waterfall

log = logging.getLogger("poolbook.reports")

HERE = Path(__file__).parent
FONTS = HERE / "fonts" / "fonts.conf"
TIMEOUT_SECONDS = 120
# The figures of docs/figures.md, in its words: of the period, and at its end.
# Columns of the table of pledges, with the sign of what each does to what is open.
PLEDGE_STEPS = (
    ("opening", 1),
    ("promised", 1),
    ("received", -1),
    ("returned", 1),
    ("lapsed", -1),
    ("written_off", -1),
    ("cancelled", -1),
    ("closing", 1),
)
AT_A_GLANCE = (
    (
        "In the period",
        (
            ("received", "Received from donors"),
            ("advances", "Advances, with open conditions"),
            ("other_income", "Other income"),
            ("from_communities", "From communities and pools"),
            ("spent", "Spent"),
            ("passed_on", "Passed on"),
        ),
    ),
    (
        "At the end",
        (
            ("available", "Available"),
            ("committed", "Committed, not available"),
            ("held", "Held for others"),
            ("owed", "Pledges receivable"),
            ("intended", "Pledged, intended"),
            ("conditional", "Pledged, conditional"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished PDF with what identifies it."""

    pdf: bytes
    pages: int
    dataset_sha256: str
    pdf_sha256: str


def render_pdf(
    report: Report,
    certificates: Sequence[Certificate] = (),
    *,
    draft: bool = False,
    untied: Sequence[str] = (),
) -> Rendered:
    """Render a report; equal reports and certificates give equal bytes on one machine.

    A draft says so on its cover, with the rules that it breaks.

    Raises Conflict when rendering fails or takes longer than two minutes.
    """
    data = dataset.as_json(report)
    digest = dataset.sha256(data)
    html = render_html(report, digest, certificates, draft=draft, untied=untied)
    files = {
        "dataset.json": data,
        "trial-balance.csv": dataset.as_csv(report),
        **{f"checkpoint-{row.book}.txt": row.note.encode() for row in certificates},
    }
    pdf, pages = print_html(html, digest, f"{report.until.isoformat()}T00:00:00+00:00", files)
    return Rendered(pdf, pages, digest, dataset.sha256(pdf))


def print_html(
    html: str, identifier: str, date: str, attachments: Mapping[str, bytes]
) -> tuple[bytes, int]:
    """Print a page in a child process; return the PDF and how many pages it has.

    Raises Conflict when that fails or takes longer than two minutes; the log then holds what the
    child said of itself, which holds no text of the page.
    """
    request = {
        "html": html,
        "identifier": identifier,
        "date": date,
        "attachments": {name: b64encode(data).decode() for name, data in attachments.items()},
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "reports.render"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
            cwd=HERE.parent,
            env={**os.environ, "FONTCONFIG_FILE": str(FONTS)},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        logs.note(
            log,
            "a report was not rendered",
            level=logging.ERROR,
            why=type(error).__name__,
            stderr=logs.last_output(error.stderr),
        )
        raise Conflict("The report could not be rendered, so nothing was saved.") from error
    pages, _, pdf = done.stdout.partition(b"\n")
    return pdf, int(pages)


def render_html(
    report: Report,
    digest: str,
    certificates: Sequence[Certificate] = (),
    *,
    draft: bool = False,
    untied: Sequence[str] = (),
) -> str:
    """Return a report as one HTML document; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    nouns = {code: (one, many) for code, one, many in report.nouns}

    def quantity(value: int, commodity: str) -> str:
        return format_quantity(value, commodity, nouns=nouns)

    environment.filters.update(
        quantity=quantity,
        figure=format_figure,
        minutes=format_minutes,
        amount=format_amount,
        by_unit=by_unit,
        noun=lambda code: nouns.get(code, (code, code))[1],
        moment=lambda value: (
            f"{value.astimezone(UTC).day} {value.astimezone(UTC):%B %Y, %H:%M:%S} UTC"
        ),
        day=lambda value: f"{value.day} {value:%B %Y}",
        words=lambda text: text.replace("_", " "),
    )
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        digest=digest,
        certificates=certificates,
        draft=draft,
        untied=untied,
        style=(HERE / "styles" / "report.css").read_text(),
        shown=AT_A_GLANCE,
        steps=PLEDGE_STEPS,
        flows=[(row, flow_of(row, quantity)) for row in report.waterfalls],
        created=datetime.combine(report.until, time.min, UTC).isoformat(),
    )


def format_amount(value: int, commodity: str) -> str:
    """Write a quantity for a table whose row or heading names the unit."""
    return (
        format_minutes(value) if kind_of(commodity) == "hours" else format_figure(value, commodity)
    )


def by_unit(rows: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Return rows by their commodity, in the order in which those come."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.commodity, []).append(row)
    return list(found.items())


def flow_of(row: Waterfall, quantity: Any) -> Flow | None:
    """Return the chart of a pool: who gave, the pool, who got."""
    gave = [(item.label, item.quantity) for item in row.members]
    got = [(item.label, item.quantity) for item in row.allocated]
    for name, amount in (
        ("Donors", row.received),
        ("Other", row.other),
        ("Brought forward", row.opening),
    ):
        if amount:
            gave.append((name, amount))
    for name, amount in (
        ("Spent", row.spent),
        ("Passed on", row.passed_on),
        ("Still in the pool", row.closing),
    ):
        if amount:
            got.append((name, amount))
    if not gave or any(amount < 0 for _name, amount in gave + got):
        return None
    total = sum(amount for _name, amount in gave)
    columns = [
        [(name, quantity(amount, row.commodity), amount) for name, amount in gave],
        [(row.pool, quantity(total, row.commodity), total)],
        [(name, quantity(amount, row.commodity), amount) for name, amount in got],
    ]
    streams = [((0, n), (1, 0), amount) for n, (_name, amount) in enumerate(gave)]
    streams += [((1, 0), (2, n), amount) for n, (_name, amount) in enumerate(got)]
    return flow_layout(columns, streams)


def is_font(url: str) -> bool:
    """Tell whether an address is a file of the folder of fonts, however it is written."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc:
        return False
    return Path(url2pathname(parts.path)).resolve().parent == (HERE / "fonts").resolve()


def main() -> None:
    """Read a request from standard input, write the number of pages and the PDF."""
    import gc

    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    class FontsOnly(URLFetcher):  # type: ignore[misc]
        """Fetch font files of this folder and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not is_font(url):
                raise ValueError("reports fetch nothing")
            return super().fetch(url, headers)

    sys.excepthook = logs.tell_crash
    logs.configure("text", "warning")
    gc.disable()
    request = json.load(sys.stdin)
    when = datetime.fromisoformat(request["date"])
    document = HTML(
        string=request["html"],
        base_url=HERE.as_uri() + "/",
        url_fetcher=FontsOnly(),
    ).render()
    pdf = document.write_pdf(
        pdf_identifier=bytes.fromhex(request["identifier"])[:16],
        pdf_tags=True,
        pdf_variant="pdf/ua-1",
        attachments=[
            Attachment(
                string=b64decode(content),
                name=name,
                description=name,
                created=when,
                modified=when,
                relationship="Data",
            )
            for name, content in sorted(request["attachments"].items())
        ],
    )
    sys.stdout.buffer.write(f"{len(document.pages)}\n".encode() + pdf)


if __name__ == "__main__":
    main()
