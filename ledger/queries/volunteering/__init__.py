"""Questions about volunteer hours."""
