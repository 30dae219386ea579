"""Public pages, health, and the style guide."""
