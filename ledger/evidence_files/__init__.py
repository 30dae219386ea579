"""Files that people attach: what may be kept, and what is left of it once it is harmless.

Photos and scans as JPEG or PNG, documents as PDF. What a file is, its first bytes say; its name and
what the browser calls it count for nothing. Reading it happens in a child process with bounds on
time and memory (``child``). Must not know the database.
"""

from ledger.evidence_files.inspection import MAX_BYTES, Inspected, inspect

__all__ = ["MAX_BYTES", "Inspected", "inspect"]
