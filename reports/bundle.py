"""Pack a book for an auditor: its log, the signed checkpoint, the balances and the verifier."""

import hashlib
from pathlib import Path

from ledger.core.merkle import leaf_hash
from ledger.db import ReadSession
from ledger.errors import Conflict
from ledger.models.books import Book
from ledger.models.seals import Checkpoint
from ledger.queries.books.balances import trial_balance
from ledger.queries.books.seals import first_difference, sealed_leaves
from ledger.signing import Signer
from reports import verify

README = """Books of {name} ({code})

log.jsonl          every account, fund and entry in the order they were sealed
checkpoint.txt     the length and root of the log, signed
hashes.txt         the hash of each line of the log
key.txt            the key of the signature. Compare it with the key you were given
trial-balance.csv  the balance of every account, fund and commodity, in smallest units
manifest.txt       the hash of every file of this bundle, signed
verify.py          the proof: python3 verify.py {code}.zip

The proof needs only Python 3.11. It shows that nothing has changed since the
checkpoint was signed. It cannot show that what was recorded is true.
"""


def make_bundle(
    session: ReadSession, *, book: Book, checkpoint: Checkpoint, signer: Signer
) -> bytes:
    """Return the bundle of a book at a checkpoint; equal books give equal bytes.

    Raises Conflict, naming the first difference, when the books are not what was sealed.
    """
    signer.read(checkpoint.note)
    code, name, book_id = book.code, book.name, book.id
    size, note = checkpoint.size, checkpoint.note
    _agree, difference = first_difference(session, book_id)
    if difference is not None:
        raise Conflict(
            "The books differ from their log: {difference}.", place=code, difference=difference
        )
    lines = [
        leaf.data
        for seal, leaf in sealed_leaves(session, book_id)
        if leaf is not None and seal.seq < size
    ]
    balances = {
        (row.account, row.fund, row.commodity): row.quantity
        for row in trial_balance(session, book_id=book_id)
    }
    files = {
        "README.txt": README.format(code=code, name=name).encode(),
        "checkpoint.txt": note.encode(),
        "hashes.txt": b"".join(leaf_hash(line).hex().encode() + b"\n" for line in lines),
        "key.txt": f"{signer.key_line}\n".encode(),
        "log.jsonl": b"".join(line + b"\n" for line in lines),
        "trial-balance.csv": verify.balance_csv(balances).encode(),
        "verify.py": Path(verify.__file__).read_bytes(),
    }
    listed = "".join(
        f"{hashlib.sha256(files[file]).hexdigest()}  {file}\n" for file in sorted(files)
    )
    files["manifest.txt"] = signer.sign(listed).encode()
    return verify.pack(files)
