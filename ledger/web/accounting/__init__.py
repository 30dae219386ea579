"""Pages of the journal and of periods."""
