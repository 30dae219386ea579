"""Poolbook: the ledger for communities that pool money, equipment and volunteer hours."""
