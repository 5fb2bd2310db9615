"""By which nothing is lost or done twice: inbox, outbox, timers and what belongs to them."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false

from storage.tables.base import metadata
from storage.types import Instant, Json, Long

# Facts about the hall itself: sync position, hall id, analyser version.
meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# Encrypted events whose key has not come; they enter by the usual door when it does.
waiting_event = Table(
    "waiting_event",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("session_id", String),
    Column("raw", Json, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", Instant),  # None: only when the key comes
    Index("waiting_event_session", "room_id", "session_id"),
)

# Events nobody could parse: kept as they came, reported, and never in the way.
malformed_event = Table(
    "malformed_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("raw", Json, nullable=False),
    Column("received_at", Instant, nullable=False),
)

# A hole in a room's timeline, filled from history newest first.
gap = Table(
    "gap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("from_token", String),  # the older end: None walks back to where the archive begins
    Column("back_to", Long),  # ms: older history is wanted, for the archive alone, back to here
    Column("next_token", String, nullable=False),  # the newer end, moving back as pages come in
    Column("opened_at", Instant, nullable=False),
    Column("events", Integer, nullable=False, server_default="0"),
    Column("kept", Integer, nullable=False, server_default="0"),  # messages, of older history
    Column("unreadable", Integer, nullable=False, server_default="0"),  # of it, without a key
    Column("reached", Long),  # ms: since here all of the older history is kept
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", Instant),
    Column("closed_at", Instant),
    Column("abandoned", String),  # the errcode, if history is refused to us
    Index("gap_open", "closed_at", "room_id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),  # event id, or a timer's key
    Column("lane", String, nullable=False),  # room id: entries of one lane keep their order
    Column("kind", String, nullable=False),
    Column("position", Long, nullable=False),  # order within the lane: when it was said, in ms
    Column("payload", Json),  # blank once handled
    Column("received_at", Instant, nullable=False),
    Column("ready_at", Instant),  # None: at once
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("state", String, nullable=False),  # ready, handled, missed, parked
    Column("handled_at", Instant),
    Column("failure", String),  # kind and place of the last error, never its words
    UniqueConstraint("key", name="inbox_entered_once"),
    Index("inbox_ready", "state", "lane", "position"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("lane", String, nullable=False),  # room id, or a user id until they have a direct chat
    Column("action", String, nullable=False),
    Column("type", String, nullable=False, server_default=""),
    Column("state_key", String),
    Column("content", Json),  # blank once sent
    Column("changes", String),  # key of the post this one edits, redacts or pins
    Column("txn_id", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant),
    Column("attempted_at", Instant),  # first attempt: after 23 h we look before we send
    Column("device", String),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("settled_at", Instant),
    Column("event_id", String),
    Column("failure", String),  # errcode, when the homeserver refused for good
    UniqueConstraint("key", name="posted_once"),
    Index("outbox_queued", "settled_at", "lane", "id"),
    Index("outbox_changes", "changes"),
    Index("outbox_event", "event_id"),
)

# Events of ours that no post is known to have become: a hall from a backup meets what it has said
# since. The transaction id follows from the post's key, which may be queued yet.
echo = Table(
    "echo",
    metadata,
    Column("txn_id", String, primary_key=True),
    Column("event_id", String, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# Which messages a post of ours repeats: taken back, it goes too.
quote = Table(
    "quote",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("post", String, primary_key=True),
    Column("thread", String),  # that the post is in: where it is said that it was taken back
)

# Where plain words are heard: a conversation that a feature has begun.
listening = Table(
    "listening",
    metadata,
    Column("place", String, primary_key=True),  # thread root, direct chat, or a post's key
    Column("person_id", Integer, primary_key=True, autoincrement=False),  # 0: anybody
    Column("kind", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("talk", Boolean, nullable=False, server_default=false()),
    Column("since", Instant, nullable=False),
    Index("listening_subject", "kind", "subject"),
)

# From which messages a feature has made something: it hears of corrections and redactions.
source = Table(
    "source",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("sender", String, nullable=False),
    Column("talk", Boolean, nullable=False, server_default=false()),
    Index("source_subject", "kind", "subject"),
)

# Reactions that a feature was told of: a redaction names nothing but the event.
heeded_reaction = Table(
    "heeded_reaction",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("event_id", String, nullable=False),
    Column("room_id", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("target", String, nullable=False),
    Column("key", Text, nullable=False),
)

timer = Table(
    "timer",
    metadata,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("room_id", String),
    Column("payload", Json, nullable=False),
    Column("wall_time", String, nullable=False),  # ISO, local
    Column("time_zone", String, nullable=False),  # IANA
    Column("due", Instant, nullable=False),  # derived
    Column("state", String, nullable=False),  # pending, done, cancelled
    Index("timer_due", "state", "due"),
)
