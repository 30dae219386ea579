"""Pages for reconciliation statements."""
