"""The Stripe balance in the books: its transactions, payouts and fees."""
