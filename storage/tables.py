"""Every table of the hall but the search index, which `storage/search/` makes for itself."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from storage.types import Instant, Json, Long

metadata = MetaData()

# Facts about the hall itself: sync position, hall id, analyser version.
meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# ── rooms and people ──────────────────────────────────────────────────────────────────────────

room = Table(
    "room",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("cluster", String),
    Column("name", Text, nullable=False, server_default=""),
    Column("version", String, nullable=False, server_default="1"),
    Column("encrypted", Boolean, nullable=False, server_default=false()),
    Column("history_visibility", String, nullable=False, server_default="shared"),
    Column("archive_on", Boolean, nullable=False, server_default=false()),
    Column("archive_since", Instant),  # nothing older is stored
    Column("joined", Boolean, nullable=False, server_default=true()),
    Column("direct_with", String),
    Column("via", Json, nullable=False, server_default="[]"),
    Column("retention_ms", Long),  # what the room itself asks for, by m.room.retention
    Column("predecessor", String),
    Column("replacement", String),  # what a tombstone claims, before the link is verified
    Column("successor", String),  # verified both ways
    Column("create_event", Json),  # for power: creators count in version 12
    Column("power_levels", Json),
    UniqueConstraint("room_id", name="room_known_once"),
)

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("city", String),
    Column("organisation", Text, nullable=False, server_default=""),
    Column("roles", Json, nullable=False, server_default="[]"),
    Column("language", String),
    Column("time_zone", String),
    Column("digest", Boolean, nullable=False, server_default=false()),
    Column("archive", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("user_id", name="person_known_once"),
)

# Who is in a room now.
member = Table(
    "member",
    metadata,
    Column("room_id", Integer, primary_key=True),
    Column("person_id", Integer, primary_key=True),
    Column("membership", String, nullable=False),
    Index("member_person", "person_id"),
)

# Every membership change, so that history visibility can be judged at a message's time.
membership_fact = Table(
    "membership_fact",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("ts", Long, nullable=False),
    Column("membership", String, nullable=False),
    Index("membership_fact_room", "room_id", "person_id", "ts"),
)

visibility_fact = Table(
    "visibility_fact",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, nullable=False),
    Column("ts", Long, nullable=False),
    Column("visibility", String, nullable=False),
    Index("visibility_fact_room", "room_id", "ts"),
)

# How many commands a person sent in the current window; one kind refusal, then quiet.
command_count = Table(
    "command_count",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("window_start", Instant, nullable=False),
    Column("commands", Integer, nullable=False),
)

# A command that lacks one argument: the next words of this person in this thread are the answer.
open_question = Table(
    "open_question",
    metadata,
    Column("thread", String, primary_key=True),  # root event id
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("command", String, nullable=False),
    Column("given", Text, nullable=False),  # what was typed after the command's name
    Column("asked_at", Instant, nullable=False),
)

# ── the archive: event log → projection (→ index, in storage/search) ──────────────────────────
# No foreign keys here: children come before parents.

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

# ── the spine ─────────────────────────────────────────────────────────────────────────────────

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

# ── practices ─────────────────────────────────────────────────────────────────────────────────

practice = Table(
    "practice",
    metadata,
    Column("id", Integer, primary_key=True),  # P-12; a number is never given twice
    Column("state", String, nullable=False),
    Column("author_id", Integer, nullable=False),
    Column("city", String),  # slug; None: the author's, as of now
    Column("cluster", String),  # slug; None: nobody has said in which it belongs
    Column("language", String, nullable=False, server_default=""),
    Column("source_room", String),  # the message that it began with
    Column("source_event", String),
    Column("asking", String),  # the field that its author is asked for
    Column("card", Integer, nullable=False, server_default="0"),  # how many cards it has had
    Column("reason", Text, nullable=False, server_default=""),  # of the state that it is in
    Column("reason_event", String),
    Column("created_at", Instant, nullable=False),
    Column("shared_at", Instant),
    Column("published_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Index("practice_author", "author_id"),
)

# One answer a field, as written; with the message that it came in.
practice_field = Table(
    "practice_field",
    metadata,
    Column("practice_id", Integer, primary_key=True, autoincrement=False),
    Column("field", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("room_id", String),
    Column("event_id", String),
)

# Which states a practice went through, when, and by whose word.
practice_step = Table(
    "practice_step",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("practice_id", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("person_id", Integer),
    Column("at", Instant, nullable=False),
    Index("practice_step_practice", "practice_id", "id"),
)

# What a reviewer answered to one of the three questions.
practice_review = Table(
    "practice_review",
    metadata,
    Column("practice_id", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("question", String, primary_key=True),
    Column("city", String),  # the reviewer's, as of then
    Column("facilitator", Boolean, nullable=False, server_default=false()),
    Column("verdict", String, nullable=False),  # yes, partly, no
    Column("text", Text, nullable=False),
    Column("event_id", String),
    Column("at", Instant, nullable=False),
)

# A city that looks at a practice of another, tries it, adapts it.
transfer = Table(
    "transfer",
    metadata,
    Column("id", Integer, primary_key=True),  # T-4
    Column("practice_id", Integer, nullable=False),
    Column("city", String, nullable=False),  # slug
    Column("person_id", Integer, nullable=False),  # who began it, and is asked
    Column("state", String, nullable=False),
    Column("degree", String),
    Column("room_id", String, nullable=False),  # where its card is
    Column("created_at", Instant, nullable=False),
    Column("heard_at", Instant, nullable=False),  # the last sign of life
    Column("changed_at", Instant, nullable=False),
    Index("transfer_practice", "practice_id"),
)

# Its diary: each step, with the words that came with it, and what was said in its thread.
transfer_note = Table(
    "transfer_note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("transfer_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("state", String),  # the step that it tells of; None: a diary entry
    Column("text", Text, nullable=False),
    Column("room_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("event_id", name="noted_once"),
    Index("transfer_note_transfer", "transfer_id", "id"),
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
    Column("shown", Integer, nullable=False),
    Column("documents", Boolean, nullable=False, server_default=true()),  # among these hits
    Column("asked_at", Instant, nullable=False),
)

# ── visits ────────────────────────────────────────────────────────────────────────────────────

visit = Table(
    "visit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String, nullable=False),
    Column("room_id", String, nullable=False),
    Column("host", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("proposer", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("first", Boolean, nullable=False, server_default=false()),
    Column("electorate", Json, nullable=False, server_default="[]"),  # as it was at opening
    Column("round", Integer, nullable=False, server_default="1"),
    Column("extended", Boolean, nullable=False, server_default=false()),
    Column("closing_since", Instant),
    Column("start", String),  # local days, ISO: never instants
    Column("last", String),
    Column("override", Text, nullable=False, server_default=""),
    Column("place", Text, nullable=False, server_default=""),
    Column("online_at", Instant),
    Column("sequence", Integer, nullable=False, server_default="0"),
    Column("stamp", Instant),
    Column("card", Integer, nullable=False, server_default="1"),
    Column("report", Integer, nullable=False, server_default="1"),
    Column("override_source", String),
    Column("place_source", String),
    UniqueConstraint("source", name="visit_proposed_once"),
    Index("visit_cluster", "cluster", "state"),
)

visit_option = Table(
    "visit_option",
    metadata,
    Column("visit", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start", String, nullable=False),
    Column("last", String, nullable=False),
    Column("refused_by", String),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("closed_at", Instant),  # when the end of its poll was sent: clients go by it, too
)

# The ledger: what each person said to each date, by whatever way; folded, never overwritten.
visit_vote = Table(
    "visit_vote",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("visit", Integer, primary_key=True, autoincrement=False),
    Column("option", Integer, primary_key=True, autoincrement=False),
    Column("event_id", String, nullable=False),
    Column("person", String, nullable=False),
    Column("party", String),  # said for that party by somebody who stands in
    Column("at", Instant, nullable=False),
    Column("value", String, nullable=False),  # yes, maybe, no; "" where it was taken back
    Column("channel", String, nullable=False),
    Index("visit_vote_visit", "visit"),
)

# What people wrote about a visit: agenda, delegations, travel, tasks, notes, the report.
visit_line = Table(
    "visit_line",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visit", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("source", String),  # event id
    Column("created_at", Instant, nullable=False),
    Column("city", String),
    Column("owner", String),
    Column("day", String),
    Column("count", Integer),
    Column("done_at", Instant),
    Column("cites", String),
    Index("visit_line_visit", "visit", "kind"),
)

recommendation = Table(
    "recommendation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visit", Integer, nullable=False),
    Column("city", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("verdict", String, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("why_source", String),
    UniqueConstraint("source", name="recommended_once"),
    Index("recommendation_visit", "visit"),
)

# What somebody took on.
promise = Table(
    "promise",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String, nullable=False),
    Column("city", String),
    Column("text", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("author", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("progress", String, nullable=False),
    Column("due", String),
    Column("why", Text, nullable=False, server_default=""),
    Column("visit", Integer),
    Column("recommendation", Integer),
    Column("changed_at", Instant),
    Column("why_source", String),
    Column("muted", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("source", name="promised_once"),
    Index("promise_city", "city"),
    Index("promise_visit", "visit"),
)

# ── digests and questions ─────────────────────────────────────────────────────────────────────

digest = Table(
    "digest",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String, nullable=False),  # slug of a cluster; "": the community
    Column("period", String, nullable=False),  # "2026-W14"
    Column("state", String, nullable=False),  # draft, sent, skipped, replaced
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("due", Instant, nullable=False),  # when it was to be drafted
    Column("settled_at", Instant),
    Column("settled_by", String),  # user id; none: it sent itself
    Column("content", Json),  # its lines; none once they are too old to be kept
    UniqueConstraint("scope", "period", name="one_digest_a_week"),
)

# Who wants a digest of their own, and when.
digest_reader = Table(
    "digest_reader",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),  # "08:00", on their clock
    Column("since", Instant),  # when the last one was told
)

asked_question = Table(
    "asked_question",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String, nullable=False),  # slug
    Column("room_id", String, nullable=False),
    Column("source", String, nullable=False),  # the message that asks
    Column("root", String, nullable=False),  # of the thread in which it is answered
    Column("asker", String, nullable=False),
    Column("city", String),  # slug, as of then
    Column("text", Text, nullable=False),  # "" once it was taken back
    Column("state", String, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("offered_at", Instant),
    UniqueConstraint("source", name="asked_once"),
    Index("asked_question_cluster", "cluster", "state"),
)

# Where a question was asked besides its own room.
question_route = Table(
    "question_route",
    metadata,
    Column("question", Integer, primary_key=True, autoincrement=False),
    Column("cluster", String, primary_key=True),
    Column("by", String, nullable=False),  # the coordinator who sent it there
    Column("at", Instant, nullable=False),
)

# Which messages answer it; where one was carried back, under which key. No words.
question_answer = Table(
    "question_answer",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("question", Integer, primary_key=True, autoincrement=False),
    Column("event_id", String, nullable=False),
    Column("author", String, nullable=False),
    Column("city", String),
    Column("cluster", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("carried", String),  # key of the copy in the asker's room
    Column("accepted", Boolean, nullable=False, server_default=false()),
    Index("question_answer_question", "question"),
)

# Who was greeted in which cluster, or was there before anybody was.
greeted = Table(
    "greeted",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("cluster", String, primary_key=True),
)
