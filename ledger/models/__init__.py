"""Tables only, one noun per file. Importing this package registers every table."""

from ledger.models import (
    assets,
    balances,
    books,
    campaigns,
    commitments,
    hours,
    jobs,
    journal,
    parties,
    payments,
    people,
    periods,
    pledges,
    pools,
    proposals,
    seals,
    statements,
)
from ledger.models.base import Base

__all__ = [
    "Base",
    "assets",
    "balances",
    "books",
    "campaigns",
    "commitments",
    "hours",
    "jobs",
    "journal",
    "parties",
    "payments",
    "people",
    "periods",
    "pledges",
    "pools",
    "proposals",
    "seals",
    "statements",
]
