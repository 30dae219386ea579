"""What a pledge form offers, and what of it a campaign can take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger.core.amount import is_currency, kind_of
from ledger.core.card_amounts import refusal
from ledger.core.currencies import exponent
from ledger.core.instalments import instalments
from ledger.core.vocabulary import CampaignMode, CampaignState
from ledger.db import ReadSession
from ledger.errors import Conflict, Invalid
from ledger.models.campaigns import Campaign
from ledger.queries.campaigns.campaigns import needs_of

LIMITS = {"money": 10**12, "things": 10_000, "hours": 100_000}


@dataclass(frozen=True, slots=True)
class Line:
    """One offer; ``quantity`` in the commodity's smallest unit, ``cover`` what of it is to cover
    the fee, ``parts`` the months over which money is spread."""

    commodity: str
    quantity: int
    note: str = ""
    cover: int = 0
    parts: int = 1


def smallest(commodity: str) -> int:
    """Return the least that can be offered of a commodity, in its smallest unit."""
    return 10 ** exponent(commodity) if is_currency(commodity) else 1


def check_open(campaign: Campaign, today: date) -> None:
    """Refuse what comes before a campaign has begun or after it is over. Raises Conflict."""
    over = campaign.deadline_on is not None and today > campaign.deadline_on
    if campaign.state != CampaignState.LIVE or over:
        raise Conflict("This campaign is over and takes no more pledges.", place="campaign")
    if today < campaign.opens_on:
        raise Conflict("This campaign has not started yet.", place="campaign")


def check_lines(
    session: ReadSession, campaign: Campaign, lines: Sequence[Line], *, by_card: bool
) -> None:
    """Refuse what a campaign does not ask for, and amounts that cannot be given.

    Raises Invalid with a sentence for each commodity.
    """
    if not lines:
        raise Invalid("Choose what you would like to pledge.", place="lines")
    wanted = {need.commodity for need in needs_of(session, campaign_id=campaign.id)}
    wanted |= {campaign.commodity, *campaign.currencies.split()}
    messages: dict[str, list[str]] = {}
    seen: set[str] = set()
    for line in lines:
        if line.commodity not in wanted:
            sentence = "This campaign does not ask for this."
        elif line.commodity in seen:
            sentence = "This is offered twice."
        elif line.quantity <= 0 or not 0 <= line.cover < line.quantity:
            sentence = "Offer an amount above zero."
        elif line.quantity < smallest(line.commodity):
            # Who tests stolen cards gives little; who gives less than this mostly pays the fee.
            sentence = "Enter an amount of at least 1."
        elif line.quantity > LIMITS[kind_of(line.commodity)]:
            sentence = "This is more than can be offered at once."
        elif line.parts > 1 and (
            not is_currency(line.commodity) or campaign.mode == CampaignMode.ALL_OR_NOTHING
        ):
            sentence = "This cannot be given in instalments."
        elif by_card and is_currency(line.commodity) and _uncharged(line):
            sentence = _uncharged(line)
        else:
            seen.add(line.commodity)
            continue
        messages[line.commodity] = [sentence]
    if messages:
        raise Invalid(
            "Some of your pledges cannot be accepted. Check the entries below.",
            place="lines",
            messages=messages,
        )


def _uncharged(line: Line) -> str:
    """Return why a card cannot be charged with a line or one of its parts; empty if it can."""
    parts = instalments(line.quantity, line.parts, date.min) if line.parts > 1 else []
    amounts = {part.quantity for part in parts} or {line.quantity}
    return next((said for amount in amounts if (said := refusal(amount, line.commodity))), "")
