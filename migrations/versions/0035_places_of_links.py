"""Places for links in messages stand between signs that nobody can type.

Until now a name or a message could look like one, and got a link to what is somebody else's when
the message was sent.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BEFORE = re.compile(r"\[(link:(?:recurring|pledge|sign_in):[0-9a-f]{32})\]")
AFTER = re.compile("\x02(link:(?:recurring|pledge|sign_in):[0-9a-f]{32})\x03")


def upgrade() -> None:
    """Mark the places in messages that wait to be sent."""
    _replace(BEFORE, "\x02", "\x03")


def downgrade() -> None:
    """Write them as before."""
    _replace(AFTER, "[", "]")


def _replace(place: re.Pattern[str], begin: str, end: str) -> None:
    connection = op.get_bind()
    message = sa.table("outbox_message", sa.column("id", sa.Uuid()), sa.column("body", sa.Text()))
    rows = connection.execute(sa.select(message).where(message.c.body.contains("link:")))
    for row_id, body in rows.all():
        marked = place.sub(lambda found: f"{begin}{found[1]}{end}", body)
        if marked != body:
            connection.execute(message.update().where(message.c.id == row_id).values(body=marked))
