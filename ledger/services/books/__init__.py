"""Books and funds, the journal, and the sealed log behind it."""
