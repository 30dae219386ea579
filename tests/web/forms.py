"""Every form of the pages: where it is, who sends it, and what a good answer looks like.

Also the bad answers that each kind of field has to refuse.
"""

from dataclasses import dataclass, field

from tests.web.town import TODAY

LONG = "x" * 10_000
NUL = "a\0b"
FORCED = "\u202e00.52 \u202c"


@dataclass(frozen=True)
class Form:
    """A form: its endpoint, who sends it, good answers, and the kind of each field."""

    endpoint: str
    who: str
    good: dict[str, str]
    kinds: dict[str, str] = field(default_factory=dict)

    def bad(self) -> list[tuple[str, str, str | None]]:
        """Every (why, field, wrong answer); None leaves the field out."""
        return [
            (f"{name} {why}", name, answer)
            for name, kind in self.kinds.items()
            for why, answer in BAD[kind].items()
        ]


_ANYTHING = {"too long": LONG, "with a NUL": NUL, "turned by force": FORCED}
_NEEDED = {"missing": None, "empty": "", "blank": "   "}
_NUMBER = {
    **_NEEDED,
    **_ANYTHING,
    "negative": "-5",
    "zero": "0",
    "not a number": "NaN",
    "endless": "Infinity",
    "with an exponent": "1e3",
    "in words": "five",
    "two numbers": "5 5",
    "markup": "<b>5</b>",
    "an enormous number": "9" * 30,
}
BAD: dict[str, dict[str, str | None]] = {
    "money": {
        **_NUMBER,
        "of three decimals": "1.005",
        "with a decimal comma": "12,50",
        "with points for thousands": "1.250,50",
        "with a sign of currency": "$5",
        "with a dangling point": "5.",
        "zero in cents": "0.00",
    },
    "weight": {"negative": "-1", "broken": "1.5", "in words": "five", "with a NUL": NUL},
    "cap": {"negative": "-1", "of three decimals": "1.005", "in words": "five", "with a NUL": NUL},
    "optional choice": {"not on the list": "maybe", "with a NUL": NUL},
    "optional day": {"of no day": "2026-02-30", "in words": "today", "with a NUL": NUL},
    "time": {**_NUMBER, "of half a minute": "0:00:30", "minutes above sixty": "1:75"},
    "count": {**_NUMBER, "of a half": "1.5", "too many": "10001"},
    "date": {
        **_NEEDED,
        **_ANYTHING,
        "of a day that never is": "2026-02-30",
        "in another order": "30.11.2026",
        "in words": "today",
        "with an hour": "2026-11-02T10:00",
    },
    "past": {
        **_NEEDED,
        "of a day that never is": "2026-02-30",
        "still ahead": "2026-11-03",
        "at the end of time": "9999-12-31",
        "in words": "today",
        "with a NUL": NUL,
    },
    "schedule": {
        **_NEEDED,
        **_ANYTHING,
        "without an amount": "2027-01-31",
        "without a day": "50.00",
        "of no day": "2027-02-30 50",
        "of nothing": "2027-01-31 0",
        "not in order": "2027-01-31 50\n2026-12-31 50",
        "of one day twice": "2027-01-31 50\n2027-01-31 50",
    },
    "percent": {"negative": "-1", "of a hundred": "100", "in words": "five", "with a NUL": NUL},
    "text": {**_NEEDED, **_ANYTHING},
    "note": _ANYTHING,
    "code": {**_NEEDED, **_ANYTHING, "unknown": "NOWHERE", "injected": "GEN' OR 1=1 --"},
    "choice": {**_NEEDED, **_ANYTHING, "not on the list": "maybe", "two at once": "AB"},
    "email": {
        **_NEEDED,
        **_ANYTHING,
        "without a domain": "ada@",
        "without an at sign": "ada.example.org",
        "two addresses": "ada@example.org, bob@example.org",
        "a second header": "ada@example.org\r\nBcc: bob@example.org",
    },
    "reference": {**_ANYTHING, "unknown": "P-NOWHERE-0"},
    "box": {"neither ticked nor left": "perhaps", "with a NUL": NUL},
}

DAY = TODAY.isoformat()
FORMS = (
    Form(
        "pledges.send",
        "nobody",
        {
            "money": "5",
            "name": "Ada Hill",
            "email": "ada@example.org",
            "consent": "initials",
            "message": "",
            "form_key": "k",
        },
        {
            "name": "text",
            "email": "email",
            "consent": "choice",
            "message": "note",
            "form_key": "text",
        },
    ),
    Form(
        "sign_in.ask",
        "nobody",
        {"email": "ada@example.org"},
        {"email": "email"},
    ),
    Form(
        "hours.log",
        "member",
        {
            "book": "A",
            "fund": "GEN",
            "commodity": "MIN.ELEC",
            "worked": "1:30",
            "worked_on": DAY,
            "description": "Cables",
            "pledge": "",
        },
        {
            "book": "code",
            "fund": "code",
            "commodity": "code",
            "worked": "time",
            "worked_on": "past",
            "description": "text",
            "pledge": "reference",
        },
    ),
    Form(
        "things.receive",
        "member",
        {
            "book": "A",
            "fund": "GEN",
            "commodity": "EQP.PROJECTOR",
            "quantity": "1",
            "description": "A projector",
            "condition": "B",
            "received_on": DAY,
            "pledge": "",
        },
        {
            "book": "code",
            "fund": "code",
            "commodity": "code",
            "quantity": "count",
            "description": "text",
            "condition": "choice",
            "received_on": "past",
            "pledge": "reference",
        },
    ),
    Form(
        "things.value",
        "member",
        {"total": "250.50", "method": "price_list", "evidence": "A shop's list"},
        {"total": "money", "method": "choice", "evidence": "text"},
    ),
    Form(
        "items.let_go",
        "member",
        {"way": "sold", "price": "5", "reason": "Nobody uses it"},
        {"way": "choice", "reason": "text"},
    ),
    Form(
        "items.give_on",
        "member",
        {"receiver": "B", "fund": "GEN", "reason": "They need it more"},
        {"receiver": "code", "reason": "text"},
    ),
    Form(
        "things.lend",
        "member",
        {"borrower": "B", "purpose": "A film night", "due_on": DAY},
        {"borrower": "code", "purpose": "text", "due_on": "date"},
    ),
    Form(
        "journal.correct",
        "treasurer",
        {"from_fund": "GEN", "to_fund": "SOLAR", "reason": "It was for the roof"},
        {"from_fund": "code", "to_fund": "code", "reason": "text"},
    ),
    Form("journal.take_back", "treasurer", {"why": "Counted twice"}, {"why": "text"}),
    Form(
        "bank_tables.say",
        "treasurer",
        {
            "heading_line": "1",
            "day_format": "dmy",
            "decimal_mark": ",",
            "encoding": "utf-8",
            "currency": "USD",
            "opening": "1.00",
            "money_out": "aus",
            "booked": "",
            "column-1": "day",
            "column-2": "counterparty",
            "column-3": "amount",
            "deed": "preview",
        },
        {
            "heading_line": "choice",
            "day_format": "choice",
            "decimal_mark": "box",
            "currency": "note",
            "opening": "note",
            "money_out": "note",
            "booked": "note",
            "column-1": "box",
            "column-3": "box",
            "deed": "choice",
        },
    ),
    Form(
        "gift_lists.say",
        "treasurer",
        {
            "heading_line": "1",
            "day_format": "dmy",
            "decimal_mark": ",",
            "encoding": "utf-8",
            "currency": "USD",
            "purpose": "fund:GEN",
            "account": "1010",
            "column-1": "counterparty",
            "column-2": "email",
            "column-3": "amount",
            "column-4": "day",
            "deed": "preview",
        },
        {
            "heading_line": "choice",
            "currency": "note",
            "purpose": "code",
            "account": "choice",
            "without_email": "box",
            "column-3": "box",
            "deed": "choice",
        },
    ),
    Form(
        "statements.match",
        "treasurer",
        {"meaning": "gift", "target": "GEN"},
        {"meaning": "choice", "target": "code"},
    ),
    Form("statements.undo", "treasurer", {"why": "Another giver"}, {"why": "text"}),
    Form(
        "offline.record",
        "treasurer",
        {
            "amount": "5",
            "fund": "GEN",
            "received_on": DAY,
            "pledge": "",
            "key": "k",
            "deed": "count",
        },
        {
            "amount": "money",
            "fund": "code",
            "received_on": "past",
            "pledge": "reference",
            "key": "text",
            "deed": "choice",
        },
    ),
    Form(
        "by_hand.do",
        "treasurer",
        {
            "name": "Ann Field",
            "email": "ann@example.org",
            "consent": "initials",
            "fund": "GEN",
            "schedule": "2027-01-31 50.00",
            "basis_points": "2.5",
            "reason": "A signed letter",
            "step": "do",
        },
        {
            "name": "text",
            "email": "email",
            "consent": "choice",
            "fund": "code",
            "schedule": "schedule",
            "basis_points": "percent",
            "reason": "text",
        },
    ),
    Form("suspense.name", "treasurer", {"fund": "GEN"}, {"fund": "code"}),
    Form(
        "payouts.refund",
        "treasurer",
        {"amount": "5", "reason": "Paid twice"},
        {"amount": "money", "reason": "text"},
    ),
    Form(
        "transfers.propose",
        "treasurer",
        {"receiver": "B", "amount": "5", "fund": "GEN", "reason": "Seeds"},
        {"receiver": "code", "amount": "money", "fund": "code", "reason": "text"},
    ),
    Form(
        "commitments.ask",
        "member",
        {
            "title": "Cable",
            "amount": "5",
            "fund": "GEN",
            "account": "5110",
            "function": "programme",
            "reason": "For the roof",
        },
        {
            "title": "text",
            "amount": "money",
            "fund": "code",
            "function": "choice",
            "reason": "text",
        },
    ),
    Form(
        "commitments.carry_out",
        "treasurer",
        {"amount": "5", "done_on": DAY},
        {"amount": "money", "done_on": "past"},
    ),
    Form(
        "cost_sharing.propose",
        "treasurer",
        {
            "title": "Hall hire",
            "amount": "90",
            "fund": "GEN",
            "measure-A": "5",
            "measure-B": "3",
            "reason": "By hours of use",
        },
        {
            "title": "text",
            "amount": "money",
            "fund": "code",
            "measure-B": "weight",
            "reason": "text",
        },
    ),
    Form(
        "calls.draft",
        "treasurer",
        {
            "title": "A well",
            "slug": "a-well",
            "summary": "Water for all",
            "story": "We dig.",
            "fund": "GEN",
            "mode": "all_or_nothing",
            "fee_bearer": "fund",
            "opens_on": DAY,
            "deadline_on": "2026-12-31",
            "currencies": "",
            "need-0": "USD",
            "label-0": "Pipes",
            "minimum-0": "100",
            "optimum-0": "200",
            "deed": "keep",
        },
        {
            "title": "text",
            "slug": "text",
            "summary": "text",
            "story": "text",
            "fund": "code",
            "mode": "choice",
            "fee_bearer": "choice",
            "opens_on": "date",
            "deadline_on": "optional day",
            "need-0": "choice",
            "label-0": "text",
            "minimum-0": "money",
        },
    ),
    Form(
        "calls.correct",
        "treasurer",
        {
            "title": "A roof of panels",
            "summary": "Panels for all",
            "story": "It pays for itself.",
            "label-0": "Panels and cable",
            "label-1": "A beamer",
            "label-2": "People who wire",
            "deed": "keep",
        },
        {
            "title": "text",
            "summary": "text",
            "story": "text",
            "label-1": "text",
            "deed": "choice",
        },
    ),
    Form(
        "sponsors.propose",
        "treasurer",
        {
            "name": "Sam Sponsor",
            "email": "sam@example.org",
            "campaign": "solar-roof",
            "percent": "100",
            "up_to": "500",
            "per_gift": "20",
            "reason": "Signed terms",
            "deed": "propose",
        },
        {
            "name": "text",
            "email": "email",
            "campaign": "code",
            "percent": "count",
            "up_to": "money",
            "reason": "text",
            "deed": "choice",
        },
    ),
    Form(
        "periods.close",
        "treasurer",
        {"until": "2026-01-31", "reason": "Bank and books agree"},
        {"until": "past", "reason": "text"},
    ),
    Form(
        "periods.soft_close",
        "treasurer",
        {"until": "2026-01-31", "reason": "Bank and books agree"},
        {"until": "past", "reason": "text"},
    ),
    Form(
        "allocations.propose",
        "treasurer",
        {
            "amount": "5",
            "rule": "equal",
            "purpose": "Seeds",
            "weight-A": "",
            "weight-B": "",
            "cap-A": "",
            "rest": "",
            "since": "",
            "until": "",
        },
        {
            "amount": "money",
            "rule": "choice",
            "purpose": "text",
            "weight-A": "weight",
            "cap-A": "cap",
            "rest": "optional choice",
            "since": "optional day",
        },
    ),
    Form(
        "pool_agreements.propose",
        "treasurer",
        {
            "name": "Three Streams",
            "code": "STREAMS",
            "fund": "POOL",
            "held_fund": "",
            "own_fund": "GEN",
            "fee_basis_points": "2.5",
            "story": "For all",
            "reason": "The members met",
        },
        {
            "name": "text",
            "code": "text",
            "fund": "text",
            "fee_basis_points": "percent",
            "story": "text",
            "reason": "text",
        },
    ),
    Form(
        "pool_agreements.join",
        "treasurer",
        {"pool": "Q", "fund": "GEN", "reason": "The members met"},
        {"pool": "code", "fund": "code", "reason": "text"},
    ),
    Form(
        "approvals.change",
        "admin",
        {"kind": "loan", "two_from": "", "three_from": "", "reason": "We grew"},
        {"kind": "choice", "two_from": "weight", "three_from": "weight", "reason": "text"},
    ),
    Form(
        "queue.decide",
        "approver",
        {"answer": "approve", "note": ""},
        {"answer": "choice", "note": "note"},
    ),
    Form(
        "settings.describe",
        "admin",
        {"name": "The Hall", "place": "Halle", "story": "We share.", "time_zone": "UTC"},
        {"name": "text", "place": "note", "story": "note", "time_zone": "code"},
    ),
    Form(
        "settings.open_fund",
        "admin",
        {"code": "ROOF", "fund_name": "Roof", "fund_class": "purpose", "purpose": "A roof"},
        {"code": "text", "fund_name": "text", "fund_class": "choice", "purpose": "note"},
    ),
    Form(
        "settings.add_kind",
        "admin",
        {"kind": "EQP", "singular": "canoe", "plural": "canoes"},
        {"kind": "choice", "singular": "text", "plural": "note"},
    ),
    Form(
        "people.give",
        "admin",
        {"name": "Pia New", "email": "pia@example.org", "role": "member"},
        {"name": "text", "email": "email", "role": "choice"},
    ),
    Form(
        "factor_policy.set_demand",
        "admin",
        {"role": "auditor", "demand": "asked"},
        {"role": "choice", "demand": "choice"},
    ),
    Form(
        "tokens.create",
        "member",
        {"name": "A script", "days": "90", "pledge:A": "on"},
        {"name": "text", "days": "choice", "pledge:A": "optional choice"},
    ),
)
# In a basket nothing has to be offered in particular: an empty or zero offer is left out.
OFFERS = {"money": "money", "give-EQP.PROJECTOR": "count", "give-MIN.ELEC": "time"}
LEFT_OUT = ("missing", "empty", "blank", "zero", "zero in cents")
