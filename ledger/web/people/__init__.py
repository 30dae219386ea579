"""Pages about people, their rights and their data."""
