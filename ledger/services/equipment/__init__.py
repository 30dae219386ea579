"""Equipment and supplies: received, valued, lent, depreciated, disposed of."""
