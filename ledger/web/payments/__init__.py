"""Pages for Stripe payouts, refunds and unrecognised transactions."""
