"""Consent and erasure: times of silence, the ledger of erasures, retention by room."""

import json
import time

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "silence",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", types.Long, autoincrement=False, nullable=False),
        sa.Column("until", types.Long, nullable=True),
        sa.PrimaryKeyConstraint("person_id", "since"),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("until", types.Long, nullable=False),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.Column("by_operator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("keep_practices", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done_at", types.Instant(), nullable=True),
        sa.Column("report", types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mark", "until", name="erased_once"),
    )
    op.add_column("room", sa.Column("retention_ms", types.Long, nullable=True))
    op.add_column("gap", sa.Column("back_to", types.Long, nullable=True))
    op.add_column(
        "message",
        sa.Column("expired", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    connection = op.get_bind()
    silent = connection.execute(sa.text("SELECT id FROM person WHERE NOT archive")).scalars()
    since = int(time.time() * 1000)  # for how long already, nobody has written down
    for number in silent.all():
        told = sa.text("INSERT INTO silence (person_id, since) VALUES (:who, :since)")
        connection.execute(told, {"who": number, "since": since})
    _forget_words_in_other_forms(connection)


def _forget_words_in_other_forms(connection: sa.Connection) -> None:
    """A message's HTML outlived its edits, and held what it quoted of others."""
    found = connection.execute(
        sa.text("SELECT seq, content FROM event WHERE content LIKE '%formatted_body%'")
    )
    for seq, content in found.all():
        kept = {k: v for k, v in json.loads(content).items() if k not in ("format", "formatted_body")}
        connection.execute(
            sa.text("UPDATE event SET content = :kept WHERE seq = :seq"),
            {"seq": seq, "kept": json.dumps(kept, separators=(",", ":")) if kept else None},
        )
