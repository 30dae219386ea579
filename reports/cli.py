"""Commands for reports and exports; hung on the command line by the program's start."""

import os
import sys
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from io import TextIOWrapper
from pathlib import Path

import click

from ledger.cli import Console, command, pass_console
from ledger.cli import parse_date as parse
from ledger.db import ReadSession, Session
from ledger.errors import Invalid
from ledger.models.seals import Checkpoint
from ledger.queries.books import book_by_code
from ledger.services.seals import make_checkpoint
from ledger.signing import Signer, signer_of
from reports import verify
from reports.build import EDITIONS, Scope, build, scope_of_all, scope_of_book, scope_of_pool
from reports.bundle import make_bundle
from reports.certificate import Certificate, certify
from reports.exports import FORMATS, export_journal
from reports.render import render_pdf


def register(cli: click.Group) -> None:
    """Hang ``report`` and ``export`` on the command line."""
    cli.add_command(report)
    cli.add_command(export)
    for one in proofs.commands.values():
        cli.add_command(one)


proofs = click.Group("proofs")


@click.group("report")
def report() -> None:
    """Reports as PDF."""


@click.group("export")
def export() -> None:
    """The books in other programs' formats."""


@command(report, "transparency")
@click.option("--book", "book_code", default=None)
@click.option("--pool", "pool_code", default=None)
@click.option("--all", "everything", is_flag=True)
@click.option("--from", "since", required=True)
@click.option("--to", "until", required=True)
@click.option("--edition", type=click.Choice(EDITIONS), default="public", show_default=True)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_console
def transparency(
    console: Console,
    book_code: str | None,
    pool_code: str | None,
    everything: bool,
    since: str,
    until: str,
    edition: str,
    output: Path,
) -> None:
    """Write the transparency report of a book, a pool with its members, or all."""
    if sum((book_code is not None, pool_code is not None, everything)) != 1:
        raise click.UsageError("Give one of --book, --pool and --all.")
    with console.database().snapshot() as session:
        made = build(
            session,
            scope=_scope(session, book_code, pool_code),
            since=_day(since),
            until=_day(until),
            edition=edition,
        )
    rendered = render_pdf(made, _certificates(console, made.books))
    _write(output, rendered.pdf)
    console.answer(
        {
            "pages": rendered.pages,
            "dataset_sha256": rendered.dataset_sha256,
            "pdf_sha256": rendered.pdf_sha256,
            "tied": True,
        },
        f"{output}: {rendered.pages} pages, dataset {rendered.dataset_sha256}",
    )


@command(export, "journal")
@click.option("--book", "code", required=True)
@click.option("--format", "file_format", required=True, type=click.Choice(list(FORMATS)))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_console
def journal(console: Console, code: str, file_format: str, output: Path) -> None:
    """Write the whole journal of a book."""
    with console.database().snapshot() as session:
        book = book_by_code(session, code)
        with _written(output) as out:
            done = export_journal(session, book=book, file_format=file_format, out=out)
    console.answer(
        {"entries": done.entries, "postings": done.postings},
        f"{output}: {done.entries} entries, {done.postings} postings",
    )


@command(proofs, "checkpoint")
@click.option("--book", "code", required=True)
@pass_console
def checkpoint(console: Console, code: str) -> None:
    """Seal a book and state size and root of its log, signed."""
    signer = _signer(console)
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
        row.note,
    )


@command(proofs, "bundle")
@click.option("--book", "code", required=True)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_console
def bundle(console: Console, code: str, output: Path) -> None:
    """Pack a book for an auditor: log, signed checkpoint, balances and the verifier."""
    signer = _signer(console)

    def pack(session: Session) -> tuple[Checkpoint, bytes]:
        row = _checkpoint(session, code, signer)
        book = book_by_code(session, code)
        return row, make_bundle(session, book=book, checkpoint=row, signer=signer)

    row, packed = console.database().run(pack)
    with _written(output) as out:
        out.buffer.write(packed)
    root = b64decode(row.note.split("\n")[2]).hex()
    console.answer({"size": row.size, "root": root}, f"{output}: {row.size} leaves, root {root}")


@command(proofs, "verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default=None, help="The key line you were given.")
@pass_console
def verify_bundle(console: Console, file: Path, since: Path | None, key: str | None) -> None:
    """Prove offline that a bundle is whole and an older checkpoint is its beginning."""
    older = since.read_bytes() if since else None
    found = verify.answer(file.read_bytes(), since=older, key=key)
    if not found["ok"]:
        click.echo(f"Not proven: {found['first_difference']}", err=True)
    if console.as_json or found["ok"]:
        console.answer(found, f"Whole and unchanged: {found['size']} leaves, root {found['root']}")
    if not found["ok"]:
        sys.exit(1)


def _certificates(
    console: Console, books: Sequence[tuple[str, str, str]]
) -> tuple[Certificate, ...]:
    """Seal the books of a report and state their logs."""
    signer = _signer(console)

    def deed(session: Session) -> tuple[Certificate, ...]:
        found = [book_by_code(session, code) for code, _name, _kind in books]
        return certify(session, books=found, signer=signer, now=datetime.now(UTC))

    return console.database().run(deed)


def _signer(console: Console) -> Signer:
    settings = console.settings()
    return signer_of(settings.origin, settings.signing_seed)


def _checkpoint(session: Session, code: str, signer: Signer) -> Checkpoint:
    """Return the signed statement of a book's log, which must be ours."""
    book = book_by_code(session, code)
    row = make_checkpoint(session, book=book, signer=signer, now=datetime.now(UTC))
    signer.read(row.note)
    return row


def _scope(session: ReadSession, book_code: str | None, pool_code: str | None) -> Scope:
    if book_code is not None:
        return scope_of_book(session, book_code)
    if pool_code is not None:
        return scope_of_pool(session, pool_code)
    return scope_of_all(session)


def _day(text: str) -> date:
    found = parse(text)
    if found is None:
        raise click.UsageError("A date is missing.")
    return found


def _write(path: Path, data: bytes) -> None:
    with _written(path) as out:
        out.buffer.write(data)


@contextmanager
def _written(path: Path) -> Iterator[TextIOWrapper]:
    """Yield a file to write to, which takes its place when all is well and not before.

    A link stays a link, and a pipe or device is written to: neither is replaced.
    """
    target = path.resolve()
    whole = target.is_file() or not target.exists()
    draft = target.with_name(f".{target.name}.{os.getpid()}.part") if whole else target
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            yield out
        if whole:
            draft.replace(target)
    except OSError as error:
        raise Invalid(f"The file cannot be written: {error.strerror}.", place=str(path)) from error
    finally:
        if whole:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
