"""The hall stands."""

from alembic import op

from storage import search
from storage.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    search.create(op.get_bind())
