"""What a poll asks stands in its message alone: the log had it a second time, first words and all."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

AT_ONCE = 500
_BLOCKS = ("org.matrix.msc3381.poll.start", "m.poll.start", "m.poll")


def upgrade() -> None:
    connection = op.get_bind()
    # A poll without any text in the message has it nowhere else.
    step = sa.text(
        "SELECT event.seq, event.content FROM event JOIN message ON message.seq = event.seq"
        " WHERE event.seq > :last AND event.content IS NOT NULL"
        " AND event.type IN ('org.matrix.msc3381.poll.start', 'm.poll.start')"
        " AND (message.body <> '' OR message.original_body IS NOT NULL)"
        f" ORDER BY event.seq LIMIT {AT_ONCE}"
    )
    last = -1
    while found := connection.execute(step, {"last": last}).all():
        for seq, content in found:
            told = json.loads(content)
            kept = {key: value for key, value in told.items() if key not in _BLOCKS}
            connection.execute(
                sa.text("UPDATE event SET content = :kept WHERE seq = :seq"),
                {"seq": seq, "kept": json.dumps(kept, separators=(",", ":")) if kept else None},
            )
        last = found[-1][0]
