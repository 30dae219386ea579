"""Questions about books, balances, the journal, its seals and issued reports."""
