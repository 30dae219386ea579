"""Questions about reconciliation: whether bank and books agree on a day, and what explains it."""
