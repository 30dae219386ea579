"""The public page of a campaign says what a sponsor adds, with both of its caps."""

import pytest
from sqlalchemy import select

from ledger.core.match_gifts import Terms
from ledger.db import Database, Session
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Fund
from ledger.queries.books.books import book_by_code
from ledger.queries.campaigns.campaigns import campaign_by_slug
from ledger.services.approvals import decisions
from ledger.services.campaigns import matching_sponsors
from tests.conftest import NOW
from tests.factories import make_party
from tests.worlds.town import Town, found_town


@pytest.mark.parametrize(
    ("per_gift", "notice"),
    [
        (
            5_000,
            "to every contribution, up to $50.00 per contribution and $1,000.00 in total.",
        ),
        (0, "adds 100 % to every contribution, up to $1,000.00 in total."),
    ],
)
def test_a_notice_names_the_cap_of_one_gift_where_there_is_one(
    db: Database, per_gift: int, notice: str
) -> None:
    town: Town = found_town(db)

    def sponsor(session: Session) -> None:
        book = book_by_code(session, "A")
        campaign = campaign_by_slug(session, "solar-roof")
        matching_sponsors.propose_sponsor(
            session,
            offer=matching_sponsors.SponsorOffer(
                party=make_party(session, "sam@example.org", "Sam Post"),
                terms=Terms(up_to=100_000, basis_points=10_000, per_gift=per_gift),
                evidence="Signed terms",
            ),
            book=book,
            fund=session.get_one(Fund, campaign.fund_id),
            made_by=town.people["treasurer"],
            now=NOW,
            campaign_id=campaign.id,
        )
        asked = session.scalars(
            select(ApprovalRequest).where(ApprovalRequest.kind == "sponsor")
        ).one()
        decisions.decide(
            session,
            request_id=asked.id,
            approve=True,
            decided_by=town.people["approver"],
            note="",
            now=NOW,
        )

    town.tell(sponsor)
    assert notice in " ".join(town.client().get("/campaigns/solar-roof").text.split())
