"""Settings of a book, for its admin: what is still missing, and each section with its value."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from ledger.core.accounts import BY_NUMBER
from ledger.core.vocabulary import CommodityKind
from ledger.db import ReadSession
from ledger.models.books import Book
from ledger.queries.books import books as book_queries
from ledger.queries.books.details import details_of
from ledger.queries.books.policies import choices_of
from ledger.queries.jobs import installation
from ledger.queries.people.people import people_of
from ledger.queries.pools import pools
from ledger.queries.volunteering.rates import current_rates
from ledger.schemas.first_visit import PROFILE_NAMES
from ledger.services.statements.bank_accounts import known_accounts
from ledger.web.settings.section import ACTION
from ledger.web.site.context import book_for, here, now, page, reading, today, visitor

pages = Blueprint("settings", __name__)
# As many names fit into a line.
NAMED = 4


@dataclass(frozen=True, slots=True)
class Step:
    """A first step: done or not, in a sentence, and where it is done."""

    done: bool
    sentence: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the settings: its title, its address and its present value in a line."""

    title: str
    address: str
    value: str


@pages.get("/books/<code>/settings")
def show(code: str) -> Response:
    """Show what is still missing, and every section."""
    book = book_for(ACTION, code)
    with reading() as session:
        roles = [row.role for row in people_of(session, book_id=book.id, now=now())]
        steps = _steps(session, book, set(roles))
        sections = _sections(session, book, len(roles))
    return page(
        "settings/hub.html",
        book=book,
        books=visitor().books(ACTION),
        steps=steps,
        sections=sections,
    )


def _steps(session: ReadSession, book: Book, roles: set[str]) -> list[Step]:
    """Return what a community does before its first gift, in order."""
    settings = here().settings
    people = url_for("people.show", code=book.code)
    return [
        Step(
            bool(book.story),
            _("Tell the public who you are."),
            url_for("book_settings.show", code=book.code),
        ),
        Step("treasurer" in roles, _("Add a treasurer, who keeps the books."), people),
        Step("approver" in roles, _("Add an approver, who approves or rejects requests."), people),
        Step(
            settings.sends_mail or settings.demo,
            _("Set up mail. The operator of this installation does this."),
        ),
        Step(
            bool(settings.stripe_key),
            _("Accept card payments. The operator of this installation connects Stripe."),
        ),
        Step(
            installation.has_campaign(session, book_id=book.id),
            _("Ask the treasurer to open a first campaign."),
        ),
    ]


def _sections(session: ReadSession, book: Book, roles: int) -> list[Section]:
    """Return the sections in the order in which a new community fills them in."""
    values = _values(session, book)
    titles = (
        (_("Book"), "book_settings.show"),
        (_("Legal entity"), "entity_settings.show"),
        (_("Funds"), "fund_settings.show"),
        (_("Chart of accounts"), "account_settings.show"),
        (_("Skills and hour rates"), "skill_settings.show"),
        (_("Equipment classes"), "equipment_settings.show"),
        (_("Bank accounts"), "bank_settings.show"),
        (_("Policies"), "policy_settings.show"),
        (_("Approval rules"), "approvals.rules"),
        (_("People and roles"), "people.show"),
        (_("Second factors"), "factor_policy.show"),
        (_("Pools"), "pool_settings.show"),
        (_("Log of access rights"), "rights_log.show"),
    )
    values |= {
        "approvals.rules": _("How many people approve a request"),
        "people.show": ngettext("%(num)s role", "%(num)s roles", roles),
        "factor_policy.show": _("Who needs one and who has one"),
        "rights_log.show": _("Who was given access, and when"),
    }
    return [
        Section(title, url_for(endpoint, code=book.code), values[endpoint])
        for title, endpoint in titles
    ]


def _values(session: ReadSession, book: Book) -> dict[str, str]:
    """Return the present value of the sections of this capability, in a line each."""
    accounts = book_queries.accounts_of(session, book.id)
    own = [account for account in accounts if account.number not in BY_NUMBER]
    kinds = book_queries.commodities(session).values()
    skills = [item for item in kinds if item.kind == CommodityKind.TIME]
    rates = current_rates(session, book_id=book.id, on=today(book))
    known = details_of(session, book.id)
    choices = choices_of(session, book, today(book))
    profile = PROFILE_NAMES[book.profile]
    place = ", ".join(part for part in (book.name, book.place) if part)
    banks = [account.name for account in known_accounts(session, book.id)]
    shown = (
        _("Donors see %(iban)s", iban=known.iban_in_groups)
        if known.iban
        else _("Donors see no bank details")
    )
    return {
        "book_settings.show": f"{place} · {book.commodity} · {book.time_zone} · {profile}",
        "entity_settings.show": known.legal_name or known.postal_address or _("Not entered yet"),
        "fund_settings.show": _some(
            [fund.code for fund in book_queries.funds_of(session, book.id)]
        ),
        "account_settings.show": ngettext(
            "%(num)s account, %(own)s of them added by this book",
            "%(num)s accounts, %(own)s of them added by this book",
            len(accounts),
            own=len(own),
        ),
        "skill_settings.show": ngettext(
            "%(num)s skill, %(rated)s with a rate",
            "%(num)s skills, %(rated)s with a rate",
            len(skills),
            rated=len(rates),
        ),
        "equipment_settings.show": _some(
            sorted(item.plural for item in kinds if item.kind == CommodityKind.ITEM)
        ),
        "bank_settings.show": f"{_some(banks)} · {shown}",
        "policy_settings.show": ngettext(
            "%(profile)s, %(num)s choice of your own",
            "%(profile)s, %(num)s choices of your own",
            len(choices),
            profile=profile,
        ),
        "pool_settings.show": _pools(session, book.id),
    }


def _some(names: list[str]) -> str:
    """Return the first of some names, and how many more there are."""
    if not names:
        return str(_("None yet"))
    first = ", ".join(names[:NAMED])
    rest = len(names) - NAMED
    return str(_("%(first)s and %(rest)s more", first=first, rest=rest)) if rest > 0 else first


def _pools(session: ReadSession, book_id: UUID) -> str:
    hosted = [pool.name for pool in pools.hosted_by(session, book_id)]
    joined = [pool.name for pool in pools.pools_of(session, book_id=book_id)]
    parts = []
    if hosted:
        parts.append(_("Host of %(names)s", names=", ".join(hosted)))
    if joined:
        parts.append(_("Member of %(names)s", names=", ".join(joined)))
    return " · ".join(parts) or str(_("None yet"))
