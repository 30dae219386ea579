"""Questions that cross capabilities: what waits on the desk."""
