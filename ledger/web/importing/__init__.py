"""Pages that bring in files of other programs."""
