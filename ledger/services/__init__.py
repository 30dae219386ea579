"""Deeds: they check, write rows and post entries in the caller's transaction; never commit."""
