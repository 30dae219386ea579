"""Erase a person: name, address, messages and free text go, the books and every proof stay.

Entries hold no personal data, and the salt that ties them to a party is destroyed, so that what
is left cannot be traced back (domain case 18). What Stripe and the bank keep is
theirs; what was backed up before is in the backup.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Select, Table, Text, cast, delete, or_, select, update

from ledger.core.days import day_in
from ledger.core.states import AgreementKind
from ledger.core.vocabulary import OPEN_PLEDGES, Consent, LegalNature, RecurringState
from ledger.db import Session
from ledger.errors import Conflict, NotFound
from ledger.models import Base
from ledger.models.agreements import Agreement
from ledger.models.books import Book
from ledger.models.factors import Challenge, FactorReset, Passkey, RecoveryCode, Totp
from ledger.models.hours import HoursEntry
from ledger.models.journal import Annotation, Posting
from ledger.models.mandates import Mandate
from ledger.models.parties import Party
from ledger.models.people import ApiToken, IdempotencyKey, OutboxMessage, Person, SignInLink
from ledger.models.pledges import Basket, BasketDecision, Pledge
from ledger.models.rate_limits import RateEvent
from ledger.models.recurring import RecurringGift
from ledger.models.rights_log import RightsKind
from ledger.models.sessions import SignInSession
from ledger.models.statements import BankLine, BankLinePart, Match
from ledger.queries.people.people import memberships_of
from ledger.services.evidence.erasing import erase_of_person
from ledger.services.people.people import clean_email
from ledger.services.people.rights_log import record
from ledger.services.pledges.pledges import cancel_pledge

GONE = "[erased]"
# What somebody signs in with besides their mailbox, and what was noted about it.
FACTORS = (Passkey, Totp, RecoveryCode, Challenge, FactorReset)
# Sealed or signed: they hold no personal data, and a change would break a proof.
KEPT = {
    *("entry", "posting", "seal", "checkpoint", "rights_log"),
    *("account", "fund", "period", "book", "commodity"),
}
NO_TEXTS: dict[str, Any] = {
    "counterparty_name": None,
    "counterparty_account": None,
    "remittance": "",
    "end_to_end_id": None,
}
GOING_ON = (RecurringState.ACTIVE, RecurringState.PAST_DUE, RecurringState.PAUSED)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: to how many parties and pledges, and in how many other texts."""

    parties: int
    pledges: int
    texts: int


def erase(session: Session, *, email: str, now: datetime, asked_by: UUID | None = None) -> Erased:
    """Erase whoever has this address, as giver and as somebody who signs in.

    What is still open of their promises is taken back. Raises NotFound for an address that nobody
    has, Conflict while they hold a role, owe a promise or give again and again.
    """
    address = clean_email(email)
    person = session.scalar(select(Person).where(Person.email == address))
    person_id = person.id if person else None
    parties = session.scalars(
        select(Party).where(
            or_(Party.email == address, Party.person_id == (person_id or UUID(int=0)))
        )
    ).all()
    if person is None and not parties:
        raise NotFound("There is no person or donor with this address here.", place="email")
    _check(session, person, parties, now)
    ids = [party.id for party in parties]
    names = {party.name for party in parties} | ({person.name} if person else set())
    names |= set(session.scalars(select(Basket.name).where(Basket.party_id.in_(ids)))) - {""}
    addresses = {party.email for party in parties} | {address}
    pledges = _pledges(session, ids, now)
    for party in parties:
        party.name, party.email, party.consent = "", "", Consent.ANONYMOUS
        party.salt, party.person_id, party.erased_at = None, None, now
    if person is not None:
        _person(session, person)
        erase_of_person(session, person_id=person.id, now=now)
        record(
            session,
            kind=RightsKind.PERSON_ERASED,
            actor=asked_by,
            about={"person": person.id},
            now=now,
        )
    for mail in addresses:
        session.execute(delete(SignInLink).where(SignInLink.email == mail))
        session.execute(delete(OutboxMessage).where(OutboxMessage.to_email == mail))
    session.flush()
    texts = _scrub(session, addresses, {name for name in names if not _shared(session, name)})
    return Erased(len(ids), len(pledges), texts)


def _check(
    session: Session, person: Person | None, parties: Sequence[Party], now: datetime
) -> None:
    if person is not None and memberships_of(session, person_id=person.id, now=now):
        raise Conflict("Your roles must end first.", place="email")
    ids = [party.id for party in parties]
    owed = session.scalar(
        select(Pledge.reference).where(
            Pledge.party_id.in_(ids),
            Pledge.state.in_(OPEN_PLEDGES),
            Pledge.legal_nature == LegalNature.UNCONDITIONAL,
        )
    )
    if owed is not None:
        raise Conflict(
            "Pledge {owed} is still owed. Contact the treasurer first.", place="email", owed=owed
        )
    again = session.scalar(
        select(RecurringGift.reference).where(
            RecurringGift.party_id.in_(ids), RecurringGift.state.in_(GOING_ON)
        )
    )
    if again is not None:
        raise Conflict("Stop the recurring contribution {again} first.", place="email", again=again)


def _pledges(session: Session, parties: Sequence[UUID], now: datetime) -> list[Pledge]:
    """Take back what is open, and empty the texts that belong to the pledges."""
    pledges = list(session.scalars(select(Pledge).where(Pledge.party_id.in_(parties))))
    for pledge in pledges:
        if pledge.state in OPEN_PLEDGES:
            zone = session.get_one(Book, pledge.book_id).time_zone
            cancel_pledge(session, pledge_id=pledge.id, on=day_in(zone, now), now=now)
        pledge.note = ""
    ids = [pledge.id for pledge in pledges]
    references = [pledge.reference for pledge in pledges]
    for basket in session.scalars(select(Basket).where(Basket.party_id.in_(parties))):
        basket.name, basket.message, basket.consent = "", "", Consent.ANONYMOUS
        ids.append(basket.id)
    for decision in session.scalars(
        select(BasketDecision)
        .join(Basket, Basket.id == BasketDecision.basket_id)
        .where(Basket.party_id.in_(parties))
    ):
        decision.reason = ""
    for row in session.scalars(select(HoursEntry).where(HoursEntry.party_id.in_(parties))):
        row.description = ""
    for mandate in session.scalars(select(Mandate).where(Mandate.pledge_id.in_(ids))):
        mandate.shown, mandate.stripe_customer_id = "", None
    for gift in session.scalars(select(RecurringGift).where(RecurringGift.party_id.in_(parties))):
        gift.consent, gift.stripe_customer_id, gift.failure = Consent.ANONYMOUS, None, None
        ids.append(gift.id)
    session.execute(delete(RateEvent).where(RateEvent.about.in_(ids)))
    session.flush()
    entries = select(Posting.entry_id).where(Posting.pledge.in_(references))
    session.execute(delete(Annotation).where(Annotation.entry_id.in_(entries)))
    _bank_texts(session, entries)
    return pledges


def _bank_texts(session: Session, entries: Select[UUID]) -> None:
    """Empty what the bank said of the lines and payments that were matched to entries.

    The line of a batch repeats the texts of all its payments; those of other givers stay theirs.
    """
    ties = select(Match.bank_line_id).where(Match.entry_id.in_(entries))
    whole = ties.where(Match.part_id.is_(None))
    parts = select(Match.part_id).where(Match.entry_id.in_(entries), Match.part_id.is_not(None))
    # What was split repeats the texts of the payment that it was made of.
    split = select(BankLinePart.split_of).where(
        BankLinePart.id.in_(parts), BankLinePart.split_of.is_not(None)
    )
    session.execute(
        update(BankLinePart)
        .where(
            or_(
                BankLinePart.id.in_(parts),
                BankLinePart.bank_line_id.in_(whole),
                BankLinePart.id.in_(split),
                BankLinePart.split_of.in_(split),
            )
        )
        .values(**NO_TEXTS)
        .execution_options(synchronize_session=False)
    )
    session.execute(update(Match).where(Match.entry_id.in_(entries)).values(note=""))
    session.execute(
        update(BankLine)
        .where(BankLine.id.in_(ties))
        .values(**NO_TEXTS, history_key=None, through=None, batch_reference=None, returned=None)
        .execution_options(synchronize_session=False)
    )


def _person(session: Session, person: Person) -> None:
    """Empty the row that decisions and roles of the past refer to."""
    person.name, person.email = "", f"{person.id}@erased.invalid"
    for claim in session.scalars(
        select(Agreement).where(
            Agreement.made_by == person.id, Agreement.kind == AgreementKind.EXPENSE
        )
    ):
        # The account to which they were paid back.
        claim.terms = {name: text for name, text in claim.terms.items() if name != "iban"}
    for table in (ApiToken, IdempotencyKey, SignInSession, *FACTORS):
        session.execute(delete(table).where(table.person_id == person.id))


def _shared(session: Session, name: str) -> bool:
    """Tell whether others bear this name, whose texts stay; a name too short names nobody."""
    return len(name) < 3 or any(
        session.scalar(select(table.id).where(table.name == name).limit(1)) is not None
        for table in (Party, Person)
    )


def _scrub(session: Session, addresses: set[str], names: set[str]) -> int:
    """Replace addresses and full names in every other text; return in how many."""
    words = set(addresses) | names
    words |= {" ".join(reversed(name.split())) for name in names}
    if not words:
        return 0
    pattern = re.compile(
        "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(words)), re.IGNORECASE
    )
    count = 0
    for table in Base.metadata.sorted_tables:
        columns = [c for c in table.columns if isinstance(c.type, (Text, JSON))]
        if table.name in KEPT or not columns:
            continue
        for column in columns:
            count += _scrub_column(session, table, column, words, pattern)
    return count


def _scrub_column(
    session: Session,
    table: Table,
    column: ColumnElement[Any],
    words: set[str],
    pattern: re.Pattern[str],
) -> int:
    """Replace in one column. SQL finds candidates; the pattern decides."""
    stored = cast(column, Text)
    forms = {form for word in words for form in (word, word.upper(), word.lower())}
    forms |= {json.dumps(form)[1:-1] for form in forms}
    rows = session.execute(
        select(*table.primary_key, column.label("found")).where(
            or_(*(stored.ilike(f"%{_literal(form)}%", escape="\\") for form in forms))
        )
    ).all()
    count = 0
    for *key, found in rows:
        clean = _cleaned(found, pattern)
        if clean != found:
            chosen = [c == value for c, value in zip(table.primary_key, key, strict=True)]
            session.execute(update(table).where(*chosen).values({column.key: clean}))
            count += 1
    return count


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _cleaned(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(GONE, value)
    if isinstance(value, dict):
        return {name: _cleaned(one, pattern) for name, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, pattern) for one in value]
    return value
