"""Manual entries: what no bank line and no donor brings into the books."""
