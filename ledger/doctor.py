"""Examine an installation: each part by using it, and what to do where one is not well.

Looks only; nothing is changed and no message is sent. What Stripe and the relay answer is told
without their words.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.config import Settings
from ledger.core.written import counted
from ledger.db import Database
from ledger.environment import SECRET_SIGNS
from ledger.gateway import GatewayDown, PaymentGateway
from ledger.mail import MailDown, MailServer
from ledger.models.jobs import Heartbeat
from ledger.queries.jobs import installation
from ledger.queries.jobs.check_runs import last_check
from ledger.services.jobs.jobs import BACKUP, WORKER
from migrations import head, revision_of

SILENCE = timedelta(minutes=1)
BACKUP_AGE = timedelta(days=2)
CHECK_AGE = timedelta(days=2)
CLOCK_GAP = timedelta(seconds=30)
FREE_BYTES = 1024**3
OTHERS = 0o077
NOTO = Path("/usr/share/fonts")
FONTS = ("truetype/noto/NotoSans-Regular.ttf", "opentype/noto/NotoSansCJK-Regular.ttc")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, what was found, and how to fix it if it did not."""

    part: str
    ok: bool
    told: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined, and when."""

    settings: Settings
    db: Database
    gateway: PaymentGateway | None
    now: datetime


def examine(patient: Patient) -> list[Finding]:
    """Return what was found of every part, in the order in which to mend them."""
    found = [_database(patient)]
    if found[0].ok:
        found += [look(patient) for look in _IN_DATABASE]
    return found + [look(patient) for look in _OUTSIDE]


def _database(patient: Patient) -> Finding:
    try:
        with patient.db.engine.connect() as connection:
            revision = revision_of(connection)
    except SQLAlchemyError as error:
        return Finding(
            "database",
            False,
            f"no response ({type(error).__name__})",
            "Start the database, or correct POOLBOOK_DATABASE_URL.",
        )
    if revision is None:
        return Finding("database", False, "empty", "Run `poolbook setup`.")
    if revision != head():
        return Finding(
            "database",
            False,
            f"revision {revision}, but the program needs {head()}",
            "Stop serve and worker, run `poolbook backup`, then `poolbook init`."
            if revision < head()
            else "Install the newer version of Poolbook that this database was used with.",
        )
    return Finding("database", True, f"{patient.db.engine.dialect.name}, revision {revision}")


def _clock(patient: Patient) -> Finding:
    """Compare with the database server's clock, and with what was recorded last."""
    with patient.db.snapshot() as session:
        newest = installation.newest_record(session)
        theirs = None if patient.db.is_sqlite else session.scalar(select(func.clock_timestamp()))
    ahead = max((found - patient.now for found in (newest, theirs) if found), default=timedelta())
    behind = patient.now - theirs if theirs else timedelta()
    gap = max(ahead, behind)
    return Finding(
        "clock",
        gap < CLOCK_GAP,
        f"{gap.total_seconds():.0f} s off" if gap > timedelta() else "agrees",
        "Set the clock of this machine by NTP (timedatectl set-ntp true).",
    )


def _worker(patient: Patient) -> Finding:
    at = _beat(patient, WORKER)
    ok = at is not None and abs(patient.now - at) < SILENCE
    return Finding("worker", ok, _since(patient, at), "Start `poolbook worker`.")


def _jobs(patient: Patient) -> Finding:
    with patient.db.snapshot() as session:
        count = installation.jobs_given_up(session)
    return Finding(
        "jobs",
        not count,
        f"{count} failed",
        "See the worker's log for the reason. `poolbook stripe sync` fetches from Stripe again.",
    )


def _check(patient: Patient) -> Finding:
    """Look at what the nightly check found, and whether it was made."""
    with patient.db.snapshot() as session:
        found = last_check(session)
    if found is not None and found.failed_rules:
        told = f"broken: {', '.join(found.failed_rules)}"
        return Finding("check", False, told, "Run `poolbook check`, which names what breaks them.")
    return Finding(
        "check",
        found is not None and patient.now - found.checked_at < CHECK_AGE,
        _since(patient, found.checked_at if found else None),
        "See the worker's log for why it does not check, or run `poolbook check --record`.",
    )


def _backup(patient: Patient) -> Finding:
    at = _beat(patient, BACKUP)
    return Finding(
        "backup",
        at is not None and patient.now - at < BACKUP_AGE,
        _since(patient, at),
        "Run `poolbook backup FILE` every night by a timer, and store the file elsewhere.",
    )


def _people(patient: Patient) -> Finding:
    with patient.db.snapshot() as session:
        books = installation.books_without_admin(session, now=patient.now)
    return Finding(
        "people",
        not books,
        f"no admin in {', '.join(books)}" if books else "every book has an admin",
        "Run `poolbook role give EMAIL BOOK admin`.",
    )


def _outbox(patient: Patient) -> Finding:
    with patient.db.snapshot() as session:
        waiting, given_up = installation.mail_in_trouble(session, now=patient.now)
    return Finding(
        "outbox",
        not waiting and not given_up,
        f"{waiting} waiting for more than an hour, {given_up} failed this week",
        "See `poolbook mail list` for the reason, then run `poolbook mail retry`.",
    )


def _mail(patient: Patient) -> Finding:
    mail = patient.settings.mail
    if mail is None:
        return Finding(
            "mail",
            patient.settings.demo,
            "no mail server is set",
            "Set POOLBOOK_MAIL_URL and POOLBOOK_MAIL_FROM, then `poolbook mail test EMAIL`.",
        )
    try:
        with MailServer(mail, patient.settings.base_url).connected():
            return Finding("mail", True, f"{mail.host} accepts the login")
    except MailDown as error:
        return Finding("mail", False, f"{mail.host}: {error}", "Correct POOLBOOK_MAIL_URL.")


def _stripe(patient: Patient) -> Finding:
    if patient.gateway is None:
        return Finding(
            "stripe",
            False,
            "no key, so card payments are off",
            "Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.",
        )
    try:
        patient.gateway.retrieve_account()
    except GatewayDown:
        return Finding("stripe", False, "no response", "Wait, or see status.stripe.com.")
    except Exception as error:
        return Finding(
            "stripe",
            False,
            f"rejected ({type(error).__name__})",
            "Copy the secret key again from Stripe's dashboard.",
        )
    return Finding("stripe", True, "live" if patient.settings.livemode else "test money")


def _messages(patient: Patient) -> Finding:
    with patient.db.snapshot() as session:
        missed = installation.movements_without_message(session, now=patient.now)
    return Finding(
        "webhook",
        not missed,
        "payments at Stripe without a webhook message" if missed else "no message is missing",
        f"In Stripe's dashboard, send events to {patient.settings.base_url}/webhooks/stripe.",
    )


def _address(patient: Patient) -> Finding:
    parts = urlsplit(patient.settings.base_url)
    close_by = parts.hostname in LOOPBACK
    ok = parts.scheme == "https" or close_by
    return Finding(
        "address",
        ok and (patient.settings.demo or not close_by),
        patient.settings.base_url,
        "Set POOLBOOK_BASE_URL to the public https address. Links in mail and Stripe need it.",
    )


def _secrets(patient: Patient) -> Finding:
    short = [
        name
        for name, secret in (
            ("POOLBOOK_SECRET_KEY", patient.settings.secret_key),
            ("POOLBOOK_SIGNING_SEED", patient.settings.signing_seed),
        )
        if len(secret) < SECRET_SIGNS
    ]
    return Finding(
        "secrets",
        not short,
        f"{' and '.join(short)} is short" if short else "long enough",
        "Leave it unset. Poolbook then makes one in the data folder.",
    )


def _files(patient: Patient) -> Finding:
    folder = patient.settings.data
    open_ones = sorted(path.name for path in _open_to_others(folder))
    return Finding(
        "files",
        not open_ones,
        f"readable by others: {', '.join(open_ones[:5])}" if open_ones else "private",
        f"Run `chmod -R go= {folder}`.",
    )


def _open_to_others(folder: Path) -> Iterator[Path]:
    for root, _folders, names in os.walk(folder):
        for path in (Path(root), *(Path(root) / name for name in names)):
            with suppress(FileNotFoundError):
                if path.stat().st_mode & OTHERS:
                    yield path


def _disk(patient: Patient) -> Finding:
    folder = patient.settings.data
    free = shutil.disk_usage(folder if folder.exists() else Path()).free
    return Finding(
        "disk",
        free >= FREE_BYTES,
        f"{free // 1024**2} MB free",
        f"Free some space where {folder} is. Poolbook cannot write when the disk is full.",
    )


def _fonts(_patient: Patient) -> Finding:
    missing = [name for name in FONTS if not (NOTO / name).exists()]
    return Finding(
        "fonts",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "Noto is installed",
        "Run `apt-get install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji`.",
    )


def _beat(patient: Patient, process: str) -> datetime | None:
    with patient.db.snapshot() as session:
        row = session.get(Heartbeat, process)
        return row.at if row else None


def _since(patient: Patient, at: datetime | None) -> str:
    if at is None:
        return "never"
    minutes = (patient.now - at) // timedelta(minutes=1)
    return f"{counted(minutes, 'minute', 'minutes')} ago" if minutes else "a moment ago"


_IN_DATABASE: tuple[Callable[[Patient], Finding], ...] = (
    *(_clock, _worker, _jobs, _check, _backup, _people, _outbox, _messages),
)
_OUTSIDE: tuple[Callable[[Patient], Finding], ...] = (
    *(_address, _secrets, _mail, _stripe, _files, _disk, _fonts),
)
