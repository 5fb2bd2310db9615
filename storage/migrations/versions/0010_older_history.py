"""Older history: how much came in, what could not be read, how far back; no names in the log."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for name in ("kept", "unreadable"):
        op.add_column("gap", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("gap", sa.Column("reached", sa.BigInteger(), nullable=True))
    # Who came and went is kept elsewhere; names in here would outlive whom they name.
    op.execute("UPDATE event SET content = NULL WHERE type = 'm.room.member'")
