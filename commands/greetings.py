"""What the hall says in its own rooms unasked: once at first, and when the configuration moves."""

from datetime import datetime

from sqlalchemy import Connection

from commands.archive import replies as archive_words
from commands.archive.rules import notice_key
from commands.clusters import replies as cluster_words
from commands.clusters.mornings import next_morning
from commands.context import Settings
from commands.digests.drafting import first_alarms
from commands.posts import Alarm, Announce, Pin, Post, Say
from commands.words import words_in
from storage import outbox
from storage.records import Community, Room, RoomId, RoomKind


def coordinators_room_name(community: Community) -> str:
    """What the coordinators' room is called."""
    return words_in(community.language).text("{community}: coordinators", community=community.name)


def greet(connection: Connection, room: Room, settings: Settings, now: datetime) -> list[Post]:
    """Archive notice and welcome, each once for ever and pinned; a changed notice is a new one.

    In the coordinators' room the week begins, too: what comes there by itself has its alarms.
    """
    posts: list[Post] = []
    if room.kind is RoomKind.COORDINATORS:
        posts += first_alarms(settings, room.room_id, now)
        posts.append(Alarm(next_morning(settings, room.room_id, now)))
    if room.archive_on:
        posts += _notice(connection, room, settings)
    posts += _welcome(connection, room, settings)
    return posts


def _notice(connection: Connection, room: Room, settings: Settings) -> list[Post]:
    rules = settings.archive
    key = notice_key(room, rules)
    if outbox.said_at(connection, room.room_id, key):
        return []  # by us, or when somebody here switched the archive on
    notice = archive_words.notice(
        words_in(settings.community.language),
        controller=rules.controller,
        contact=rules.contact,
        retention=rules.kept_for(room),
        encrypted=room.encrypted,
        prefix=settings.prefix,
        files_mb=rules.media_max_mb if rules.media else None,
    )
    return [Say(room.room_id, notice, notice=False, key=key), Pin(room.room_id, key)]


def _welcome(connection: Connection, room: Room, settings: Settings) -> list[Post]:
    key = f"welcome/{room.room_id}"
    if outbox.was_posted(connection, key):
        return []
    words = words_in(settings.community.language)
    if room.kind is RoomKind.COORDINATORS:
        reply = cluster_words.welcome_to_coordinators(words, prefix=settings.prefix)
    else:
        cluster = settings.community.cluster(room.cluster or "")
        topic = "" if cluster is None else cluster.topic
        reply = cluster_words.welcome(words, room.name, topic, prefix=settings.prefix)
    return [Say(room.room_id, reply, notice=False, key=key), Pin(room.room_id, key)]


def announce_rename(room_id: RoomId, title: str, settings: Settings) -> Announce:
    """The configuration calls a cluster by another name."""
    words = words_in(settings.community.language)
    return Announce(room_id, cluster_words.renamed(words, title), key=f"renamed/{room_id}/{title}")


def say_farewell(room: Room, settings: Settings, day: str) -> Say:
    """The configuration no longer has this cluster. day: so that it can end more than once."""
    words = words_in(settings.community.language)
    reply = cluster_words.removed(words, room.name, contact=settings.archive.contact)
    return Say(room.room_id, reply, notice=False, key=f"farewell/{room.room_id}/{day}")
