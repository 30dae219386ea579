"""Files attached to entries, bank lines, agreements and more: kept, sealed, erased."""
