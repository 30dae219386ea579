"""Let a treasurer split a bank line, say more of what it is, and note why.

Parts that the bank itemised stay as they are: nobody split them.
"""

import sqlalchemy as sa
from alembic import op

from migrations.tables import change_table

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CHECK = "ck_match_rule"
BEFORE = (
    *("M-01", "M-05", "M-09", "M-12", "gift", "unidentified", "identified"),
    *("entry", "owed_refund"),
)
ADDED = (
    *("interest", "own_transfer", "held_for_others", "cost", "cost_refund", "bill"),
    *("expense", "grant", "settlement", "deposit"),
)


def upgrade() -> None:
    """Add the columns and the words."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("bank_line_part", sa.Column("split_by", sa.Uuid()))
    op.add_column("bank_line_part", sa.Column("split_of", sa.Uuid()))
    op.add_column("bank_line_part", sa.Column("replaced_at", INSTANT))
    note = sa.Column("note", sa.String, nullable=False, server_default="")
    op.add_column("match", note)
    _allow(BEFORE + ADDED)


def downgrade() -> None:
    """Take them back; refuses while a line is split or matched by one of the words."""
    _allow(BEFORE)
    op.drop_column("match", "note")
    op.drop_column("bank_line_part", "replaced_at")
    op.drop_column("bank_line_part", "split_of")
    op.drop_column("bank_line_part", "split_by")


def _allow(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with change_table("match") as batch:
        batch.drop_constraint(op.f(CHECK), type_="check")
        batch.create_check_constraint(op.f(CHECK), f"rule in ({listed})")
