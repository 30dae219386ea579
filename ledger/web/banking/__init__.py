"""Pages for bank statements and cash."""
