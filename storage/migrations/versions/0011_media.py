"""Files: which bytes are kept of them, which are to be fetched; their keys leave the log."""

import json

import sqlalchemy as sa
from alembic import op

from storage import types
from storage.sealed import without_keys

revision = "0011"
down_revision = "0010"

AT_ONCE = 500


def upgrade() -> None:
    op.add_column("attachment", sa.Column("sha256", sa.String(), nullable=True))
    op.add_column("attachment", sa.Column("kept_bytes", types.Long, nullable=True))
    op.add_column("attachment", sa.Column("missing", sa.String(), nullable=True))
    op.create_index("attachment_bytes", "attachment", ["sha256"])
    op.create_table(
        "wanted_file",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("keys", types.Json(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("event_h"),
    )
    op.create_index("wanted_file_next", "wanted_file", ["next_try"])
    _forget_keys_of_files(op.get_bind())


def _forget_keys_of_files(connection: sa.Connection) -> None:
    """What opens encrypted files stood in the log for as long as the message, and in exports."""
    step = sa.text(
        "SELECT seq, content FROM event WHERE seq > :last AND"
        " (content LIKE '%\"key\"%' OR content LIKE '%\"hashes\"%')"
        f" ORDER BY seq LIMIT {AT_ONCE}"
    )
    last = -1
    while found := connection.execute(step, {"last": last}).all():
        for seq, content in found:
            told = json.loads(content)
            kept = without_keys(told)
            if kept != told:
                connection.execute(
                    sa.text("UPDATE event SET content = :kept WHERE seq = :seq"),
                    {"seq": seq, "kept": json.dumps(kept, separators=(",", ":")) if kept else None},
                )
        last = found[-1][0]
