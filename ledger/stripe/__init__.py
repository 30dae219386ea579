"""Stripe as the rest of the program sees it: payment pages, the webhook, and the sync."""
