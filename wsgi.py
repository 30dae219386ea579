"""Start Poolbook: hang every door on one program. The only file that knows everybody."""

from ledger.cli import main

__all__ = ["main"]
