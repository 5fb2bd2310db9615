"""The archive: event log → projection (→ index, which `storage/search/` makes for itself).

No foreign keys here: children come before parents.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from storage.tables.base import metadata
from storage.types import Instant, Json, Long

event = Table(
    "event",
    metadata,
    Column("seq", Long, primary_key=True, autoincrement=False),  # arrival order
    Column("event_id", Text, nullable=False),  # no index of its own: event_h has one
    Column("event_h", Long, nullable=False),
    Column("room_id", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("sender_id", Integer, nullable=False),
    Column("ts", Long, nullable=False),  # origin_server_ts, ms
    Column("received", Long, nullable=False),  # ms
    Column("content", Json),  # without the body where message.body holds it
    UniqueConstraint("event_h", name="event_stored_once"),
)

message = Table(
    "message",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),  # time key: seconds · 16 + n
    Column("seq", Long, nullable=False),
    Column("room_id", Integer, nullable=False),
    Column("thread_h", Long, nullable=False),  # of the root event, known to us or not
    Column("thread_fixed", Boolean, nullable=False),  # an m.thread relation says so
    Column("sender_id", Integer, nullable=False),
    Column("ts", Long, nullable=False),
    Column("lang", String, nullable=False),
    Column("body", Text, nullable=False),  # latest words; "" if redacted or withheld
    Column("original_body", Text),  # the first words, where an edit replaced them
    Column("title", Text),
    Column("marks", String, nullable=False, server_default=""),  # "file image", "poll"
    Column("redacted", Boolean, nullable=False, server_default=false()),
    Column("withheld", Boolean, nullable=False, server_default=false()),
    Column("expired", Boolean, nullable=False, server_default=false()),  # its time was over
    UniqueConstraint("seq", name="message_once_per_event"),
    Index("message_room", "room_id", "id"),
    Index("message_thread", "thread_h", "id"),
    Index("message_sender", "sender_id", "id"),
)

revision = Table(
    "revision",
    metadata,
    Column("edit_h", Long, primary_key=True, autoincrement=False),
    Column("edit_id", Text, nullable=False),
    Column("original_h", Long, nullable=False),
    Column("room_id", Integer, nullable=False),
    Column("sender_id", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("ts", Long, nullable=False),
    Column("body", Text, nullable=False),
    Column("file_name", Text),  # of a file, as the edit has it
    Index("revision_original", "original_h"),
)

reaction = Table(
    "reaction",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("target_h", Long, nullable=False),
    Column("room_id", Integer, nullable=False),
    Column("sender_id", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Index("reaction_target", "target_h"),
)

# May precede its target by weeks; what it names is never stored again.
redaction = Table(
    "redaction",
    metadata,
    Column("target_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, primary_key=True, autoincrement=False),
    Column("ts", Long, nullable=False),
)

attachment = Table(
    "attachment",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("first_name", Text),  # where an edit replaced it
    Column("mime", Text),
    Column("size_bytes", Long),  # as its sender says
    Column("mxc", Text),
    Column("sha256", String),  # of what is kept of it: the name of its bytes in the data folder
    Column("kept_bytes", Long),
    Column("missing", String),  # why it is not kept, where it might be; see storage/media.py
    Index("attachment_bytes", "sha256"),
)

# Files that are still to be fetched, with what opens them: it goes as soon as that is done.
wanted_file = Table(
    "wanted_file",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, nullable=False),
    Column("keys", Json),  # None: it is not encrypted
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", Instant, nullable=False),
    Index("wanted_file_next", "next_try"),
)

# When a person's words are not for the archive: said in such a time they are never stored, however
# late they come.
silence = Table(
    "silence",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("since", Long, primary_key=True, autoincrement=False),  # ms
    Column("until", Long),  # ms; None: it goes on
)

# Whose words were erased: a check value in place of the address, and how much it was.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mark", String, nullable=False),  # keyed hash of the address
    Column("person_id", Integer, nullable=False),  # whose row bears no address once they are gone
    Column("until", Long, nullable=False),  # ms: what was said up to then
    Column("asked_at", Instant, nullable=False),
    Column("by_operator", Boolean, nullable=False, server_default=false()),
    Column("keep_practices", Boolean, nullable=False, server_default=false()),
    Column("state", String, nullable=False),  # asked, begun, swept, done
    Column("done_at", Instant),
    Column("report", Json),  # counts alone
    UniqueConstraint("mark", "until", name="erased_once"),
)

# What is searched besides messages: practices, and summaries that somebody confirmed. A copy of
# words, renewed and removed together with what it is a copy of.
document = Table(
    "document",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # practice, summary, visit
    Column("subject", String, nullable=False),  # "P-12", "V-7"; of a summary the key of our post
    Column("room_id", Integer),  # where it may be read, if in one room alone
    Column("cluster", String),  # slug: where it may be read, if it is not for everyone
    Column("everyone", Boolean, nullable=False, server_default=false()),
    Column("city", String),
    Column("author_id", Integer),
    Column("ts", Long, nullable=False),
    Column("lang", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("kind", "subject", name="document_once"),
)

# Where `!more` goes on: the newest search of a person in a room, for half an hour.
search_page = Table(
    "search_page",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("room_id", Integer, primary_key=True, autoincrement=False),
    Column("asked_in", String, nullable=False),  # event id: taken back, its words go from here
    Column("query", Text, nullable=False),
    Column("below", Long),
    Column("seen", Json, nullable=False, server_default="[]"),  # ids of hits that were shown
    Column("documents", Boolean, nullable=False, server_default=true()),  # among these hits
    Column("asked_at", Instant, nullable=False),
)
