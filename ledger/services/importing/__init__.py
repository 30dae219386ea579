"""What other programs kept: ledgers, lists of gifts, tables."""
