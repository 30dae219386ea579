"""Keep files of other ledgers as drafts, beside tables of banks and lists of gifts.

Drafts live for a day; those that wait while this runs are kept.
"""

from alembic import op

from migrations.tables import change_table

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

CHECK = "ck_table_draft_purpose"


def upgrade() -> None:
    """Allow the third purpose."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    _allow("purpose in ('statement', 'gifts', 'ledger')")


def downgrade() -> None:
    """Forget the drafts of the third purpose, and refuse it again."""
    op.execute("delete from table_draft where purpose = 'ledger'")
    _allow("purpose in ('statement', 'gifts')")


def _allow(condition: str) -> None:
    with change_table("table_draft") as batch:
        batch.drop_constraint(op.f(CHECK), type_="check")
        batch.create_check_constraint(op.f(CHECK), condition)
