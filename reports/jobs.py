"""How reports, exports and bundles are made as background jobs; each as its command makes it.

Importing this module tells the jobs about them.
"""

from io import TextIOWrapper

from ledger.db import ReadSession, Session
from ledger.errors import NotFound
from ledger.models.background_jobs import BackgroundKind
from ledger.models.books import Book
from ledger.queries.books.books import book_by_code
from ledger.queries.books.journal import count_entries
from ledger.services.books.seals import make_checkpoint
from ledger.services.jobs.background import Outcome, Work, file_of, register
from reports.asked import from_parameters, wanted_of
from reports.build import draft
from reports.bundle import make_bundle
from reports.exports import export_journal
from reports.exports.export import ENDINGS
from reports.issue import existing, issue
from reports.render import render_pdf


def make_report(work: Work) -> Outcome:
    """Print the report that was asked for: the edition that was issued of it, or else a draft."""
    asked = from_parameters(work.job.parameters)
    wanted = wanted_of(asked, work.book_ids)
    work.progress(0, 2)
    with work.db.snapshot() as session:
        built = draft(
            session,
            scope=wanted.scope(session),
            since=wanted.since,
            until=wanted.until,
            edition=wanted.edition,
            now=work.now,
            known_at=wanted.known_at,
        )
        there = existing(session, built.report)
    work.progress(1, 2)
    name = f"transparency-{wanted.since}-{wanted.until}-{wanted.edition}"
    if there is None:
        rendered = render_pdf(built.report, draft=True, untied=built.untied)
        name = f"{name}-draft"
    else:
        rendered = there.rendered
    with file_of(work, f"{name}.pdf") as (out, made):
        out.write(rendered.pdf)
    return Outcome(made[0], {"dataset_sha256": rendered.dataset_sha256})


def make_edition(work: Work) -> Outcome:
    """Issue a report: render it and keep it as an edition; an edition of equal data is the same."""
    asked = from_parameters(work.job.parameters)
    work.progress(0, 1)
    issued = issue(
        work.db,
        wanted_of(asked, work.book_ids),
        signer=work.signer,
        made_by=work.job.asked_by,
        now=work.now,
    )
    return Outcome(result={"edition": str(issued.edition_id)})


def make_export(work: Work) -> Outcome:
    """Write a book's journal in another program's format."""
    file_format = work.job.parameters["format"]
    with work.db.snapshot() as session:
        book = _book(session, work)
        steps = count_entries(session, book_id=book.id)
        name = f"{book.code}.{ENDINGS[file_format]}"
        with file_of(work, name) as (raw, made):
            out = TextIOWrapper(raw, encoding="utf-8", newline="")
            export_journal(
                session,
                book=book,
                file_format=file_format,
                out=out,
                seen=lambda count: work.progress(count, steps),
            )
            out.flush()
            out.detach()
    return Outcome(made[0])


def pack_bundle(work: Work) -> Outcome:
    """Pack what proves a book offline: its log, signed, with the verifier."""
    work.progress(0, 1)

    def pack(session: Session) -> tuple[str, bytes]:
        book = _book(session, work)
        row = make_checkpoint(session, book=book, signer=work.signer, now=work.now)
        packed = make_bundle(session, book=book, checkpoint=row, signer=work.signer)
        return book.code, packed

    code, packed = work.db.run(pack)
    with file_of(work, f"{code}.zip") as (out, made):
        out.write(packed)
    return Outcome(made[0])


def _book(session: ReadSession, work: Work) -> Book:
    book = book_by_code(session, work.job.parameters["book"])
    if book.id not in work.book_ids:
        raise NotFound("This book does not exist, or you don't have access to it.", place="book")
    return book


register(BackgroundKind.REPORT, make_report)
register(BackgroundKind.EDITION, make_edition)
register(BackgroundKind.EXPORT, make_export)
register(BackgroundKind.BUNDLE, pack_bundle)
