"""Questions about attached files: what there is, where it belongs, what is there twice."""
