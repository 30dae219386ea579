"""The mail worker: hands what is due in the outbox to the relay, beside the other work.

A thread of its own: a relay that answers slowly keeps neither seals nor payments waiting.
"""

from collections.abc import Callable
from datetime import datetime
from threading import Event

from ledger.db import Database
from ledger.failures import Failures
from ledger.links import Links
from ledger.mail import Connection, Letter, MailDown, MailLater, MailRefused, MailServer
from ledger.models.people import OutboxMessage
from ledger.services.jobs import jobs, outbox

PAUSE_SECONDS = 1.0


def run(
    db: Database,
    server: MailServer,
    links: Links,
    clock: Callable[[], datetime],
    stop: Event,
) -> None:
    """Send what is due until told to stop; no single failure ends the loop."""
    relay, passes = Failures("the mail relay"), Failures("sending mail failed")
    while not stop.is_set():
        now = clock()
        try:
            db.run(lambda session, now=now: jobs.heartbeat(session, process=jobs.MAIL, now=now))  # type: ignore[misc]
            send_due(db, server, links, now=now)
            relay.end()
            passes.end()
        except MailDown as error:
            relay.add(str(error))
        except Exception as error:
            passes.add(type(error).__name__, error)
        stop.wait(max(relay.pause(), passes.pause(), PAUSE_SECONDS))


def send_due(db: Database, server: MailServer, links: Links, *, now: datetime) -> int:
    """Send every message that is due and return how many the relay took.

    Raises MailDown when the relay takes none now; what was not sent is tried again later.
    """
    sent = 0
    while rows := db.run(lambda session: outbox.claim(session, now=now)):
        try:
            with server.connected() as relay:
                while rows:
                    sent += _send(db, relay, rows[0], links, now)
                    rows = rows[1:]
        except MailDown as error:
            for row in rows:
                _later(db, row, str(error), now)
            raise
    return sent


def _send(db: Database, relay: Connection, row: OutboxMessage, links: Links, now: datetime) -> bool:
    """Send one message and note what became of it. Raises MailDown."""
    letter = Letter(row.id, row.to_email, row.subject, links.fill(row.body), row.created_at)
    try:
        relay.send(letter)
    except MailLater as error:
        _later(db, row, str(error), now)
        return False
    except MailRefused as refusal:
        told = str(refusal)
        db.run(lambda session: outbox.note_refused(session, message_id=row.id, error=told))
        return False
    db.run(lambda session: outbox.note_sent(session, message_id=row.id, now=now))
    return True


def _later(db: Database, row: OutboxMessage, error: str, now: datetime) -> None:
    db.run(
        lambda session: outbox.note_later(
            session, message_id=row.id, attempts=row.attempts, error=error, now=now
        )
    )
