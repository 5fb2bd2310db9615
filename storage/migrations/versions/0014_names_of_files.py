"""An edit may give a file another name: the one that counts is shown and found."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("revision", sa.Column("file_name", sa.Text(), nullable=True))
    op.add_column("attachment", sa.Column("first_name", sa.Text(), nullable=True))
