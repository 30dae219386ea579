"""The Stripe sandbox: a server of its own that speaks Stripe's API and moves no real money.

A double for tests and demos, kept in one SQLite file so that a kill loses nothing. Of the ledger
it imports the decimals of ISO 4217 alone; it knows Stripe's contract and nothing of Poolbook.
"""

from ledger.sandbox.server import create_app, serve

__all__ = ["create_app", "serve"]
