"""Commands by capability: they check, write rows and post entries, and never commit."""
