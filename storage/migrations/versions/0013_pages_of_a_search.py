"""The next page of a search goes by which hits were shown, and not by how many: some may go."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("DELETE FROM search_page")  # kept for half an hour at most
    op.drop_column("search_page", "shown")
    op.add_column(
        "search_page", sa.Column("seen", types.Json, nullable=False, server_default="[]")
    )
