"""Pages of pools and of transfers between communities."""
