"""Writes down what the homeserver tells, together with how far it was read, before anyone acts."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.entries import entry_of, invitation_entry, missed_entry
from bot.hall import LOOK_AGAIN, Hall
from bot.logs import kind_of
from bot.matrix import polls
from bot.matrix.answers import RoomNews, SyncAnswer, Unreadable
from bot.matrix.errors import RateLimited, Refused, Unreachable
from bot.matrix.parsing import read_room_event, what_happened
from bot.matrix.rendering import POST_KEY
from bot.retry import wait_after, wait_before
from bot.state import apply_state
from commands import listeners, reading
from commands.catalogue import CATALOGUE
from commands.conversing import conversation_of
from commands.events import Edited, PollAnswered, PollEnded, Reacted, Redacted, Said
from commands.listener import plain_emoji
from storage import (
    folding,
    gaps,
    inbox,
    media,
    meta,
    outbox,
    people,
    questions,
    reactions,
    redacting,
    rooms,
    search_pages,
    sources,
    waiting,
)
from storage.database import is_passing
from storage.facts import Fact, Kind, read_fact, wordless
from storage.records import EventId, Room, RoomEvent, RoomId, RoomKind, UserId
from storage.types import event_hash, instant, milliseconds

log = logging.getLogger(__name__)

LONG_POLL_MS = 30_000
BUSY_ROOMS = 2  # with answers on their way
BREATH, BREATHS = 0.025, 10  # seconds; how many at most
CLOCK_TOLERANCE = timedelta(minutes=5)
THREAD_FROM = 20  # messages; fewer are analysed at once, without a hop to another thread
LONG_TEXT = 4_000  # characters
KEY_RETRY = timedelta(seconds=10)  # a key often comes just after its message


@dataclass(slots=True)
class Taken:
    """What a transaction of intake has left for others to look at."""

    lanes: set[str] = field(default_factory=set)
    gap: bool = False
    upgrade: bool = False
    moved: bool = False  # our place in a room of ours has changed: joined, removed, other levels
    erased: bool = False
    posts: set[str] = field(default_factory=set)  # lanes of the outbox with something to send
    files: bool = False  # to be fetched
    missed: set[RoomId] = field(default_factory=set)  # rooms with commands too old to carry out
    new: int = 0  # events archived
    familiar: int = 0  # that were archived before, or are too old for it

    def ring(self, hall: Hall) -> None:
        """Tell those who look after it; only now is it committed."""
        if self.lanes:
            hall.bells.inbox.ring(self.lanes)
        if self.gap:
            hall.bells.gaps.ring()
        if self.upgrade:
            hall.bells.upgrades.ring()
        if self.moved:
            hall.bells.upgrades.ring([LOOK_AGAIN])
        if self.erased:
            hall.bells.erasures.ring()
        if self.posts:
            hall.bells.outbox.ring(self.posts)
        if self.files:
            hall.bells.files.ring()


class Intake:
    """Our own sync loop: nio's saves its token before handlers run, and a crash loses events."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self.caught_up = asyncio.Event()  # the first answer is written down
        self.last_answer: datetime | None = None
        self._clock_off = timedelta()  # as it was told

    async def run(self) -> None:
        """Sync for ever; only a dead token (Unauthorised) or cancellation ends it."""
        since = await self._hall.database.read(lambda c: meta.get(c, meta.SYNC_POSITION))
        first, failures = True, 0
        while True:
            try:
                answer = await self._hall.client.sync(
                    since, timeout_ms=0 if first else LONG_POLL_MS, full_state=first
                )
            except RateLimited as limit:
                await asyncio.sleep(limit.retry_after)
                continue
            except Refused as refusal:
                if refusal.status != 400:
                    failures += 1
                    log.warning("sync refused (attempt %d): %s", failures, refusal)
                    await asyncio.sleep(wait_before(failures))
                    continue
                # Our position means nothing to it (restored from a backup, say): start anew, and
                # let history fill what lies between.
                log.warning("sync refused, starting without a position: %s", refusal)
                failures += 1
                since, first = None, True
                await asyncio.sleep(wait_before(failures))
                continue
            except Unreachable as trouble:
                failures += 1
                log.warning("homeserver does not answer (attempt %d): %s", failures, trouble)
                await asyncio.sleep(wait_before(failures))
                continue
            await self._take(answer, since, first=first)
            await self._hall.client.after_sync()
            since, first, failures = answer.next_batch, False, 0
            self.last_answer = self._hall.clock.now()
            self._compare_clocks(self.last_answer)
            self.caught_up.set()
            await self._breathe()

    def _compare_clocks(self, now: datetime) -> None:
        """Tell when ours is wrong: commands then seem too old, and alarms ring untimely."""
        server = self._hall.client.server_time
        if server is None:
            return
        off = now - server if abs(now - server) > CLOCK_TOLERANCE else timedelta()
        if abs(off - self._clock_off) <= CLOCK_TOLERANCE:
            return
        self._clock_off = off
        if off:
            seconds = off.total_seconds()
            log.warning("clock differs from the homeserver's: seconds=%d", seconds)
        else:
            log.info("clock agrees with the homeserver's again")

    async def _breathe(self) -> None:
        """Ask less often while answers queue up in several rooms.

        What is heard now could only join the queue, and each asking takes from the homeserver
        what it needs to accept our answers.
        """
        for _ in range(BREATHS):
            if len(self._hall.delivering) < BUSY_ROOMS:
                return
            await asyncio.sleep(BREATH)

    async def _take(self, answer: SyncAnswer, since: str | None, *, first: bool) -> None:
        """Write an answer down; the same answer again and again if the database fails."""
        # A hall from a backup learns from the first what it has said since.
        if not first and _is_echo(answer, self._hall):
            return  # the next answer that tells something takes the position along
        events = [event for news in answer.rooms for event in news.timeline]
        facts = await read_facts(self._hall, events)
        failures = 0
        while True:
            now = self._hall.clock.now()
            try:
                taken = await self._hall.database.write(
                    lambda c: take_in(c, self._hall, answer, facts, since, now),  # noqa: B023 — awaited at once
                    alone=bool(facts),
                    # What a power cut takes, it takes with the position: the same comes again.
                    # Whatever follows from it is committed durably, and this before it.
                    durable=False,
                )
            except Exception as trouble:
                # A server that is away has no socket: that is an error of the system's.
                if not isinstance(trouble, DBAPIError) and not is_passing(trouble):
                    raise
                failures += 1
                log.error("database refuses a sync answer: error=%s", kind_of(trouble))
                await asyncio.sleep(wait_after(trouble, failures))
            else:
                break
        taken.ring(self._hall)
        if answer.new_keys:
            self._hall.bells.keys.ring(map(" ".join, answer.new_keys))


def _is_echo(answer: SyncAnswer, hall: Hall) -> bool:
    """Whether an answer holds nothing but what we said ourselves, and delivery knows already."""
    return not (answer.invitations or answer.withdrawn or answer.new_keys) and all(
        not (news.state or news.unreadable or news.malformed or news.limited or news.left)
        and all(
            event.sender == hall.me and event.state_key is None and event.type not in polls.ENDS
            for event in news.timeline
        )
        for news in answer.rooms
    )


async def read_facts(hall: Hall, events: Sequence[RoomEvent]) -> dict[EventId, Fact]:
    """Analyse the members' events before the transaction that stores them."""
    language = hall.settings.community.language
    mine = [event for event in events if event.sender != hall.me]

    def read(between: Callable[[], None] = lambda: None) -> dict[EventId, Fact]:
        facts: dict[EventId, Fact] = {}
        for event in mine:
            between()
            try:
                facts[event.event_id] = read_fact(event, language)
            except Exception as trouble:  # one odd event never stops intake
                log.error("not analysed: id=%s %s", event.event_id, type(trouble).__name__)
        return facts

    at_once = len(mine) < THREAD_FROM and sum(map(_length, mine)) < LONG_TEXT
    return read() if at_once else await asyncio.to_thread(read, hall.database.give_way)


def _length(event: RoomEvent) -> int:
    body = event.content.get("body")
    return len(body) if isinstance(body, str) else 0


def take_in(
    connection: Connection,
    hall: Hall,
    answer: SyncAnswer,
    facts: dict[EventId, Fact],
    since: str | None,
    now: datetime,
) -> Taken:
    """One sync answer in one transaction: state, archive, inbox, gaps and position."""
    taken = Taken()
    for news in answer.rooms:
        _take_room(connection, hall, news, facts, since, now, taken)
    for invitation in answer.invitations:
        entry = invitation_entry(
            invitation.room_id,
            invitation.sender,
            direct=invitation.direct,
            position=answer.next_batch,
            now=now,
        )
        inbox.add(connection, [entry], now)
        taken.lanes.add(entry.lane)
    for room_id in taken.missed:
        speak_of_missed(connection, room_id, answer.next_batch, now, taken)
    meta.put(connection, meta.SYNC_POSITION, answer.next_batch)
    return taken


def _take_room(
    connection: Connection,
    hall: Hall,
    news: RoomNews,
    facts: dict[EventId, Fact],
    since: str | None,
    now: datetime,
    taken: Taken,
) -> None:
    before = rooms.get(connection, news.room_id)
    state = [event for raw in news.state if (event := read_room_event(raw, news.room_id))]
    state += [event for event in news.timeline if event.state_key is not None]
    state += [event for raw in news.state_after if (event := read_room_event(raw, news.room_id))]
    room = before
    if room is None or state or news.left:
        room = apply_state(connection, hall, news.room_id, state, left=news.left, taken=taken)
    missed_some = news.limited and before is not None and before.joined
    # Without a position (it was lost) history is walked back to where the archive begins.
    if missed_some and news.prev_batch is not None and (since is not None or room.archive_on):
        gaps.open_gap(connection, news.room_id, since, news.prev_batch, now)
        taken.gap = True
    keep(connection, hall, room, news.timeline, facts, now, taken)
    keep_unreadable(connection, hall, news.unreadable, now)
    for raw in news.malformed:
        log.warning("malformed event kept aside: room=%s", news.room_id)
        waiting.add_malformed(connection, news.room_id, raw, now)


def keep(
    connection: Connection,
    hall: Hall,
    room: Room,
    events: Sequence[RoomEvent],
    facts: dict[EventId, Fact],
    now: datetime,
    taken: Taken,
    *,
    heard_at: datetime | None = None,
) -> None:
    """The one door for events of a room, from sync, from history, or read late.

    heard_at: when an event came whose key came later: its age is not its sender's fault.
    """
    _confirm_own(connection, hall, events, now)
    # Of our own only the end of a poll tells something: when it was.
    others = [event for event in events if event.sender != hall.me or event.type in polls.ENDS]
    asked = _Asked(connection, hall, room)
    fresh: list[inbox.Entry] = []
    missed: list[inbox.Entry] = []
    spoken: list[Fact] = []
    for event in others:
        try:
            wanted = asked.of(event)
        except SQLAlchemyError:
            raise
        except Exception as trouble:  # one odd event never stops intake
            log.error("event kept aside: id=%s %s", event.event_id, type(trouble).__name__)
            waiting.add_malformed(connection, room.room_id, entry_of(event).payload, now)
            continue
        old = (heard_at or now) - instant(event.at) > hall.settings.limits.command_age
        if wanted.answer and (wanted.whenever or not old):
            fresh.append(entry_of(event))
        elif wanted.command:
            missed.append(entry_of(event))
        if event.event_id in facts:
            told = _as_talk(facts[event.event_id], command=wanted.command)
            spoken += [] if told is None else [told]
    _archive(connection, hall, room, spoken, now, taken)
    _forget_redacted(connection, hall, room, others, now, taken)
    fresh = inbox.without_gone(connection, room.room_id, fresh) if fresh else []
    inbox.add(connection, fresh, now)
    inbox.add_missed(connection, missed, now)
    if fresh:
        taken.lanes.add(room.room_id)
    if missed:
        taken.missed.add(room.room_id)


def _as_talk(fact: Fact, *, command: bool) -> Fact | None:
    """What is said to the hall alone is no part of the members' memory; talk that was made a
    command is none any more."""
    if not command:
        return fact
    return wordless(fact) if fact.kind is Kind.EDIT else None


def keep_past(
    connection: Connection,
    hall: Hall,
    room: Room,
    events: Sequence[RoomEvent],
    facts: Mapping[EventId, Fact],
    now: datetime,
    taken: Taken,
    present: Collection[UserId],
) -> int:
    """Older history, for the archive alone: nothing of it is answered or acted upon.

    present: who is in the room now: they were told, and could object. Of nobody else anything is
    kept. Returns how many messages with words came in.
    """
    asked = _Asked(connection, hall, room)
    theirs = (one for one in events if one.sender in present or one.redacts is not None)
    spoken = []
    for fact in (facts[one.event_id] for one in theirs if one.event_id in facts):
        if (told := _as_talk(fact, command=asked.is_command(fact.event))) is not None:
            spoken.append(told)
    new = _archive(connection, hall, room, spoken, now, taken)
    _forget_redacted(connection, hall, room, events, now, taken)
    return folding.count_worded(connection, [facts[event_id].hash for event_id in new])


def _confirm_own(
    connection: Connection, hall: Hall, events: Iterable[RoomEvent], now: datetime
) -> None:
    for event in events:
        if event.sender == hall.me:
            txn_id = event.txn_id or _txn_id_by_key(event, hall)
            if txn_id is not None:
                outbox.confirm_echo(connection, event.event_id, txn_id, now)


def _txn_id_by_key(event: RoomEvent, hall: Hall) -> str | None:
    """Sent by an earlier device of ours, it carries no transaction id; a message tells its key."""
    key, relation = event.content.get(POST_KEY), event.relates_to or {}
    if not isinstance(key, str) or relation.get("rel_type") == "m.replace":
        return None
    return outbox.txn_id_of(hall.id, key)


def _archive(
    connection: Connection,
    hall: Hall,
    room: Room,
    facts: Sequence[Fact],
    now: datetime,
    taken: Taken,
) -> Collection[EventId]:
    taken.familiar += len(facts)
    since = rooms.archive_since(connection, room.room_id) if facts else None
    begun = None if since is None else milliseconds(since)
    _forget_edited(
        connection, hall, [one for one in facts if begun is None or one.event.at < begun], now
    )
    if begun is None:
        return ()
    wanted = [fact for fact in facts if fact.event.at >= begun]
    new = folding.record(connection, wanted, milliseconds(now), hall.settings.community.language)
    fresh = [fact for fact in wanted if fact.event.event_id in new]
    taken.files |= media.want(connection, fresh, hall.settings.archive, now)
    taken.new += len(new)
    taken.familiar -= len(new)
    return new


def _forget_edited(
    connection: Connection, hall: Hall, unwanted: Sequence[Fact], now: datetime
) -> None:
    """Edits of when the archive was off: what it holds loses its words, and gets no new ones."""
    edits = [wordless(fact) for fact in folding.find_valid_edits(connection, unwanted)]
    if edits:
        folding.record(connection, edits, milliseconds(now), hall.settings.community.language)


def _forget_redacted(
    connection: Connection,
    hall: Hall,
    room: Room,
    events: Iterable[RoomEvent],
    now: datetime,
    taken: Taken,
) -> None:
    taken_back = {event.redacts: event.at for event in events if event.redacts is not None}
    targets = list(taken_back)
    if targets:
        # Also while the archive is off: what it holds from before goes all the same, for good.
        language = hall.settings.community.language
        at = {event_hash(target): moment for target, moment in taken_back.items()}
        redacting.remember(connection, room.id, at)
        redacting.erase(connection, [(hashed, room.id) for hashed in at], language)
        inbox.erase(connection, room.room_id, targets, now)
        waiting.forget(connection, targets)
        for target in targets:
            questions.erase(connection, target)
            search_pages.erase(connection, target)
        taken.erased = True


def is_plain_talk(event: RoomEvent, hall: Hall) -> bool:
    """Whether words in a room cannot be meant for us, seen at a glance: most are like that.

    Reading each message to its end is a tenth of the work of catching up.
    """
    body = event.content.get("body")
    if event.type != "m.room.message" or event.relates_to is not None or not isinstance(body, str):
        return False
    if event.content.get("m.mentions"):
        return False
    start = body.lstrip()[:64].casefold()
    return not start.startswith(_beginnings(hall.settings.prefix, hall.name, hall.me))


@lru_cache(maxsize=8)
def _beginnings(prefix: str, name: str, me: UserId) -> tuple[str, ...]:
    """How words begin that may be meant for us."""
    ours = (prefix, "/", "@", name, me[1:].partition(":")[0])
    return tuple(one[:64].casefold() for one in ours if one)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What intake makes of an event."""

    answer: bool = False  # a handler may have something to say or to remember
    command: bool = False  # a command, or meant as one: no part of the members' memory
    whenever: bool = False  # however late it comes: a vote, a tap, an answer, a redaction


class _Asked:
    """Which events of a room want an answer, and which are commands to us."""

    def __init__(self, connection: Connection, hall: Hall, room: Room) -> None:
        self._connection = connection
        self._hall = hall
        self._direct = rooms.is_for_two(connection, room)
        self._is_cluster = room.kind is RoomKind.CLUSTER

    def of(self, event: RoomEvent) -> _Wanted:
        if not self._direct and is_plain_talk(event, self._hall):
            return _Wanted(self._asks_the_room(event))
        match what_happened(event, self._hall.me):
            case Said() as said:
                return self._said(said)
            case Edited() as edited:
                return self._edited(edited)
            case Redacted(target=target, sender=sender):
                ours = sender != self._hall.me and self._is_our_poll(target)
                return _Wanted(ours or self._has_consequences(target), whenever=True)
            case Reacted() as reacted:
                return _Wanted(self._is_heeded(reacted), whenever=True)
            case PollAnswered(poll=poll) | PollEnded(poll=poll):
                return _Wanted(self._is_our_poll(poll), whenever=True)
            case _:
                return _Wanted()

    def is_command(self, event: RoomEvent) -> bool:
        """Whether it was said to us alone; what cannot be read is kept as what it may be."""
        try:
            return self.of(event).command
        except SQLAlchemyError:
            raise
        except Exception:
            return True

    def _asks_the_room(self, event: RoomEvent) -> bool:
        body = event.content.get("body")
        told = event.content.get("msgtype") == "m.text" and isinstance(body, str)
        return self._is_cluster and told and reading.asks_something(str(body))

    def _said(self, said: Said) -> _Wanted:
        conversation = conversation_of(self._connection, said, direct=self._direct)
        if conversation is None and not self._concerns_us(said):
            return _Wanted(self._is_cluster and reading.asks_something(said.body))
        heard = self._hear(said, awaited=conversation is not None or self._is_awaited(said))
        if conversation is not None and isinstance(heard, reading.Answer | reading.Cancelled):
            return _Wanted(True, command=not conversation.talk, whenever=True)
        timeless = isinstance(heard, reading.Found) and heard.command.whenever
        return _Wanted(True, command=not isinstance(heard, reading.NotForUs), whenever=timeless)

    def _edited(self, edited: Edited) -> _Wanted:
        made = sources.of(self._connection, edited.original)
        concerned = self._concerns_us(edited.now)
        is_command = concerned and not isinstance(
            self._hear(edited.now, awaited=False), reading.NotForUs
        )
        ours_alone = bool(made) and not any(one.talk for one in made)
        followed = bool(made or outbox.posts_quoting(self._connection, edited.original))
        return _Wanted(concerned or followed, is_command or ours_alone, whenever=followed)

    def _has_consequences(self, target: EventId) -> bool:
        """Whether a redaction takes away something that we have said, made or counted."""
        connection = self._connection
        return bool(
            outbox.posts_quoting(connection, target)
            or sources.of(connection, target)
            or sources.edited_by(connection, target)
            or reactions.get(connection, target)
        )

    def _is_heeded(self, reacted: Reacted) -> bool:
        post = outbox.post_of(self._connection, reacted.target)
        return listeners.of_tap(plain_emoji(reacted.key), post) is not None

    def _is_our_poll(self, poll: EventId) -> bool:
        post = outbox.post_of(self._connection, poll)
        return post is not None and listeners.of_tap("", post) is not None

    def _concerns_us(self, said: Said) -> bool:
        hall = self._hall
        in_thread = said.thread_root is not None
        return reading.concerns_us(
            said,
            me=hall.me,
            name=hall.name,
            prefix=hall.settings.prefix,
            direct=self._direct,
            open_threads=questions.open_threads(self._connection) if in_thread else (),
        )

    def _is_awaited(self, said: Said) -> bool:
        """Whether a question of ours to this person is open in this thread."""
        asker = people.get(self._connection, said.sender)
        if asker is None or said.thread_root is None:
            return False
        return (
            questions.waiting(self._connection, said.thread_root, asker.id, self._hall.clock.now())
            is not None
        )

    def _hear(self, said: Said, *, awaited: bool) -> reading.Heard:
        return reading.read(
            said,
            me=self._hall.me,
            name=self._hall.name,
            prefix=self._hall.settings.prefix,
            direct=self._direct,
            awaited=awaited,
            catalogue=CATALOGUE,
        )


def keep_unreadable(
    connection: Connection, hall: Hall, unreadable: Sequence[Unreadable], now: datetime
) -> None:
    """Set ciphertexts aside until their key comes.

    Our own, said after the backup that we come from, have no key that anybody could send us.
    """
    own = [read_room_event(one.raw, one.room_id) for one in unreadable if _is_own(one, hall)]
    _confirm_own(connection, hall, filter(None, own), now)
    waiting.add(
        connection,
        [
            waiting.Waiting(one.event_id, one.room_id, one.session_id, one.raw)
            for one in unreadable
            if not _is_own(one, hall)
        ],
        now,
        now + KEY_RETRY,
    )


def _is_own(unreadable: Unreadable, hall: Hall) -> bool:
    return unreadable.raw.get("sender") == hall.me


def speak_of_missed(
    connection: Connection, room_id: RoomId, position: str, now: datetime, taken: Taken
) -> None:
    """Once nothing of a room is missing any more, let one line tell of commands that came late."""
    if inbox.has_missed(connection, room_id) and not gaps.is_open(connection, room_id):
        entry = missed_entry(room_id, position, now)
        inbox.add(connection, [entry], now)
        taken.lanes.add(entry.lane)
