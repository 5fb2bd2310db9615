"""Older history: how much of it came in, what could not be read, and how far back it reaches."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for name in ("kept", "unreadable"):
        op.add_column("gap", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("gap", sa.Column("reached", sa.BigInteger(), nullable=True))
