"""Pages for volunteer hours."""
