"""Large bank files, imported as background jobs; small ones come in while the treasurer waits.

Importing this module tells the jobs how it is done.
"""

from uuid import UUID

from ledger.bank_files import TableUnclear, read_statement
from ledger.core.accounts import Acct
from ledger.db import Session
from ledger.errors import Invalid
from ledger.models.background_jobs import BackgroundKind
from ledger.models.tables import DraftPurpose
from ledger.queries.books.books import book_by_code
from ledger.services.banking import matching
from ledger.services.importing import tables
from ledger.services.jobs.background import Outcome, Work, register
from ledger.services.statements import bank_files
from ledger.services.statements.import_results import Imported
from ledger.services.statements.statements import SeveralAccounts

# About 2,500 lines, which take less than two seconds (docs/deploy.md).
MOST_AT_ONCE_BYTES = 200_000


def import_bank_file(work: Work) -> Outcome:
    """Keep the lines of the file that was sent, and match what is certain.

    A table of which nobody said what its columns are stays, and the page leads to that question.
    Raises Invalid as ``import_file`` does, and when somebody has to choose an account.
    """
    said = work.job.parameters
    draft_id = UUID(said["draft"])
    work.progress(0, 2)
    with work.db.snapshot() as session:
        book = book_by_code(session, said["book"])
        _draft, data = tables.draft_by_id(
            session, book_id=book.id, draft_id=draft_id, purpose=DraftPurpose.STATEMENT
        )
        known = tables.remembered_for(session, book_id=book.id, account=Acct.BANK)
    try:
        file = read_statement(data, currency=book.commodity, remembered=known)
    except TableUnclear:
        return Outcome(result={"draft": str(draft_id)})
    work.progress(1, 2)

    def keep(session: Session) -> Imported:
        done = bank_files.import_file(
            session, book=book, file=file, imported_by=work.job.asked_by, now=work.now
        )
        tables.drop_draft(session, draft_id=draft_id)
        return done

    try:
        done = work.db.run(keep)
    except SeveralAccounts as refusal:
        raise Invalid(
            "The file is of a bank account that the books do not know: {names}. Import a short "
            "file of it first, which asks what it stands for.",
            place="file",
            names=", ".join(refusal.accounts),
        ) from refusal
    matched = work.db.run(
        lambda session: matching.auto_match(session, book_id=book.id, now=work.now)
    )
    warnings = [text for shown in done.statements for text in shown["warnings"]]
    return Outcome(
        result={
            "new": done.new,
            "known": done.duplicates,
            "matched": matched,
            "warnings": warnings,
        }
    )


register(BackgroundKind.STATEMENT, import_bank_file)
