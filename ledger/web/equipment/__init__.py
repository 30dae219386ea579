"""Pages for equipment."""
