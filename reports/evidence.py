"""Pack the attached files of a book for an auditor, with the nonces that prove them.

``verify.py`` of the bundle compares each with the sealed log. Whoever has the archive sees the
receipts, so it is packed on the command line only, and never with the bundle, which may go around.
"""

import json
import zipfile
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from sqlalchemy import select

from ledger.db import ReadSession
from ledger.errors import Conflict
from ledger.models.evidence import Evidence
from ledger.stored_files import StoredFiles

MANIFEST = "manifest.json"
FORMAT = "poolbook-evidence-1"


@dataclass(frozen=True, slots=True)
class Packed:
    """How many files were packed and how many were erased, and which could not be read."""

    files: int
    erased: int
    missing: tuple[UUID, ...]


def pack_evidence(
    session: ReadSession, out: IO[bytes], *, book_id: UUID, files: StoredFiles
) -> Packed:
    """Write the files of a book, each named by its id, and the manifest that tells of them.

    An erased file is listed with the reason; nothing is left by which it could be confirmed.
    """
    told: list[dict[str, object]] = []
    erased, missing = 0, []
    rows = session.scalars(
        select(Evidence).where(Evidence.book_id == book_id).order_by(Evidence.id)
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for row in rows:
            one: dict[str, object] = {
                "id": str(row.id),
                "subject": row.subject,
                "subject_id": str(row.subject_id),
                "media_type": row.media_type,
            }
            told.append(one)
            if row.erased_at is not None:
                one["erased"] = row.erased_why or "no reason was kept"
                erased += 1
                continue
            one["nonce"] = row.nonce
            try:
                data = files.get(row.stored_sha256, row.file_key or "")
            except Conflict:
                missing.append(row.id)
                continue
            one["file"] = f"files/{row.id}"
            archive.writestr(f"files/{row.id}", data)
        document = {"format": FORMAT, "files": told}
        archive.writestr(MANIFEST, json.dumps(document, indent=1))
    return Packed(len(told) - erased - len(missing), erased, tuple(missing))
