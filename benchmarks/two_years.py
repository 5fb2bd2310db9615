"""Two years of the sample community against the real spine, without a homeserver.

A SQLite file, the alarms, the worker's own unit of work and the outbox, under a clock that runs
through both daylight-saving nights, holidays, outages and kills. `python -m benchmarks.two_years`
prints what came of it; `tests/commands/test_two_years.py` looks at every digest.
"""

import asyncio
import random
import sys
import tempfile
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from benchmarks.report import Line
from bot.entries import entry_of
from bot.hall import Bells
from bot.hall import Hall as RealHall
from bot.posting import queue_posts
from bot.worker import answer_next
from commands import greetings
from commands.context import Settings
from commands.dates.holidays import closed_days
from commands.posts import Say
from commands.reply import Text, paragraphs
from commands.weekdays import next_draft
from demo.community import load_community
from storage import folding, inbox, outbox, people, rooms, search, timers, visits
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.records import (
    ArchiveRules,
    City,
    Cluster,
    Community,
    DigestRules,
    EventId,
    Limits,
    Role,
    RoomEvent,
    RoomId,
    RoomKind,
    UserId,
)
from storage.timers import due_instant
from storage.types import milliseconds
from storage.visit_records import Electorate, VisitState

ME, DESK = UserId("@moothall:localhost"), RoomId("!desk:localhost")
BRUSSELS = ZoneInfo("Europe/Brussels")
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEKS = 104
ROUND = timedelta(weeks=6)  # the sample threads take five weeks, and come again
PEOPLE = load_community()
AUTOMATIC = PEOPLE.clusters[0].slug
AWAY = range(9, WEEKS, 13)  # weeks whose Monday the hall misses
BACK = time(10)  # on Wednesday, UTC


class Killed(Exception):
    """The process dies before the commit."""


@dataclass
class Posted:
    """A post as it stands in its room, and when it came."""

    key: str
    lane: str
    body: str
    at: datetime
    event_id: EventId


@dataclass
class Hall:
    """What the worker needs of a hall."""

    settings: Settings
    me: UserId = ME
    name: str = "Moothall"
    device: str = "BENCH"
    id: uuid.UUID = field(default_factory=lambda: uuid.UUID(int=26))
    bells: Bells = field(default_factory=Bells)
    delivering: set[str] = field(default_factory=set)


def community() -> Community:
    """The sample network, as it would be configured."""
    return Community(
        name="CityLink Network",
        slug="citylink",
        time_zone=BRUSSELS.key,
        language="en",
        coordinators=tuple(map(UserId, PEOPLE.with_role("project-coordinator"))),
        operators=(),
        clusters=tuple(
            Cluster(
                one.slug,
                one.title,
                one.topic,
                tuple(map(UserId, PEOPLE.with_role("cluster-coordinator", one.slug))),
            )
            for one in PEOPLE.clusters
        ),
        cities=tuple(
            City(one.slug, one.name, one.country, one.time_zone, one.languages, one.cluster)
            for one in PEOPLE.cities
        ),
    )


def room_of(slug: str) -> RoomId:
    return RoomId(f"!{slug}:localhost")


class Years:
    """The hall through two years: what was posted, and when."""

    def __init__(self, path: Path, away: Collection[int] = AWAY, seed: int = 7) -> None:
        self.path, self.away_weeks, self.chance = path, away, random.Random(seed)
        rules = DigestRules(countries=("BE",), automatic=(AUTOMATIC,))
        self.hall = Hall(Settings(community(), Limits(), ArchiveRules("CityLink"), digests=rules))
        self.now = BEGIN
        self.posted: list[Posted] = []
        self.kills = self.outages = self.events = 0

    async def run(self, weeks: int = WEEKS) -> None:
        self.database = await open_database(f"sqlite:///{self.path}")
        await self.database.write(_furnish, alone=True)
        await self._start()
        for week in range(weeks):
            monday = BEGIN + timedelta(days=1, weeks=week)
            away = week in self.away_weeks  # over Monday, back on Wednesday
            for day, at in self._week(week, monday):
                await self._until(at, away=away)
                await day
            if week % 5 == 3:
                await self._restart()
            await self._until(monday + timedelta(days=6, hours=10), away=False)
        await self.database.close()

    # ── what people do ────────────────────────────────────────────────────────────────────────

    def _week(self, week: int, monday: datetime) -> Iterator[tuple[Any, datetime]]:
        """What is said and tapped in a week, in order."""
        shift = ROUND * (week // 6)
        said: list[tuple[datetime, Any]] = []
        quiet = week % 6 == 5
        for thread in [] if quiet else PEOPLE.threads:
            said += self._thread(thread, shift, monday)
        local = (monday + timedelta(hours=12)).astimezone(BRUSSELS)
        said.append((local.replace(hour=9, minute=40).astimezone(UTC), self._coordinate))
        said.append((local.replace(hour=15).astimezone(UTC) + timedelta(days=1), self._coordinate))
        if week % 9 == 2:
            said.append((local.replace(hour=16).astimezone(UTC), lambda: self._visit(week)))
        if week % 3 == 1:
            said.append((local.replace(hour=17).astimezone(UTC), lambda: self._promise(week)))
        if week % 2 == 0:
            at = local.replace(hour=18).astimezone(UTC)
            said.append((at, lambda: self._practice(week // 2)))
        for at, act in sorted(said, key=lambda one: one[0]):
            yield act(), at

    def _thread(
        self, thread: Any, shift: timedelta, monday: datetime
    ) -> list[tuple[datetime, Any]]:
        acts: list[tuple[datetime, Any]] = []
        root = EventId(f"${thread.id}-{shift.days}")
        for number, message in enumerate(thread.messages):
            at = SENT[message.id] + shift
            if not monday - timedelta(days=1) <= at < monday + timedelta(days=6):
                continue
            event_id = root if number == 0 else EventId(f"{root}/{number}")
            text = message.text
            if message.redacts:
                acts.append(
                    (at, lambda m=message, t=at: self._take_back(thread.cluster, m, t, shift))
                )
            if text.startswith("/"):
                continue
            acts.append((at, lambda e=event_id, m=message, t=at, n=number: self._talk(
                thread.cluster, e, m, t, None if n == 0 else root)))  # fmt: skip
        return acts

    async def _talk(
        self, cluster: str, event_id: EventId, message: Any, at: datetime, root: EventId | None
    ) -> None:
        relation = None if root is None else {"rel_type": "m.thread", "event_id": root}
        room = room_of(cluster)
        said = RoomEvent(
            event_id, room, "m.room.message", UserId(f"@{message.member}:localhost"),
            milliseconds(at), {"msgtype": "m.text", "body": message.text}, relates_to=relation,
        )  # fmt: skip
        facts = [read_fact(said, "en")]
        for reaction in message.reactions:
            for fan in reaction.by:
                relation = {"rel_type": "m.annotation", "event_id": event_id,
                            "key": reaction.emoji}  # fmt: skip
                tap = RoomEvent(
                    EventId(f"{event_id}/{fan}/{reaction.emoji}"), room, "m.reaction",
                    UserId(f"@{fan}:localhost"), milliseconds(at), {"m.relates_to": relation},
                    relates_to=relation,
                )  # fmt: skip
                facts.append(read_fact(tap, "en"))
        self.events += len(facts)
        await self.database.write(
            lambda c: folding.record(c, facts, milliseconds(self.now), "en"), alone=True
        )

    async def _take_back(self, cluster: str, message: Any, at: datetime, shift: timedelta) -> None:
        thread, _, number = message.redacts.partition("/")
        target = f"${thread}-{shift.days}" + ("" if number == "0" else f"/{number}")
        redaction = RoomEvent(
            EventId(f"{target}/gone"), room_of(cluster), "m.room.redaction",
            UserId(f"@{message.member}:localhost"), milliseconds(at), {"redacts": target},
            redacts=EventId(target),
        )  # fmt: skip
        facts = [read_fact(redaction, "en")]
        await self.database.write(
            lambda c: folding.record(c, facts, milliseconds(self.now), "en"), alone=True
        )

    async def _coordinate(self) -> None:
        """Coordinators look at the drafts that wait: most are sent, some edited, a few skipped."""
        if closed_days("BE", "en", (self.now.astimezone(BRUSSELS).date(),)):
            return  # they are not at work, either
        for draft in self._open_drafts():
            who = UserId(PEOPLE.with_role("project-coordinator")[0])
            dice = self.chance.random()
            if dice < 0.2:
                await self._says(
                    who, DESK, "1: Please look at this one before Friday", root=draft.event_id
                )
            if dice > 0.93:
                await self._taps(who, draft, "⏭️")
            else:
                await self._taps(who, draft, "👍")

    def _open_drafts(self) -> list[Posted]:
        week = self.now - timedelta(days=4)
        return [p for p in self.posted if p.key.endswith("/draft") and p.at > week]

    async def _visit(self, week: int) -> None:
        """A visit is decided, five weeks ahead."""
        cluster = PEOPLE.clusters[week % 4]
        host = next(one for one in PEOPLE.cities if one.cluster == cluster.slug)
        start = self.now.date() + timedelta(days=36)

        def decide(connection: Connection) -> list[Posted]:
            visit = visits.add(
                connection,
                cluster=cluster.slug, room_id=room_of(cluster.slug), host=host.slug, title="",
                days=3, state=VisitState.CONFIRMED, proposer=ME, source=f"$visit{week}",
                created_at=self.now, deadline=self.now, time_zone=BRUSSELS.key, quorum=1,
                start=start, last=start + timedelta(days=2), stamp=self.now,
                electorate=(Electorate("coordinator", (UserId("@elena:localhost"),)),),
            )  # fmt: skip
            card = Say(visit.room_id, paragraphs((Text(visit.name),)), key=f"visit/{visit.id}/card")
            hall = cast(RealHall, self.hall)
            queue_posts(connection, hall, [card], visit.name, self.now)
            return self._deliver(connection)

        self.posted += await self.database.write(decide)

    async def _promise(self, week: int) -> None:
        lead = next(one for one in PEOPLE.members if one.city and "city-lead" in one.roles)
        due = (self.now + timedelta(days=20)).date().isoformat()
        room = room_of(PEOPLE.city(lead.city or "").cluster)
        text = f"!action add Ask the housing office, round {week} due:{due}"
        await self._says(UserId(lead.user_id), room, text)
        if week > 3 and week % 4:
            await self._says(UserId(lead.user_id), room, f"!action done A-{week // 3}")

    async def _practice(self, number: int) -> None:
        if number >= len(SAMPLES):
            return
        sample = SAMPLES[number]
        city = PEOPLE.city(sample["city_id"])
        form = ["!practice share", f"Title: {sample['title']}", f"Problem: {sample['problem']}",
                f"What we do: {sample['what_we_do']}"]  # fmt: skip
        who = UserId(f"@{sample['submitted_by']}:localhost")
        await self._says(who, room_of(city.cluster), "\n".join(form))

    async def _says(
        self, who: UserId, room: RoomId, text: str, *, root: EventId | None = None
    ) -> None:
        relation = None if root is None else {"rel_type": "m.thread", "event_id": root}
        content = {"msgtype": "m.text", "body": text}
        await self._enters("m.room.message", who, room, content, relation)

    async def _taps(self, who: UserId, on: Posted, emoji: str) -> None:
        relation = {"rel_type": "m.annotation", "event_id": on.event_id, "key": emoji}
        await self._enters("m.reaction", who, DESK, {"m.relates_to": relation}, relation)

    async def _enters(
        self, type_: str, who: UserId, room: RoomId, content: Mapping[str, Any], relation: Any
    ) -> None:
        self.events += 1
        event = RoomEvent(
            EventId(f"$in{self.events}"), room, type_, who, milliseconds(self.now), content,
            relates_to=relation,
        )  # fmt: skip
        await self.database.write(lambda c: inbox.add(c, [entry_of(event)], self.now))
        await self._work_off(room)

    # ── what the process does ─────────────────────────────────────────────────────────────────

    async def _until(self, until: datetime, *, away: bool) -> None:
        """Time goes on; alarms ring at their moments, or after the outage in which they fell."""
        while True:
            due = await self.database.read(timers.next_due)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            if away and self._is_away(self.now):
                back = self._is_back(self.now)
                self.outages += 1
                if back > until:
                    self.now = max(self.now, until)
                    return
                self.now = back
            await self._ring()
        self.now = max(self.now, until)

    @staticmethod
    def _is_away(at: datetime) -> bool:
        return at.weekday() in (4, 5, 6, 0, 1) or (at.weekday() == 2 and at.time() < BACK)

    @staticmethod
    def _is_back(at: datetime) -> datetime:
        days = (2 - at.weekday()) % 7
        return datetime.combine((at + timedelta(days=days)).date(), BACK, UTC)

    async def _ring(self) -> None:
        lanes = await self.database.write(lambda c: timers.ring(c, self.now))
        if self.chance.random() < 0.05:  # two sweepers
            await self.database.write(lambda c: timers.ring(c, self.now))
        for lane in lanes:
            await self._work_off(lane)

    async def _work_off(self, lane: str) -> None:
        """The worker's own unit of work; now and then the process dies before its commit."""
        hall = cast(RealHall, self.hall)
        while True:
            killed = self.chance.random() < 0.04

            def work(connection: Connection, killed: bool = killed) -> tuple[bool, list[Posted]]:
                answered = answer_next(connection, hall, lane, self.now, self.now)
                posts = self._deliver(connection)
                if killed:
                    raise Killed
                return answered.more, posts

            try:
                more, posts = await self.database.write(work)
            except Killed:
                self.kills += 1
                await self._restart()
                continue
            self.posted += posts
            if not more:
                return

    def _deliver(self, connection: Connection) -> list[Posted]:
        """Everything queued is said, in order."""
        found = []
        for lane in outbox.lanes(connection):
            while (row := outbox.claim(connection, lane, "BENCH", self.now)) is not None:
                event_id = EventId(f"$out{row.id}")
                body = str((row.content or {}).get("body", ""))
                if row.action in (outbox.Action.MESSAGE, outbox.Action.EDIT):
                    found.append(Posted(row.key, lane, body, self.now, event_id))
                outbox.settle(connection, row.id, self.now, event_id=event_id)
        return found

    async def _restart(self) -> None:
        """A new process on the same file."""
        await self.database.close()
        self.database = await open_database(f"sqlite:///{self.path}")
        await self._start()

    async def _start(self) -> None:
        def start(connection: Connection) -> list[Posted]:
            timers.rederive(connection)
            desk = rooms.get(connection, DESK)
            assert desk is not None
            posts = greetings.greet(connection, desk, self.hall.settings, self.now)
            queue_posts(connection, cast(RealHall, self.hall), posts, "start", self.now)
            return self._deliver(connection)

        self.posted += await self.database.write(start)

    database: Database


def _furnish(connection: Connection) -> None:
    bring_up_to_date(connection)
    search.create(connection)
    people.know(connection, ME)
    for member in PEOPLE.members:
        user = UserId(member.user_id)
        people.know(connection, user)
        people.change(
            connection, user,
            display_name=member.display_name, city=member.city, language="en",
        )  # fmt: skip
        known = {role.value for role in Role} - {"operator"}
        roles = {Role(one) for one in member.roles if one in known}
        people.set_roles(connection, user, roles)
    for cluster in PEOPLE.clusters:
        inside = [UserId(m.user_id) for m in PEOPLE.members if cluster.slug in m.clusters]
        _room(connection, room_of(cluster.slug), RoomKind.CLUSTER, inside, cluster.slug)
    staff = [*PEOPLE.with_role("project-coordinator"), *PEOPLE.with_role("cluster-coordinator")]
    _room(connection, DESK, RoomKind.COORDINATORS, [UserId(one) for one in staff], None)


def _room(
    connection: Connection, room_id: RoomId, kind: RoomKind, who: Sequence[UserId],
    cluster: str | None,
) -> None:  # fmt: skip
    room = rooms.know(connection, room_id, kind)
    on = kind is RoomKind.CLUSTER
    rooms.change(
        connection, room_id, cluster=cluster, name=room_id, archive_on=on,
        archive_since=BEGIN - timedelta(days=1) if on else None,
    )  # fmt: skip
    rooms.record_visibility(connection, room.id, EventId(f"$v{room_id}"), 1, "shared")
    numbers = people.numbers(connection, [*who, ME])
    rooms.record_memberships(
        connection,
        [
            rooms.MembershipChange(EventId(f"$j{room_id}{u}"), room.id, n, 1, "join")
            for u, n in numbers.items()
        ],
        current=True,
    )


def _content() -> tuple[dict[str, datetime], list[Mapping[str, Any]]]:
    """When each sample message was sent, and the sample practices."""
    import json

    from demo.community import SAMPLE

    content = json.loads(SAMPLE.read_text("utf-8"))
    sent = {
        message["id"]: datetime.fromisoformat(message["sent_at"])
        for thread in content["threads"]
        for message in thread["messages"]
    }
    return sent, content["practices"]


SENT, SAMPLES = _content()


# ── what must hold ────────────────────────────────────────────────────────────────────────────


def expected(years: Years, weeks: int) -> list[datetime]:
    """When each week's draft was to come: on the minute, or when the hall was back."""
    settings = years.hall.settings
    due, local = [], BEGIN.astimezone(BRUSSELS).replace(tzinfo=None)
    for week in range(weeks):
        moment = next_draft(local, settings.digests, settings.limits.quiet_days)
        local = moment.wall_time
        at = due_instant(local, BRUSSELS.key)
        if week in years.away_weeks:
            monday = (BEGIN + timedelta(days=1, weeks=week)).date()
            at = datetime.combine(monday + timedelta(days=2), BACK, UTC)
        due.append(at)
    return due


def faults(years: Years, weeks: int) -> list[str]:
    """What is wrong with the digests of these weeks; nothing, it is hoped."""
    wrong = []
    moments = expected(years, weeks)
    for cluster in PEOPLE.clusters:
        came = [
            one.at
            for one in years.posted
            if one.key.endswith("/draft") and f"Draft · {cluster.title}:" in one.body
        ]
        if came != moments:
            odd = [f"{one:%Y-%m-%d %H:%M}" for one in sorted(set(came) ^ set(moments))]
            wrong.append(f"{cluster.slug}: {len(came)} drafts for {weeks} weeks, {odd[:4]}")
    keys = [one.key for one in years.posted]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    wrong += [f"said twice: {key}" for key in twice[:3]]
    told = [one for one in years.posted if "/sent" in one.key and "/edit/" not in one.key]
    weekend = [one.key for one in told if one.at.astimezone(BRUSSELS).weekday() > 4]
    wrong += [f"at the weekend: {key}" for key in weekend]
    holidays = closed_days("BE", "en", tuple({_day(one) for one in told}))
    wrong += [f"on a holiday: {one.key}" for one in told if _day(one) in holidays]
    wrong += [f"not one screen: {one.key}" for one in told if len(one.body.splitlines()) > 50]
    return wrong


def _day(one: Posted) -> date:
    return one.at.astimezone(BRUSSELS).date()


async def measure(folder: Path) -> list[Line]:
    """Both years; a digest that is missing, doubled or untimely is one too many."""
    years = Years(folder / "years.db")
    await years.run()
    wrong = faults(years, WEEKS)
    drafts = sum(1 for one in years.posted if one.key.endswith("/draft"))
    for fault in wrong:
        print(fault, file=sys.stderr)
    return [
        Line("digests drafted in two years", drafts, None, ""),
        Line("of these missing, doubled or untimely", len(wrong), None, "", most_ours=0),
    ]


async def main() -> None:
    """Print a few digests, and how the years went."""
    with tempfile.TemporaryDirectory() as folder:
        years = Years(Path(folder) / "years.db")
        await years.run(int(sys.argv[1]) if len(sys.argv) > 1 else WEEKS)
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else WEEKS
    print("\n".join(faults(years, weeks)) or "every digest once, at its minute")
    drafts = [one for one in years.posted if one.key.endswith("/draft")]
    sent = [one for one in years.posted if "/sent" in one.key and "/edit/" not in one.key]
    print(f"{len(drafts)} drafts, {len(sent)} sent, {years.kills} kills, {years.events} events")
    for one in sent[:: max(len(sent) // 12, 1)]:
        print(f"\n=== {one.at.astimezone(BRUSSELS):%A %d %B %Y %H:%M} {one.lane} {one.key}\n")
        print(one.body)


if __name__ == "__main__":
    asyncio.run(main())
