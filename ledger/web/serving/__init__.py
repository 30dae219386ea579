"""What surrounds every request: its line in the log, its metrics, and files that never change."""
