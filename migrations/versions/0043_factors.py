"""Second factors: passkeys, app codes, recovery codes, challenges, and the policies of books."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _to_person(table: str, column: str = "person_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["person.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    _factors()
    _use()
    op.create_table(
        "factor_policy",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("demand", sa.String(64), nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "demand in ('off', 'asked', 'required')", name=op.f("ck_factor_policy_demand")
        ),
        sa.CheckConstraint("grace_days between 0 and 30", name=op.f("ck_factor_policy_grace_days")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_factor_policy_book_id")),
        _to_person("factor_policy", "set_by"),
        sa.PrimaryKeyConstraint("book_id", "role", name=op.f("pk_factor_policy")),
    )


def _factors() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        _to_person("passkey"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index("ix_passkey_person_id", "passkey", ["person_id"])
    op.create_table(
        "totp",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("pending_secret", sa.Text(), nullable=True),
        sa.Column("encrypted_secret", sa.Text(), nullable=True),
        sa.Column("last_timecode", sa.BigInteger(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        _to_person("totp"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_totp")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        _to_person("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint(
            "person_id", "code_hash", name=op.f("uq_recovery_code_person_id_code_hash")
        ),
    )


def _use() -> None:
    op.create_table(
        "challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("challenge", sa.String(64), nullable=False),
        sa.Column("browser_sha256", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "purpose in ('enrol', 'sign_in', 'second_step', 'confirm')",
            name=op.f("ck_challenge_purpose"),
        ),
        _to_person("challenge"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
    )
    op.create_index("ix_challenge_expires_at", "challenge", ["expires_at"])
    op.create_table(
        "factor_reset",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reset_by", sa.Uuid(), nullable=True),
        sa.Column("reset_at", INSTANT, nullable=False),
        _to_person("factor_reset"),
        _to_person("factor_reset", "reset_by"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_factor_reset")),
    )


def downgrade() -> None:
    """Drop them."""
    for name in (
        *("factor_policy", "factor_reset", "challenge"),
        *("recovery_code", "totp", "passkey"),
    ):
        op.drop_table(name)
