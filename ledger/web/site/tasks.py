"""What waits for a treasurer, in words: on the desk, and before a period is closed."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

# What each kind of work is called beside how many of it wait.
_NAMES: Mapping[str, Callable[[int], str]] = {
    "bank_lines": lambda n: ngettext("bank line to match", "bank lines to match", n),
    "unidentified": lambda _n: _("unidentified receipts"),
    "payouts": lambda n: ngettext("payout on its way", "payouts on their way", n),
    "unposted": lambda n: ngettext(
        "Stripe transaction not booked", "Stripe transactions not booked", n
    ),
    "suspense": lambda n: ngettext(
        "unrecognised Stripe transaction", "unrecognised Stripe transactions", n
    ),
    "disputes": lambda n: ngettext(
        "dispute waiting for evidence", "disputes waiting for evidence", n
    ),
    "refunds": lambda n: ngettext("failed refund", "failed refunds", n),
    "owed_back": lambda _n: _("owed back to donors"),
    "differences": lambda n: ngettext(
        "difference between Stripe and the books", "differences between Stripe and the books", n
    ),
    "cash": lambda _n: _("cash not deposited"),
    "hours": lambda n: ngettext("record of hours to confirm", "records of hours to confirm", n),
    "valuations": lambda n: ngettext(
        "receipt of equipment without a value", "receipts of equipment without a value", n
    ),
    "agreements": lambda n: ngettext("bill or payment to come", "bills and payments to come", n),
    "shares": lambda n: ngettext("allocated share to pay out", "allocated shares to pay out", n),
    "proposals": lambda n: ngettext(
        "request waiting for an approver", "requests waiting for an approver", n
    ),
    "broken_rules": lambda n: ngettext(
        "rule that the nightly check found broken", "rules that the nightly check found broken", n
    ),
}


def task(count: int, kind: str) -> str:
    """Return what a kind of work is called beside how many of it wait."""
    return str(_NAMES[kind](count))
