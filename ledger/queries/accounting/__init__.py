"""Questions about periods."""
