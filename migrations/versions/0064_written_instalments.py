"""Keep the instalments of written pledges where those of all other pledges are."""

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

agreement = sa.table(
    "commitment", sa.column("id", sa.Uuid), sa.column("kind"), sa.column("terms", sa.JSON)
)
step = sa.table(
    "commitment_step",
    sa.column("commitment_id", sa.Uuid),
    sa.column("name"),
    sa.column("quantity", sa.BigInteger),
)
line = sa.table(
    "pledge_line",
    sa.column("pledge_id", sa.Uuid),
    sa.column("n", sa.SmallInteger),
    sa.column("due_on", sa.Date),
    sa.column("quantity", sa.BigInteger),
)


def upgrade() -> None:
    """Write down the instalments of written pledges; the last holds what was added later.

    A pledge that is paid at once has none.
    """
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    added: Counter[UUID] = Counter()
    steps = sa.select(step.c.commitment_id, step.c.quantity).where(step.c.name == "increase")
    for agreement_id, quantity in bind.execute(steps):
        added[agreement_id] += quantity
    known = set(bind.scalars(sa.select(line.c.pledge_id).distinct()))
    rows: list[dict[str, Any]] = []
    written = sa.select(agreement.c.id, agreement.c.terms).where(agreement.c.kind == "promise")
    for agreement_id, terms in bind.execute(written):
        schedule, pledge_id = terms.get("schedule", []), terms.get("pledge")
        if pledge_id is None or len(schedule) < 2 or UUID(pledge_id) in known:
            continue
        for n, (day, amount) in enumerate(schedule, start=1):
            more = added[agreement_id] if n == len(schedule) else 0
            rows.append(
                {
                    "pledge_id": UUID(pledge_id),
                    "n": n,
                    "due_on": date.fromisoformat(day),
                    "quantity": amount + more,
                }
            )
    if rows:
        bind.execute(sa.insert(line), rows)


def downgrade() -> None:
    """Leave them: they say what the letters say."""
