"""The transparency report: books in, pages out. Reads the journal, never writes it."""
