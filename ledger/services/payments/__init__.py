"""Payments by card and bank debit, monthly gifts, refunds and disputes."""
