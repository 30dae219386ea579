"""Every closed set of words that a row or a rule of the books uses, each written once.

The members carry the stored words: a column of one of these types holds no other word, because its
CHECK constraint is made from the members (``ledger.models.base``). A word added here needs a
migration. Words of one table alone stand beside that table. Must not know the database.
"""

from enum import StrEnum


class BookKind(StrEnum):
    """Whose accounts a book holds."""

    COMMUNITY = "community"
    POOL = "pool"


class AccountKind(StrEnum):
    """What an account is; the last four hold quantities and statistics, never value."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    STOCK = "stock"
    SOURCE = "source"
    USE = "use"
    MEMO = "memo"


class FundClass(StrEnum):
    """How a fund is restricted (domain section 2.2)."""

    UNRESTRICTED = "unrestricted"
    DESIGNATED = "designated"
    PURPOSE = "purpose"
    TIME = "time"
    PURPOSE_TIME = "purpose_time"
    ENDOWMENT_EXPENDABLE = "endowment_expendable"
    ENDOWMENT_PERMANENT = "endowment_permanent"
    AGENCY = "agency"


class CommodityKind(StrEnum):
    """What a commodity counts (domain section 3.1)."""

    CURRENCY = "currency"
    HOLDING = "holding"
    TIME = "time"
    ITEM = "item"
    BULK = "bulk"


class Role(StrEnum):
    """What a person may do in a book (domain section 11)."""

    MEMBER = "member"
    TREASURER = "treasurer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


class PartyKind(StrEnum):
    """Who a donor is."""

    INDIVIDUAL = "individual"
    COMMUNITY = "community"


class Consent(StrEnum):
    """How a donor wishes to be shown in public."""

    NAME = "name"
    INITIALS = "initials"
    ANONYMOUS = "anonymous"


class PledgeState(StrEnum):
    """How a pledge stands (domain section 2.3)."""

    OPEN = "open"
    PART_FULFILLED = "part_fulfilled"
    FULFILLED = "fulfilled"
    OVER_FULFILLED = "over_fulfilled"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    WRITTEN_OFF = "written_off"
    CHARGED_BACK = "charged_back"


# More of these pledges is expected.
OPEN_PLEDGES = (PledgeState.OPEN, PledgeState.PART_FULFILLED)


class LegalNature(StrEnum):
    """Whether a pledge is owed (ASC 958-605)."""

    INTENTION = "intention"
    CONDITIONAL = "conditional"
    UNCONDITIONAL = "unconditional"


class FulfilmentSource(StrEnum):
    """What made a part of a pledge good; the last two open it again."""

    PAYMENT = "payment"
    BANK_LINE = "bank_line"
    CASH = "cash"
    ASSET = "asset"
    HOURS = "hours"
    GIFT_LIST = "gift_list"
    REFUND = "refund"
    RETURN = "return"
    UNDONE = "undone"


class CampaignMode(StrEnum):
    """Whether a campaign keeps what arrives before it has what it needs."""

    KEEP_WHAT_YOU_RAISE = "keep_what_you_raise"
    ALL_OR_NOTHING = "all_or_nothing"


class CampaignState(StrEnum):
    """How a campaign stands."""

    DRAFT = "draft"
    LIVE = "live"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CLOSED = "closed"


class FeeBearer(StrEnum):
    """Which fund pays Stripe's fee: the campaign's own, or the general one."""

    FUND = "fund"
    GENERAL = "general"


class Acceptance(StrEnum):
    """Who accepts offers of hours and equipment: the organiser, or nobody."""

    BY_HAND = "by_hand"
    ALL_CONFIRMED = "all_confirmed"


class AttemptKind(StrEnum):
    """What is asked of Stripe: ``checkout`` takes money on its page, ``setup`` saves a card there,
    ``subscription`` begins a recurring gift there, ``off_session`` charges a saved card."""

    CHECKOUT = "checkout"
    SETUP = "setup"
    SUBSCRIPTION = "subscription"
    OFF_SESSION = "off_session"


class AttemptState(StrEnum):
    """How far an attempt to pay has come; ``posted`` once it is in the books."""

    CREATED = "created"
    OPEN = "open"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    POSTED = "posted"
    FAILED = "failed"
    EXPIRED = "expired"


class MandateState(StrEnum):
    """Whether a saved card may be charged: ``asked`` while the donor is on Stripe's page,
    ``needs_donor`` once it was refused and only its owner can help, ``ended`` once detached."""

    ASKED = "asked"
    SAVED = "saved"
    NEEDS_DONOR = "needs_donor"
    ENDED = "ended"


class RecurringState(StrEnum):
    """How a recurring gift stands: ``asked`` while the donor is on Stripe's page, ``past_due``
    while a renewal is tried again."""

    ASKED = "asked"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    STOPPED = "stopped"


class Interval(StrEnum):
    """How often a recurring gift is taken."""

    MONTH = "month"
    YEAR = "year"


class RefundState(StrEnum):
    """How far a refund has come; ``unanswered`` while Stripe's answer was lost, ``bounced`` when
    the money came back to us."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    APPROVED = "approved"
    UNANSWERED = "unanswered"
    SENT = "sent"
    POSTED = "posted"
    FAILED = "failed"
    BOUNCED = "bounced"


class RequestState(StrEnum):
    """How an approval request stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
