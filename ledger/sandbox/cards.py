"""Stripe's test cards and test bank accounts, by number and by token: how each of them behaves.

The numbers and what they do are those of Stripe's page on testing. Must not touch the store.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Means:
    """A test card or bank account.

    ``asks`` says when the bank wants to hear the holder: always, unless_set_up (on-session, and
    off-session until it was set up), on_session. ``refuses`` is the code of every charge's
    decline; ``kept`` says whether it can be saved all the same. ``then`` is what follows a
    charge: a dispute's reason, or inquiry. ``refund`` is how refunds go: pending or failing.
    """

    number: str
    tokens: tuple[str, ...] = ()
    brand: str = "visa"
    kind: str = "card"
    asks: str = ""
    refuses: str = ""
    kept: bool = True
    then: str = ""
    refund: str = ""
    slow: bool = False

    @property
    def last4(self) -> str:
        """Return the last four signs."""
        return self.number[-4:]

    @property
    def country(self) -> str:
        """Return where it was issued."""
        return self.number[:2] if self.kind == "sepa_debit" else "US"


def _card(number: str, *tokens: str, **how: str) -> Means:
    return Means(number, tuple(f"pm_card_{token}" for token in tokens), **how)  # type: ignore[arg-type]


def _refused(number: str, code: str, *tokens: str) -> Means:
    names = tuple(f"pm_card_{token}" for token in tokens)
    return Means(number, names, refuses=code, kept=False)


def _iban(number: str, token: str, **how: str | bool) -> Means:
    names = (f"pm_sepaDebit_{token}",)
    return Means(number, names, brand="", kind="sepa_debit", **how)  # type: ignore[arg-type]


def _bank(number: str, token: str, **how: str | bool) -> Means:
    names = (f"pm_usBankAccount_{token}",)
    return Means(number, names, brand="", kind="us_bank_account", **how)  # type: ignore[arg-type]


ALL = (
    _card("4242424242424242", "visa"),
    _card("4000056655665556", "visa_debit"),
    _card("5555555555554444", "mastercard", brand="mastercard"),
    _card("378282246310005", "amex", brand="amex"),
    _card("4000000000000077", "bypassPending"),
    _refused("4000000000000002", "generic_decline", "visa_chargeDeclined", "chargeDeclined"),
    _refused(
        "4000000000009995",
        "insufficient_funds",
        "visa_chargeDeclinedInsufficientFunds",
        "chargeDeclinedInsufficientFunds",
    ),
    _refused("4000000000009987", "lost_card", "visa_chargeDeclinedLostCard"),
    _refused("4000000000009979", "stolen_card", "visa_chargeDeclinedStolenCard"),
    _refused("4000000000000069", "expired_card", "chargeDeclinedExpiredCard"),
    _refused("4000000000000127", "incorrect_cvc", "chargeDeclinedIncorrectCvc"),
    _refused("4000000000000119", "processing_error", "chargeDeclinedProcessingError"),
    _refused(
        "4000000000006975", "card_velocity_exceeded", "visa_chargeDeclinedVelocityLimitExceeded"
    ),
    _card("4000000000000341", "chargeCustomerFail", refuses="generic_decline"),
    _card("4000002500003155", "authenticationRequiredOnSetup", asks="unless_set_up"),
    _card("4000002760003184", "authenticationRequired", asks="always"),
    _card("4000003800000446", "authenticationRequiredSetupForOffSession", asks="on_session"),
    _card(
        "4000008260003178",
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        asks="on_session",
        refuses="insufficient_funds",
    ),
    _card("4000000000003220", "threeDSecure2Required", asks="always"),
    _card(
        "4000008400001629",
        "threeDSecureRequiredChargeDeclined",
        asks="always",
        refuses="generic_decline",
    ),
    _card("4000000000003055", "threeDSecureOptional"),
    _card("4000000000000259", "createDispute", then="fraudulent"),
    _card("4000000000002685", "createDisputeProductNotReceived", then="product_not_received"),
    _card("4000000000001976", "createDisputeInquiry", then="inquiry"),
    _card("4000000000007726", "pendingRefund", refund="pending"),
    _card("4000000000005126", "refundFail", refund="failing"),
    _iban("AT611904300234573201", "success_at"),
    _iban("DE89370400440532013000", "success_de"),
    _iban("AT321904300235473204", "successDelayed_at", slow=True),
    _iban("AT861904300235473202", "failed_at", refuses="debit_not_authorized"),
    _iban("DE62370400440532013001", "failed_de", refuses="debit_not_authorized"),
    _iban("AT051904300235473205", "failedDelayed_at", refuses="debit_not_authorized", slow=True),
    _iban("AT981904300002222227", "insufficientFunds_at", refuses="insufficient_funds"),
    _iban("AT591904300235473203", "disputed_at", then="debit_not_authorized"),
    _bank("000123456789", "success"),
    _bank("000111111113", "accountClosed", refuses="account_closed"),
    _bank("000111111116", "noAccount", refuses="no_account"),
    _bank("000222222227", "insufficientFunds", refuses="insufficient_funds"),
    _bank("000333333335", "debitNotAuthorized", refuses="debit_not_authorized"),
    _bank("000555555559", "dispute", then="debit_not_authorized"),
    _bank("000000000009", "processing", slow=True),
)
BY_NUMBER = {means.number: means for means in ALL}
BY_TOKEN = {token: means for means in ALL for token in means.tokens}

SENTENCES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": (
        "Your card was declined. This transaction requires authentication."
    ),
    "incorrect_number": "Your card number is incorrect.",
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account could not be found.",
    "debit_not_authorized": "The holder of the account did not allow this debit.",
    "refused_by_holder": "We are unable to authenticate your payment method.",
}
# Codes of their own; every other reason is a card_declined with a decline code.
OWN_CODES = ("expired_card", "incorrect_cvc", "processing_error", "authentication_required")


def found(number: str) -> Means | None:
    """Return the test card or account of a number as people type it, or None."""
    return BY_NUMBER.get("".join(sign for sign in number if sign.isalnum()).upper())


def code_of(reason: str, kind: str) -> str:
    """Return the error code of a reason: a bank account's reasons are codes by themselves."""
    if kind == "card" and reason not in OWN_CODES:
        return "card_declined"
    if kind != "card" and reason == "insufficient_funds":
        return "payment_intent_payment_attempt_failed"
    return reason


def sentence_of(reason: str, kind: str) -> str:
    """Return what the holder is told."""
    if kind != "card" and reason == "insufficient_funds":
        return "The bank account has insufficient funds."
    return SENTENCES.get(reason, SENTENCES["generic_decline"])
