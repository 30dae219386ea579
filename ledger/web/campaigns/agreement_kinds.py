"""A matching sponsor as a kind of agreement: what was given to a fund is matched a span at a time.

It is asked for on the page of sponsors; contributions to a campaign are matched by the daily jobs.
"""

from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from ledger.core.states import Move
from ledger.core.written import format_quantity
from ledger.db import ReadSession, Session
from ledger.models.agreements import Agreement
from ledger.models.books import Fund
from ledger.models.campaigns import Campaign
from ledger.models.parties import Party
from ledger.queries.campaigns.matching_sponsors import KIND, matched_of, span_named, terms_of
from ledger.schemas.agreements import SpanDone
from ledger.services.campaigns import matching_sponsors
from ledger.web.approvals.agreement_kinds import AgreementPage, Facts, Step, Taken, register
from ledger.web.site.context import visitor
from ledger.web.site.formatting import format_share, format_span
from ledger.web.site.locale import chosen


def sponsor_facts(session: ReadSession, row: Agreement) -> Facts:
    """Return what a sponsor agreed to; the name for those who may know donors."""
    terms = terms_of(row)

    def money(quantity: int) -> str:
        return format_quantity(quantity, row.commodity, locale=chosen())

    about = row.terms.get("campaign")
    if about:
        target = session.get_one(Campaign, UUID(about)).title
        span = _("From the approval on, every day")
    else:
        fund = session.get_one(Fund, row.fund_id)
        target = _("Fund %(name)s, all contributions", name=fund.name)
        span = _("The days that a treasurer chooses, each once")
    facts = [
        (_("Contributions to"), target),
        (_("Adds"), format_share(terms.basis_points, locale=chosen())),
        (_("Maximum per contribution"), money(terms.per_gift) if terms.per_gift else _("none")),
        (_("Maximum in total"), money(terms.up_to)),
        (_("Matched so far"), money(matched_of(session, row))),
        (_("Days matched"), span),
    ]
    if visitor().may("read_donors", row.book_id):
        facts.insert(0, (_("Sponsor"), session.get_one(Party, UUID(row.terms["party"])).name))
    return facts


def _days(reference: str) -> str:
    """Return a step's reference with the days of a span as people read them."""
    span = span_named(reference)
    return reference if span is None else format_span(span.since, span.until, chosen())


def _match(session: Session, taken: Taken[SpanDone]) -> None:
    matching_sponsors.match_span(
        session,
        sponsor_id=taken.agreement_id,
        since=taken.answers.since,
        until=taken.answers.until,
        by=taken.by,
        on=taken.on,
        now=taken.now,
    )


register(
    KIND,
    AgreementPage(
        later("Matching sponsor"),
        steps={
            Move.MATCH: Step(
                later("Match contributions"),
                SpanDone,
                _match,
            ),
        },
        facts=sponsor_facts,
        reference_in_words=_days,
    ),
)
