"""A community's kinds of manual entry, as a table: their words, fields and service.

``pages`` shows the forms and opens the transactions. Must not know Flask's request.
"""

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as later

from ledger.core.vocabulary import LegalNature
from ledger.errors import Conflict, Invalid
from ledger.ids import uuid_of
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.assets import AssetLoan
from ledger.models.hours import HoursEntry
from ledger.models.payments import BalanceTransaction
from ledger.queries.books.books import fund_by_code
from ledger.queries.books.journal import entries_named
from ledger.queries.pledges.pledges import pledge_by_reference
from ledger.schemas.fields import asked
from ledger.services.accounting import exchange
from ledger.services.banking import cash, mistakes, repayments
from ledger.services.books.books import ensure_commodity
from ledger.services.equipment import contributed_use, low_value_items, supplies
from ledger.services.equipment.assets import Receipt
from ledger.services.payments import refund_settlement
from ledger.services.pledges import pledges, receivables
from ledger.services.volunteering import hours
from ledger.web.manual_entries import answers
from ledger.web.manual_entries.forms import Entered, EntryKind


def _promise(told: Entered[answers.Promise]) -> Agreement:
    return receivables.propose_promise(
        told.session,
        party=told.party(told.answers),
        book=told.book,
        fund=told.fund(told.answers.fund),
        letter=receivables.Letter(
            evidence=told.answers.reason,
            schedule=told.answers.schedule,
            basis_points=told.answers.basis_points,
        ),
        made_by=told.by,
        now=told.now,
    )


def _spoken_pledge(told: Entered[answers.SpokenPledge]) -> UUID:
    pledge = pledges.make_promise(
        told.session,
        promised=pledges.Promised(
            party=told.party(told.answers),
            book=told.book,
            fund=told.fund(told.answers.fund),
            quantity=told.answers.amount,
            legal_nature=LegalNature.INTENTION,
            due_on=told.answers.due_on,
        ),
        on=told.today,
        now=told.now,
        made_by=told.by,
    )
    name = str(pledge.id)
    return entries_named(told.session, book_id=told.book.id, sources=["pledge"], references=[name])[
        name
    ]


def _pledge_taken_back(told: Entered[answers.PledgeTakenBack]) -> UUID:
    reference = told.answers.pledge.upper()
    pledge = pledge_by_reference(told.session, told.book.id, reference)
    if pledge is None:
        raise Invalid("This book has no such pledge.", place="pledge")
    return pledges.cancel_pledge(
        told.session, pledge_id=pledge.id, on=told.answers.done_on, now=told.now, made_by=told.by
    )


def _allowance(told: Entered[answers.Allowance]) -> ApprovalRequest:
    return receivables.propose_allowance(
        told.session,
        book=told.book,
        fund=told.fund(told.answers.fund),
        amount=told.answers.amount,
        reason=told.answers.reason,
        made_by=told.by,
        now=told.now,
    )


def _foreign_gift(told: Entered[answers.ForeignGift]) -> UUID:
    entry_id, _value = exchange.receive_foreign_gift(
        told.session,
        book=told.book,
        fund=told.fund(told.answers.fund),
        gift=exchange.ForeignGift(
            foreign=told.answers.foreign.upper(),
            amount=told.answers.amount,
            rate_millionths=told.answers.rate,
            reference=told.answers.reference,
        ),
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )
    return entry_id


def _foreign_sale(told: Entered[answers.ForeignSale]) -> UUID:
    return exchange.sell_foreign(
        told.session,
        book=told.book,
        fund=told.fund(told.answers.fund),
        sale=exchange.ForeignSale(
            foreign=told.answers.foreign.upper(),
            amount=told.answers.amount,
            received=told.answers.received,
            reference=told.answers.reference,
        ),
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )


def _revaluation(told: Entered[answers.Revaluation]) -> UUID:
    entry_id, _gain = exchange.revalue(
        told.session,
        book=told.book,
        fund=told.fund(told.answers.fund),
        rates_millionths=told.answers.rates,
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )
    if entry_id is None:
        raise Conflict("At these rates, there is nothing to revalue.", place="rates")
    return entry_id


def _material(told: Entered[answers.Material]) -> ApprovalRequest:
    name = told.answers.commodity
    code = f"{told.answers.unit}.{'_'.join(name.upper().split())}"
    noun = f"{UNITS[told.answers.unit]} {name}"
    ensure_commodity(told.session, code, singular=noun, plural=noun)
    return supplies.propose_material(
        told.session,
        book=told.book,
        fund=told.fund(told.answers.fund),
        material=supplies.Material(code, told.answers.quantity, told.answers.value),
        evidence=told.answers.reason,
        made_by=told.by,
        now=told.now,
    )


def _material_used(told: Entered[answers.MaterialUsed]) -> UUID:
    fund, _slash, commodity = told.answers.stock.partition("/")
    entry_id, _value = supplies.use_material(
        told.session,
        book=told.book,
        fund=fund_by_code(told.session, told.book.id, fund),
        used=supplies.MaterialUse(
            commodity=commodity, quantity=told.answers.quantity, reference=told.answers.reference
        ),
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )
    return entry_id


def _small_gift(told: Entered[answers.SmallGift]) -> ApprovalRequest:
    return low_value_items.propose_small_gift(
        told.session,
        book=told.book,
        fund=told.fund(told.answers.fund),
        receipt=Receipt(
            commodity=told.answers.thing,
            quantity=told.answers.items,
            description=told.answers.description,
            condition=told.answers.condition,
            received_on=told.answers.received_on,
        ),
        evidence=told.answers.reason,
        value=told.answers.value,
        made_by=told.by,
        now=told.now,
    )


def _free_use(told: Entered[answers.FreeUse]) -> ApprovalRequest:
    loan = told.session.get(AssetLoan, told.answers.loan)
    if loan is None or loan.borrower_id != told.book.id:
        raise Invalid("This community has not borrowed this equipment.", place="loan")
    return contributed_use.propose_use(
        told.session,
        loan_id=loan.id,
        evidence=told.answers.reason,
        days=told.answers.days,
        value=told.answers.value,
        made_by=told.by,
        now=told.now,
    )


def _bounced_cheque(told: Entered[answers.BouncedCheque]) -> UUID:
    return cash.bounce_cheque(
        told.session,
        book=told.book,
        cheque=cash.ReturnedCheque(
            entry_id=told.answers.entry, charge=told.answers.charge or 0, amount=told.answers.amount
        ),
        general_fund=told.fund(told.answers.general_fund),
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )


def _given_by_mistake(told: Entered[answers.GivenByMistake]) -> UUID:
    brought = uuid_of(told.answers.contribution)
    if brought is not None:
        return mistakes.owe_back(
            told.session,
            book=told.book,
            entry_id=brought,
            amount=told.answers.amount,
            by=told.by,
            on=told.answers.done_on,
            now=told.now,
        )
    txn = told.session.get(BalanceTransaction, told.answers.contribution)
    if txn is None or txn.book_id != told.book.id or txn.source_id is None:
        raise Invalid("This book has no such contribution.", place="contribution")
    return refund_settlement.owe_back(
        told.session,
        charge_id=txn.source_id,
        amount=told.answers.amount,
        on=told.answers.done_on,
        now=told.now,
        made_by=told.by,
    )


def _donor_repaid(told: Entered[answers.DonorRepaid]) -> UUID:
    return repayments.repay(
        told.session,
        book=told.book,
        owed=told.answers.owed,
        amount=told.answers.amount,
        by=told.by,
        on=told.answers.done_on,
        now=told.now,
    )


def _hours_not_worked(told: Entered[answers.HoursNotWorked]) -> ApprovalRequest:
    row = told.session.get(HoursEntry, told.answers.hours)
    if row is None or row.book_id != told.book.id:
        raise Invalid("This community has no such record of hours.", place="hours")
    return hours.propose_hours_correction(
        told.session,
        hours_id=row.id,
        minutes=told.answers.minutes,
        reason=told.answers.reason,
        made_by=told.by,
        now=told.now,
    )


# How quantities in bulk are called: the unit, before what it is.
UNITS = {"GRM": "g", "MLT": "ml"}

_FOREIGN = {
    "amount": asked(later("Amount in that currency")),
}

COMMUNITY_KINDS: dict[str, EntryKind[Any]] = {
    "promise": EntryKind(
        "promises",
        later("Written pledge"),
        later("A donor owes you money under a signed letter. An approver checks the letter."),
        answers.Promise,
        _promise,
        asks=True,
        tried=True,
        words={"reason": asked(later("Letter (signed by whom, and when)"))},
    ),
    "spoken-pledge": EntryKind(
        "promises",
        later("Pledge by phone"),
        later("A donor intends to give. The pledge becomes income once it is paid."),
        answers.SpokenPledge,
        _spoken_pledge,
    ),
    "pledge-taken-back": EntryKind(
        "promises",
        later("Withdrawn pledge"),
        later("A donor told you that they will not pay the rest of a pledge."),
        answers.PledgeTakenBack,
        _pledge_taken_back,
    ),
    "allowance": EntryKind(
        "promises",
        later("Allowance for doubtful pledges"),
        later("Sets aside the part of a fund's pledges that may never be paid."),
        answers.Allowance,
        _allowance,
        asks=True,
        tried=True,
        words={
            "amount": asked(
                later("Amount"),
                later("If empty, your policies decide by the age of the pledges."),
            )
        },
    ),
    "foreign-gift": EntryKind(
        "foreign",
        later("Contribution in another currency"),
        later("Money received in an account of another currency."),
        answers.ForeignGift,
        _foreign_gift,
        tried=True,
        words=_FOREIGN,
    ),
    "foreign-sale": EntryKind(
        "foreign",
        later("Currency exchange"),
        later("The bank sold foreign money and paid you in your own currency."),
        answers.ForeignSale,
        _foreign_sale,
        tried=True,
        words=_FOREIGN,
    ),
    "revaluation": EntryKind(
        "foreign",
        later("Revaluation at closing rates"),
        later(
            "Revalues foreign money at the rates of a closing day. The change is a gain or loss."
        ),
        answers.Revaluation,
        _revaluation,
        tried=True,
    ),
    "material": EntryKind(
        "things",
        later("Supplies received"),
        later("Sand, paint or flour, with their value. An approver agrees to the value."),
        answers.Material,
        _material,
        asks=True,
        words={"quantity": asked(later("Quantity"), later("In grams or millilitres."))},
    ),
    "material-used": EntryKind(
        "things",
        later("Supplies used"),
        later("Removes used supplies from stock, at their value there."),
        answers.MaterialUsed,
        _material_used,
        tried=True,
        words={"quantity": asked(later("Quantity"), later("In grams or millilitres."))},
    ),
    "small-gift": EntryKind(
        "things",
        later("Low-value items"),
        later("Items given and used up at once, such as small tools. An approver agrees."),
        answers.SmallGift,
        _small_gift,
        asks=True,
    ),
    "free-use": EntryKind(
        "things",
        later("Contributed use of assets"),
        later("The value of using equipment that was lent to you for free."),
        answers.FreeUse,
        _free_use,
        asks=True,
    ),
    "bounced-cheque": EntryKind(
        "mistakes",
        later("Returned cheque"),
        later("The bank returned a cheque that you had deposited."),
        answers.BouncedCheque,
        _bounced_cheque,
        tried=True,
        words={
            "amount": asked(
                later("Amount of the cheque"),
                later("Only for a deposit without recorded items."),
            )
        },
    ),
    "given-by-mistake": EntryKind(
        "mistakes",
        later("Contribution made by mistake"),
        later(
            "A donor gave twice, or the wrong amount, by card or direct debit. It is no longer "
            "income: you owe it back until you refund it or pay it back by bank."
        ),
        answers.GivenByMistake,
        _given_by_mistake,
        tried=True,
        words={
            "amount": asked(
                later("Amount to give back"), later("If empty, all that is left of it.")
            ),
        },
    ),
    "donor-repaid": EntryKind(
        "mistakes",
        later("Donor paid back by bank"),
        later(
            "You transferred what you owe back to a donor. Match the bank line to this entry, or "
            "match the line on the bank page instead."
        ),
        answers.DonorRepaid,
        _donor_repaid,
        tried=True,
        words={"amount": asked(later("Amount"), later("If empty, all that is owed."))},
    ),
    "hours-not-worked": EntryKind(
        "mistakes",
        later("Hours not worked"),
        later("Reverses confirmed hours with their share of the value. An approver agrees."),
        answers.HoursNotWorked,
        _hours_not_worked,
        asks=True,
    ),
}
