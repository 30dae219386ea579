"""Periods, corrections, opening balances, transfers between funds, manual entries, currencies."""
