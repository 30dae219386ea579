"""A book's settings, for its admin: one page for each section, and one that leads to them all."""
