"""Makes the community's rooms, or adopts them, and follows the configuration and upgrades."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot import plans
from bot.doctor.machine import warn_of_full_disk, warn_of_many_files
from bot.doctor.rooms import check_name, check_rooms
from bot.doctor.visit import patient_of
from bot.hall import LOOK_AGAIN, Hall
from bot.matrix.errors import RateLimited, Refused, Unauthorised, Unreachable
from bot.plans import RoomPlan, StateEvent
from bot.posting import queue_posts
from bot.retry import wait_before
from bot.safe_mode import Troubles, tell
from bot.upgrades import follow_upgrades
from commands import descriptions, greetings
from commands.catalogue import CATALOGUE
from commands.doctor import room_findings
from commands.power import Power
from commands.words import words_in
from storage import meta, outbox, rooms
from storage.records import Cluster, Room, RoomId, RoomKind

log = logging.getLogger(__name__)

DELIVERY = 120.0  # seconds that `init` waits for what the new rooms are told
RETRY = 60.0  # seconds, while the homeserver keeps failing over a room
RECHECK = 6 * 3600.0  # seconds: what an admin changed by hand is seen within a morning
IN_USE = "M_ROOM_IN_USE"
SOME_ATTEMPTS = 3  # before one room's failing is told, and the hall goes on with the others
ATTEMPTS = 5  # of `moothall init`, before the operator is told; the hall itself never gives up


@dataclass(slots=True)
class Report:
    """What was made or changed, for `moothall init` and the log; empty the second time."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        if line not in self.lines:  # a round is repeated until it succeeds
            self.lines.append(line)
        log.info("%s", line)


class NotThere(Exception):
    """We are not in a room of ours any more: nothing is done there, and nobody is overruled."""


class NoSpace(Exception):
    """A new room would stand outside the Space, where its members could not find it."""


class OnlySomeFailed(Unreachable):
    """The homeserver keeps failing over some rooms, while the others stand."""


class Provisioning:
    """Compares first and writes only what differs, so that running it again changes nothing."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._via = [hall.me.partition(":")[2]]
        self._words = words_in(hall.settings.community.language)
        self._troubles = Troubles()

    async def run(self) -> None:
        """Provision at start, then follow upgrades, and look again when something has changed."""
        with contextlib.suppress(OnlySomeFailed):
            await self.until_done()
        self._hall.ready.set()
        log.info("hall ready")
        await self._tell()
        loop = asyncio.get_running_loop()
        look_at = loop.time() + self._recheck_in()
        while True:
            soon = await follow_upgrades(self._hall, self._known_space)
            until_look = max(look_at - loop.time(), 0.0)
            woken = await self._hall.bells.upgrades.wait(min(until_look, soon or until_look))
            if LOOK_AGAIN in woken or loop.time() >= look_at:
                look_at = loop.time() + await self._look_again()

    async def _look_again(self) -> float:
        """Mend what can be mended now, and tell what has changed; seconds until the next time."""
        with contextlib.suppress(OnlySomeFailed):
            await self.until_done()
        await self._tell()
        return self._recheck_in()

    def _recheck_in(self) -> float:
        return RETRY if self._troubles.failing else RECHECK

    async def _tell(self) -> None:
        """Say in the coordinators' room what is broken and what helps, and what is mended."""
        patient = patient_of(self._hall, self._words)
        space = [await warn_of_full_disk(patient), await warn_of_many_files(patient)]
        rooms_found = await check_rooms(patient)
        await tell(self._hall, [*space, *self._troubles.together_with(rooms_found)])

    async def until_done(self, *, give_up_after: int | None = None) -> Report:
        """Provision, again and again until it succeeds; a rate limit is only a delay.

        give_up_after: failed attempts; the last one's error is raised then. Raises OnlySomeFailed
        after three: the others need not wait for a room that cannot be had.
        """
        report, attempt = Report(), 0
        while True:
            try:
                await self.once(report)
            except Unauthorised:
                raise
            except RateLimited as limit:
                await asyncio.sleep(limit.retry_after)
            except (Unreachable, Refused) as trouble:
                attempt += 1
                some = isinstance(trouble, OnlySomeFailed) and attempt >= SOME_ATTEMPTS
                if some or attempt == give_up_after:
                    raise
                log.warning("provisioning waits (attempt %d): %s", attempt, trouble)
                await asyncio.sleep(wait_before(attempt))
            else:
                return report

    async def once(self, report: Report) -> None:
        """Bring Matrix in line with the configuration; every step can be repeated."""
        self._troubles, self._known_space = Troubles(), None
        community = self._hall.settings.community
        # The coordinators' room needs no Space, and is where everything else is told.
        await self._guarded(self._coordinators_plan, self._coordinators(report), report)
        space = await self._guarded(plans.plan_space(community), self._space_room(report), report)
        for cluster in community.clusters:
            plan = plans.plan_cluster(community, cluster)
            await self._guarded(plan, self._cluster(plan, cluster, space, report), report)
        await self._let_go_of_removed(report)
        await follow_upgrades(self._hall, self._known_space)
        if len(self._troubles.failing) == len(community.clusters) + 2:
            raise Unreachable("the homeserver fails over every room")
        if self._troubles.failing:
            raise OnlySomeFailed(", ".join(self._troubles.failing))

    async def _guarded(
        self, plan: RoomPlan, work: Coroutine[Any, Any, Room], report: Report
    ) -> Room | None:
        """One room that cannot be had never stops the others."""
        check, words, name = check_name(plan), self._words, plan.name
        try:
            return await work
        except (Unauthorised, RateLimited, DBAPIError):
            raise  # nobody's room is to blame
        except Refused as refusal:
            trouble = room_findings.room_refused(words, check, name, refusal.errcode)
            report.note(f"a room was refused: {name}: {refusal}")
        except Unreachable as error:
            trouble = room_findings.room_unreachable(words, check, name)
            self._troubles.failing.append(check)
            log.warning("a room fails: %s: %s", check, error)
        except NotThere:
            trouble = room_findings.room_left(words, check, name, self._hall.me)
            report.note(f"not in the room any more: {name}")
        except NoSpace:
            trouble = room_findings.no_space(words, check, name)
            report.note(f"not made while there is no Space: {name}")
        except Exception:
            log.exception("a room could not be provided: %s", check)
            trouble = room_findings.room_broke(words, check, name)
            report.note(f"something went wrong over {name}")
        self._troubles.met[check] = trouble
        if await self._find(plan) is None:
            self._troubles.roomless.add(check)
        return None

    _known_space: RoomId | None = None  # while we are in it

    async def _remember_space(self, space: Room) -> None:
        self._known_space = space.room_id
        await self._hall.database.write(lambda c: meta.put(c, meta.SPACE, space.room_id))

    # ── clusters ──────────────────────────────────────────────────────────────────────────────

    async def _space_room(self, report: Report) -> Room:
        space = await self._ensure(plans.plan_space(self._hall.settings.community), None, report)
        await self._remember_space(space)
        return space

    async def _cluster(
        self, plan: RoomPlan, cluster: Cluster, space: Room | None, report: Report
    ) -> Room:
        before = await self._find(plan)
        if before is None and space is None:
            raise NoSpace
        if before is not None and before.joined and before.name not in ("", cluster.title):
            # First of all: once the name is changed, nothing tells that it was another.
            await self._announce_rename(before, cluster.title)
        room = await self._ensure(plan, None if space is None else space.room_id, report)
        if space is not None:
            await self._into_space(space.room_id, room, report)
        await self._greet(room)
        return room

    @property
    def _coordinators_plan(self) -> RoomPlan:
        community = self._hall.settings.community
        return plans.plan_coordinators(community, greetings.coordinators_room_name(community))

    async def _coordinators(self, report: Report) -> Room:
        room = await self._ensure(self._coordinators_plan, None, report)
        await self._greet(room)
        return room

    async def _greet(self, room: Room) -> None:
        settings, now = self._hall.settings, self._hall.clock.now()

        def greet(connection: Connection) -> set[str]:
            posts = greetings.greet(connection, room, settings, now)
            return queue_posts(connection, self._hall, posts, f"greet/{room.room_id}", now)

        self._hall.bells.outbox.ring(await self._hall.database.write(greet))

    async def _announce_rename(self, room: Room, title: str) -> None:
        post = greetings.announce_rename(room.room_id, title, self._hall.settings)
        now = self._hall.clock.now()

        def announce(connection: Connection) -> set[str]:
            return queue_posts(connection, self._hall, [post], f"rename/{room.room_id}", now)

        self._hall.bells.outbox.ring(await self._hall.database.write(announce))

    async def _into_space(self, space: RoomId, room: Room, report: Report) -> None:
        content = {"via": self._via, "suggested": True}
        present = await self._hall.client.state_event(space, "m.space.child", room.room_id)
        if present == content:
            return
        try:
            await self._hall.client.put_state(space, "m.space.child", room.room_id, content)
        except Refused as refusal:
            report.note(f"not allowed to put {room.name or room.room_id} into the Space: {refusal}")
        else:
            report.note(f"put into the Space: {room.name or room.room_id}")

    async def _let_go_of_removed(self, report: Report) -> None:
        """Rooms of clusters that the configuration no longer names: say so, stop archiving."""
        community = self._hall.settings.community
        slugs = {cluster.slug for cluster in community.clusters}
        known = await self._hall.database.read(lambda c: rooms.find(c, kind=RoomKind.CLUSTER))
        for room in known:
            if room.cluster in slugs or room.successor is not None:
                continue
            now = self._hall.clock.now()

            def let_go(connection: Connection, room: Room = room, now: datetime = now) -> set[str]:
                rooms.change(
                    connection,
                    room.room_id,
                    kind=RoomKind.OTHER.value,
                    archive_on=False,
                )
                farewell = greetings.say_farewell(room, self._hall.settings, now.date().isoformat())
                return queue_posts(connection, self._hall, [farewell], "farewell", now)

            lanes = await self._hall.database.write(let_go)
            if room.joined:
                self._hall.bells.outbox.ring(lanes)
            report.note(f"let go, archive off: {room.name or room.room_id}")

    # ── one room ──────────────────────────────────────────────────────────────────────────────

    async def _ensure(self, plan: RoomPlan, space: RoomId | None, report: Report) -> Room:
        """The room of a plan: known, adopted or made, and then brought in line."""
        room = await self._find(plan)
        if room is None and plan.adopt is not None:
            room = await self._adopt(plan, plan.adopt, report)
        if room is None:
            room = await self._make(plan, space, report)
        await self._bring_in_line(plan, room, space, report)
        return await self._known(room.room_id)

    async def _known(self, room_id: RoomId) -> Room:
        room = await self._hall.database.read(lambda c: rooms.get(c, room_id))
        assert room is not None
        return room

    async def _find(self, plan: RoomPlan) -> Room | None:
        if plan.kind is RoomKind.CLUSTER and plan.cluster is not None:
            slug = plan.cluster
            return await self._hall.database.read(lambda c: rooms.of_cluster(c, slug))
        if plan.kind is RoomKind.SPACE:
            room_id = await self._hall.database.read(lambda c: meta.get(c, meta.SPACE))
            return None if room_id is None else await self._known(RoomId(room_id))
        found = await self._hall.database.read(lambda c: rooms.find(c, kind=plan.kind, joined=True))
        return next((room for room in found if room.successor is None), None)

    async def _adopt(self, plan: RoomPlan, name: str, report: Report) -> Room:
        room_id = await self._join(plan, name)
        # Somebody else's room: nothing is stored until its admins say so.
        room = await self._enter(plan, room_id, archive=False)
        report.note(f"adopted: {name}")
        return room

    async def _make(self, plan: RoomPlan, space: RoomId | None, report: Report) -> Room:
        community = self._hall.settings.community
        version = community.room_version or await self._hall.client.default_room_version()
        body = plans.creation(
            plan,
            self._hall.me,
            version=version,
            space=space,
            via=self._via,
            extra=self._descriptions() if plan.kind is not RoomKind.SPACE else (),
        )
        try:
            room_id = await self._hall.client.create_room(body)
        except Refused as refusal:
            if refusal.errcode != IN_USE:
                raise
            # Ours from a start that was cut short, if the alias leads to a room that we made.
            alias = f"#{plan.alias}:{self._via[0]}"
            found = await self._hall.client.resolve(alias)
            if found is None:
                raise
            room_id = await self._join(plan, found[0], found[1])
            report.note(f"found again: {alias}")
            create = await self._hall.client.state_event(room_id, "m.room.create")
            return await self._enter(plan, room_id, archive=await self._made_by_us(room_id, create))
        report.note(f"made: {plan.name} (#{plan.alias}:{self._via[0]}, version {version})")
        return await self._enter(plan, room_id, archive=True)

    async def _join(self, plan: RoomPlan, name: str, via: Sequence[str] = ()) -> RoomId:
        """Join a room, but not one of ours that we were removed from: who did that meant it."""
        found = await self._hall.client.resolve(name) if name.startswith("#") else None
        room_id = RoomId(name) if found is None else found[0]
        known = await self._hall.database.read(lambda c: rooms.get(c, room_id))
        if known is not None and known.kind is plan.kind and not known.joined:
            raise NotThere
        return await self._hall.client.join(name, via)

    async def _made_by_us(self, room_id: RoomId, create: Mapping[str, Any] | None) -> bool:
        if create is None:
            return False
        return any(
            raw.get("type") == "m.room.create" and raw.get("sender") == self._hall.me
            for raw in await self._hall.client.state(room_id)
        )

    async def _enter(self, plan: RoomPlan, room_id: RoomId, *, archive: bool) -> Room:
        """Write a room of ours into the book. Only cluster rooms are archived unasked."""
        now = self._hall.clock.now()

        def enter(connection: Connection) -> Room:
            room = rooms.know(connection, room_id, plan.kind)
            values: dict[str, Any] = {
                "kind": plan.kind.value,
                "cluster": plan.cluster,
                "name": plan.name,
                "joined": True,
                "via": self._via,
            }
            if archive and plan.kind is RoomKind.CLUSTER:
                values |= {"archive_on": True, "archive_since": now}
            if plan.encrypted:
                values["encrypted"] = True
            rooms.change(connection, room.room_id, **values)
            return rooms.know(connection, room_id)

        return await self._hall.database.write(enter)

    async def _bring_in_line(
        self, plan: RoomPlan, room: Room, space: RoomId | None, report: Report
    ) -> None:
        raw = await self._hall.client.state(room.room_id)
        state = {(str(one.get("type")), str(one.get("state_key"))): one for one in raw}
        present = {key: _content(one) for key, one in state.items()}
        if present.get(("m.room.member", self._hall.me), {}).get("membership") != "join":
            raise NotThere  # what we were shown is how it was when we left
        power = Power.from_state(
            state.get(("m.room.create", "")), state.get(("m.room.power_levels", ""))
        )
        create = present.get(("m.room.create", ""), {})
        wanted = plans.wanted_state(
            plan, version=str(create.get("room_version", "1")), space=space, via=self._via
        )
        if plan.adopt is not None:
            # Who may join an adopted room is for its admins to say.
            wanted = [one for one in wanted if one.type != "m.room.join_rules"]
        if plan.kind is not RoomKind.SPACE:
            wanted += self._descriptions()
        missing = plans.missing_state(wanted, present)
        for one in (*missing, *plans.outdated_descriptions(wanted, raw, self._hall.me)):
            if not power.can_send(self._hall.me, one.type, is_state=True):
                report.note(f"not allowed to set {one.type} in {plan.name}: ask a room admin")
                continue
            await self._put(room.room_id, one)
            report.note(f"set {one.type} in {plan.name}")
        await self._raise_levels(plan, room, power, present, report)
        await self._invite(plan, room, power, present, report)

    async def _put(self, room_id: RoomId, one: StateEvent) -> None:
        while True:
            try:
                await self._hall.client.put_state(room_id, one.type, one.state_key, one.content)
            except RateLimited as limit:
                await asyncio.sleep(limit.retry_after)
            else:
                return

    async def _raise_levels(
        self,
        plan: RoomPlan,
        room: Room,
        power: Power,
        present: Mapping[tuple[str, str], Mapping[str, Any]],
        report: Report,
    ) -> None:
        if not power.can_send(self._hall.me, "m.room.power_levels", is_state=True):
            return
        levels = plans.raised_levels(
            plan, power, present.get(("m.room.power_levels", ""), {}), self._hall.me
        )
        if levels is not None:
            await self._put(room.room_id, StateEvent("m.room.power_levels", "", levels))
            report.note(f"raised coordinators in {plan.name}")

    async def _invite(
        self,
        plan: RoomPlan,
        room: Room,
        power: Power,
        present: Mapping[tuple[str, str], Mapping[str, Any]],
        report: Report,
    ) -> None:
        """Ask in those who were never asked; who left or was removed is not asked again."""
        if not power.can_invite(self._hall.me):
            return
        for user in plans.invited(plan, self._hall.me):
            if ("m.room.member", user) in present:
                continue
            try:
                await self._hall.client.invite(room.room_id, user)
            except Refused as refusal:
                report.note(f"cannot invite {user} to {plan.name}: {refusal}")
            else:
                report.note(f"invited {user} to {plan.name}")

    def _descriptions(self) -> list[StateEvent]:
        """Every command, for clients that show them (MSC4391)."""
        if not self._hall.settings.community.describe_commands:
            return []
        return [
            StateEvent(one.type, one.state_key, one.content)
            for one in descriptions.describe(
                CATALOGUE,
                self._hall.me,
                words_in(self._hall.settings.community.language),
            )
        ]


def _content(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    content = raw.get("content")
    return content if isinstance(content, Mapping) else {}


async def initialise(hall: Hall) -> Sequence[str]:
    """`moothall init`: provision once, deliver what that wants said, and end."""
    from bot.app import run_hall

    stop = asyncio.Event()
    provisioning = Provisioning(hall)
    report: list[str] = []

    async def provision() -> None:
        try:
            report.extend((await provisioning.until_done(give_up_after=ATTEMPTS)).lines)
            if not await _delivered(hall):
                report.append("some messages are still on their way: `moothall run` sends them")
        finally:
            stop.set()

    await run_hall(hall, stop, provision=provision)
    return report or ["everything is as configured"]


async def _delivered(hall: Hall) -> bool:
    """Wait until nothing is left to send; False if that takes too long."""
    try:
        async with asyncio.timeout(DELIVERY):
            while await hall.database.read(outbox.lanes):  # noqa: ASYNC110 — the bell is delivery's
                await asyncio.sleep(0.1)
    except TimeoutError:
        return False
    return True
