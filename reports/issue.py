"""Make a report and keep its edition, in one transaction, so that both are about the same log."""

from datetime import date, datetime
from uuid import UUID

from ledger.db import Session
from ledger.services.editions import keep_edition
from ledger.signing import Signer
from reports import dataset
from reports.build import Scope, build
from reports.certificate import Certificate, certify
from reports.statement import Report


def issue(
    session: Session,
    *,
    scope: Scope,
    since: date,
    until: date,
    edition: str,
    signer: Signer,
    made_by: UUID | None,
    now: datetime,
    known_at: datetime | None = None,
) -> tuple[Report, tuple[Certificate, ...]]:
    """Return a report with what certifies its books. Raises as ``build`` and ``certify``."""
    certificates = certify(session, books=scope.books, signer=signer, now=now)
    made = build(session, scope=scope, since=since, until=until, edition=edition, known_at=known_at)
    keep_edition(
        session,
        title=scope.title,
        scope=scope.kind,
        books=scope.books,
        since=since,
        until=until,
        audience=edition,
        known_at=known_at,
        dataset_sha256=dataset.sha256(dataset.as_json(made)),
        made_by=made_by,
        now=now,
    )
    return made, certificates
