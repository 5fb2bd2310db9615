"""Visits: cards are made anew, words know their messages, and reminders can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name in ("card", "report"):
        op.add_column("visit", sa.Column(name, sa.Integer(), nullable=False, server_default="1"))
    for name in ("override_source", "place_source"):
        op.add_column("visit", sa.Column(name, sa.String(), nullable=True))
    op.add_column(
        "promise", sa.Column("muted", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("visit_line", sa.Column("cites", sa.String(), nullable=True))
    for table in ("recommendation", "promise"):
        op.add_column(table, sa.Column("why_source", sa.String(), nullable=True))
