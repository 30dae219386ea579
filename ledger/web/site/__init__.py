"""What every page shares: context, formatting, errors, language, idempotency."""
