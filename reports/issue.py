"""Issue a report: prepare it, render it, and only then keep it as an edition.

Three steps, because the PDF takes seconds and no writer should wait for it: what is prepared is
tied to the length of each book's log, which only grows, so the edition that is kept afterwards is
exactly what was rendered. A rule that fails or a page that cannot be rendered leaves no edition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ledger.db import Database, ReadSession, Session
from ledger.queries.books.editions import edition_of, file_of
from ledger.services.books.editions import RenderedReport, keep_edition
from ledger.signing import Signer
from reports import dataset
from reports.build import Scope, build
from reports.certificate import Certificate, certify
from reports.model import Report
from reports.render import Rendered, render_pdf


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report is wanted; ``scope`` finds its books, and refuses those it may not show."""

    scope: Callable[[ReadSession], Scope]
    since: date
    until: date
    edition: str
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report that ties, what certifies its books, and how long their logs were."""

    scope: Scope
    report: Report
    certificates: tuple[Certificate, ...]
    sizes: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Issued:
    """An edition with its file; ``is_new`` tells whether it was issued just now."""

    edition_id: UUID
    rendered: Rendered
    is_new: bool


def issue(
    db: Database,
    wanted: Wanted,
    *,
    signer: Signer,
    made_by: UUID | None,
    now: datetime,
    write: Callable[[Callable[[Session], UUID]], UUID] | None = None,
) -> Issued:
    """Issue a report, or return the edition that was issued of the same data: that writes nothing.

    ``write`` runs the last step where the caller has more to do in the same transaction.

    Raises as ``build`` and ``certify``, and Conflict when the report cannot be rendered.
    """
    with db.snapshot() as session:
        report = _build(session, wanted, now)[1]
        there = existing(session, report)
    if there is not None:
        return there
    prepared = db.run(lambda session: prepare(session, wanted, signer=signer, now=now))
    rendered = render_pdf(prepared.report, prepared.certificates)

    def keep(session: Session) -> UUID:
        return record(session, prepared, rendered, made_by=made_by, now=now)

    edition_id = write(keep) if write is not None else db.run(keep)
    return Issued(edition_id, rendered, is_new=True)


def existing(session: ReadSession, report: Report) -> Issued | None:
    """Return the edition with its file that was issued of exactly this report, if any."""
    digest = dataset.sha256(dataset.as_json(report))
    edition = edition_of(session, digest)
    if edition is None or (file := file_of(session, edition.id)) is None:
        return None
    pdf, pages = file
    return Issued(edition.id, Rendered(pdf, pages, digest, dataset.sha256(pdf)), is_new=False)


def prepare(session: Session, wanted: Wanted, *, signer: Signer, now: datetime) -> Prepared:
    """Seal the books and build the report in one transaction, so that both say the same.

    Raises as ``build`` and ``certify``.
    """
    scope = wanted.scope(session)
    certificates = certify(session, books=scope.books, signer=signer, now=now)
    scope, report = _build(session, wanted, now)
    ids = {book.code: book.id for book in scope.books}
    sizes = {ids[row.book]: row.size for row in certificates}
    return Prepared(scope, report, certificates, sizes)


def record(
    session: Session,
    prepared: Prepared,
    rendered: Rendered,
    *,
    made_by: UUID | None,
    now: datetime,
) -> UUID:
    """Keep a rendered report as an edition and return its key; equal data is the same edition."""
    scope, report = prepared.scope, prepared.report
    edition = keep_edition(
        session,
        report=RenderedReport(
            title=scope.title,
            scope=scope.kind,
            code="" if scope.kind == "all" else scope.books[0].code,
            sizes=prepared.sizes,
            since=report.since,
            until=report.until,
            audience=report.edition,
            known_at=report.known_at,
            dataset=dataset.as_json(report),
            dataset_sha256=rendered.dataset_sha256,
            pdf=rendered.pdf,
            pages=rendered.pages,
        ),
        made_by=made_by,
        now=now,
    )
    return edition.id


def _build(session: ReadSession, wanted: Wanted, now: datetime) -> tuple[Scope, Report]:
    scope = wanted.scope(session)
    report = build(
        session,
        scope=scope,
        since=wanted.since,
        until=wanted.until,
        edition=wanted.edition,
        now=now,
        known_at=wanted.known_at,
    )
    return scope, report
