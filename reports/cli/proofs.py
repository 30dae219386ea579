"""Commands that prove: state the log of a book, pack it for an auditor, verify a bundle."""

import sys
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast
from uuid import UUID

import click

from ledger.cli import OF_BOOK, Console, command, pass_console
from ledger.cli.files import written
from ledger.db import Session
from ledger.models.seals import Checkpoint
from ledger.queries.books.books import book_by_code
from ledger.services.books.seals import make_checkpoint
from ledger.signing import Signer, signer_of
from ledger.stored_files import StoredFiles
from reports import verify
from reports.bundle import make_bundle
from reports.evidence import pack_evidence
from reports.proofs import entry_proof, growth_proof

proofs = click.Group("proofs")


@command(proofs, "checkpoint")
@OF_BOOK
@pass_console
def checkpoint(console: Console, code: str) -> None:
    """Seal a book and write a signed checkpoint with the size and root of its log."""
    signer = signer_of_console(console)
    row = console.database().run(lambda session: _checkpoint(session, code, signer))
    origin, size, root = row.note.split("\n")[:3]
    console.answer(
        {
            "origin": origin,
            "size": int(size),
            "root": b64decode(root).hex(),
            "signature": row.note.rstrip("\n").rsplit(" ", 1)[1],
            "note": row.note,
            "key": signer.key_line,
        },
        # A signed note ends with one line break, which printing adds.
        row.note.removesuffix("\n"),
    )


@command(proofs, "bundle")
@OF_BOOK
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@pass_console
def bundle(console: Console, code: str, output: Path) -> None:
    """Pack a book for an auditor, with log, signed checkpoint, balances and verifier."""
    signer = signer_of_console(console)

    def pack(session: Session) -> tuple[Checkpoint, bytes]:
        row = _checkpoint(session, code, signer)
        book = book_by_code(session, code)
        return row, make_bundle(session, book=book, checkpoint=row, signer=signer)

    row, packed = console.database().run(pack)
    with written(output) as out:
        out.buffer.write(packed)
    root = b64decode(row.note.split("\n")[2]).hex()
    console.answer({"size": row.size, "root": root}, f"{output}: {row.size} leaves, root {root}")


@command(proofs, "evidence")
@OF_BOOK
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@pass_console
def evidence(console: Console, code: str, output: Path) -> None:
    """Pack the attached files of a book with what proves them: `verify --evidence` reads it."""
    files = StoredFiles.of(console.settings().data)
    with console.database().snapshot() as session, written(output, private=True) as out:
        book = book_by_code(session, code)
        packed = pack_evidence(session, cast(IO[bytes], out.buffer), book_id=book.id, files=files)
    for name in packed.missing:
        click.echo(f"Attached file {name} is missing or damaged. It was left out.", err=True)
    document = {
        "files": packed.files,
        "erased": packed.erased,
        "missing": [str(name) for name in packed.missing],
    }
    console.answer(document, f"{output}: {packed.files} files, {packed.erased} erased")


@command(proofs, "prove")
@OF_BOOK
@click.option(
    "--entry", "entry_id", type=click.UUID, help="Prove that the log contains this entry."
)
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Prove that the log only grew since this older checkpoint.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@pass_console
def prove(
    console: Console, code: str, entry_id: UUID | None, since: Path | None, output: Path
) -> None:
    """Write a proof without a bundle, of one entry or that the log only grew."""
    if (entry_id is None) == (since is None):
        raise click.UsageError("Use exactly one of --entry and --since.")
    signer = signer_of_console(console)
    older = since.read_text(encoding="utf-8", errors="replace") if since else ""

    def make(session: Session) -> tuple[Checkpoint, str]:
        row = _checkpoint(session, code, signer)
        book = book_by_code(session, code)
        if entry_id is not None:
            return row, entry_proof(
                session, book=book, entry_id=entry_id, checkpoint=row, signer=signer
            )
        return row, growth_proof(session, book=book, older=older, checkpoint=row, signer=signer)

    row, text = console.database().run(make)
    with written(output) as out:
        out.write(text)
    root = b64decode(row.note.split("\n")[2]).hex()
    console.answer(
        {"size": row.size, "root": root, "key": signer.key_line},
        f"{output}: verify it with --key '{signer.key_line}'",
    )


@command(proofs, "verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An older checkpoint, which must be a prefix of the log.",
)
@click.option(
    "--evidence",
    "attached",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The attached files, as `evidence` packs them.",
)
@click.option("--key", default=None, help="The key line you were given.")
@pass_console
def verify_file(
    console: Console, file: Path, since: Path | None, attached: Path | None, key: str | None
) -> None:
    """Prove offline that a bundle is complete and begins with an older checkpoint.

    Verifies the proofs that `prove` writes as well.
    """
    older = since.read_bytes() if since else None
    bundle, archive = file.read_bytes(), attached.read_bytes() if attached else None
    found = verify.with_evidence(verify.answer(bundle, since=older, key=key), bundle, archive)
    if not found["ok"]:
        click.echo(f"Not proven: {found['first_difference']}", err=True)
    if console.as_json or found["ok"]:
        console.answer(found, verify.sentence(found))
    if not found["ok"]:
        sys.exit(1)


def signer_of_console(console: Console) -> Signer:
    """Return who signs here."""
    settings = console.settings()
    return signer_of(settings.origin, settings.signing_seed)


def _checkpoint(session: Session, code: str, signer: Signer) -> Checkpoint:
    """Return the signed statement of a book's log, which must be ours."""
    book = book_by_code(session, code)
    row = make_checkpoint(session, book=book, signer=signer, now=datetime.now(UTC))
    signer.read(row.note)
    return row
