"""The Stripe balance: its movements, and the payouts that empty it."""

import re
from datetime import datetime
from typing import Any

import stripe
from stripe.params import BalanceTransactionListParams

from ledger.gateway.connection import PAGE, Connection, id_of, instant_of, translated
from ledger.gateway.objects import BalanceTransaction, Payout

A_DISPUTE = re.compile(r"\b(?:du|dp)_[A-Za-z0-9]+")


class Balances(Connection):
    """Movements of the balance, and payouts."""

    def list_balance_transactions(
        self, *, since: datetime | None = None, payout_id: str | None = None
    ) -> list[BalanceTransaction]:
        """Return the movements of the balance, oldest first."""
        params: BalanceTransactionListParams = {"limit": PAGE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if payout_id is not None:
            params["payout"] = payout_id
        with translated():
            first = self.client.v1.balance_transactions.list(params)
            found = [_transaction(item, self.livemode) for item in first.auto_paging_iter()]
        return found[::-1]

    def read_balance(self) -> dict[str, int]:
        """Return what is on the balance by currency, available or not."""
        with translated():
            found = self.client.v1.balance.retrieve()
        self.check_mode(found.livemode)
        sums: dict[str, int] = {}
        rows = [(part.currency.upper(), part.amount) for part in found.available]
        rows += [(part.currency.upper(), part.amount) for part in found.pending]
        for currency, amount in rows:
            sums[currency] = sums.get(currency, 0) + amount
        return sums

    def retrieve_payout(self, payout_id: str) -> Payout:
        """Return a payout."""
        with translated():
            found = self.client.v1.payouts.retrieve(payout_id)
        self.check_mode(found.livemode)
        trace = found.trace_id.value if found.trace_id else None
        return Payout(
            id=found.id,
            amount=found.amount,
            currency=found.currency.upper(),
            status=found.status,
            arrival_on=instant_of(found.arrival_date).date(),
            descriptor=found.statement_descriptor or "STRIPE",
            trace=trace or "",
            created_at=instant_of(found.created),
            automatic=found.automatic,
        )


def _dispute_in(words: str | None) -> str | None:
    """Return the dispute that a fee by itself is for: Stripe names it in words alone. What it
    leads to is asked of Stripe again, so that strange words cost nothing but a question."""
    found = A_DISPUTE.search(words or "")
    return found.group() if found else None


def _transaction(found: stripe.BalanceTransaction, livemode: bool) -> BalanceTransaction:
    return BalanceTransaction(
        id=found.id,
        livemode=livemode,
        kind=found.type,
        reporting_category=found.reporting_category,
        amount=found.amount,
        fee=found.fee,
        net=found.net,
        currency=found.currency.upper(),
        source_id=id_of(found.source) or _dispute_in(found.description),
        created_at=instant_of(found.created),
        available_on=instant_of(found.available_on).date(),
        body=_impersonal(found.to_dict()),
    )


def _impersonal(body: dict[str, Any]) -> dict[str, Any]:
    """Return a movement without its description, in which a person may be named."""
    return {**body, "description": None}
