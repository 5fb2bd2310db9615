"""Visits: cards and reports are made anew, and each word knows the message that it came from."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0005"


def upgrade() -> None:
    for name in ("card", "report"):
        op.add_column("visit", sa.Column(name, sa.Integer(), nullable=False, server_default="1"))
    for name in ("override_source", "place_source"):
        op.add_column("visit", sa.Column(name, sa.String(), nullable=True))
    for table in ("recommendation", "promise"):
        op.add_column(table, sa.Column("why_source", sa.String(), nullable=True))
