"""Makes the community's rooms, or adopts them, and follows the configuration and upgrades."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot import plans
from bot.hall import Hall
from bot.matrix.errors import RateLimited, Refused, Unauthorised, Unreachable
from bot.plans import RoomPlan, StateEvent
from bot.posting import queue_posts
from bot.retry import wait_before
from bot.upgrades import follow_upgrades
from commands import descriptions, greetings
from commands.catalogue import CATALOGUE
from commands.power import Power
from commands.words import words_in
from storage import meta, outbox, rooms
from storage.records import Cluster, Room, RoomId, RoomKind

log = logging.getLogger(__name__)

SPACE = "space"  # key in storage.meta
DELIVERY = 120.0  # seconds that `init` waits for what the new rooms are told
RECHECK = 6 * 3600.0  # seconds: what an admin changed by hand is seen within a morning
IN_USE = "M_ROOM_IN_USE"
ATTEMPTS = 5  # of `moothall init`, before the operator is told; the hall itself never gives up


@dataclass(slots=True)
class Report:
    """What was made or changed, for `moothall init` and the log; empty the second time."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.lines.append(line)
        log.info("%s", line)


class Provisioning:
    """Compares first and writes only what differs, so that running it again changes nothing."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._via = [hall.me.partition(":")[2]]

    async def run(self) -> None:
        """Provision at start, then follow upgrades as they happen."""
        await self.until_done()
        self._hall.ready.set()
        log.info("hall ready")
        while True:
            soon = await follow_upgrades(self._hall, self._space())
            await self._hall.bells.upgrades.wait(RECHECK if soon is None else soon)

    async def until_done(self, *, give_up_after: int | None = None) -> Report:
        """Provision, again and again until it succeeds; a rate limit is only a delay.

        give_up_after: failed attempts; the last one's error is raised then.
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
                if attempt == give_up_after:
                    raise
                log.warning("provisioning waits (attempt %d): %s", attempt, trouble)
                await asyncio.sleep(wait_before(attempt))
            else:
                return report

    async def once(self, report: Report) -> None:
        """Bring Matrix in line with the configuration; every step can be repeated."""
        community = self._hall.settings.community
        space = await self._ensure(plans.plan_space(community), None, report)
        await self._remember_space(space)
        for cluster in community.clusters:
            await self._guarded(self._cluster(cluster, space, report), report)
        await self._guarded(self._coordinators(space, report), report)
        await self._let_go_of_removed(report)
        await follow_upgrades(self._hall, self._space())

    async def _guarded(self, work: Any, report: Report) -> None:
        """One room that cannot be had never stops the others."""
        try:
            await work
        except Refused as refusal:
            report.note(f"a room was refused: {refusal}")

    def _space(self) -> RoomId | None:
        return self._known_space

    _known_space: RoomId | None = None

    async def _remember_space(self, space: Room) -> None:
        self._known_space = space.room_id
        await self._hall.database.write(lambda c: meta.put(c, SPACE, space.room_id))

    # ── clusters ──────────────────────────────────────────────────────────────────────────────

    async def _cluster(self, cluster: Cluster, space: Room, report: Report) -> None:
        community = self._hall.settings.community
        before = await self._hall.database.read(lambda c: rooms.of_cluster(c, cluster.slug))
        if before is not None and before.name not in ("", cluster.title):
            # First of all: once the name is changed, nothing tells that it was another.
            await self._announce_rename(before, cluster.title)
        room = await self._ensure(plans.plan_cluster(community, cluster), space.room_id, report)
        await self._into_space(space.room_id, room, report)
        await self._greet(room)

    async def _coordinators(self, space: Room, report: Report) -> None:
        community = self._hall.settings.community
        name = greetings.coordinators_room_name(community)
        plan = plans.plan_coordinators(community, name)
        await self._greet(await self._ensure(plan, space.room_id, report))

    async def _greet(self, room: Room) -> None:
        settings, now = self._hall.settings, self._hall.clock.now()

        def greet(connection: Connection) -> set[str]:
            posts = greetings.greet(connection, room, settings)
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
        if present != content:
            await self._hall.client.put_state(space, "m.space.child", room.room_id, content)
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
            room_id = await self._hall.database.read(lambda c: meta.get(c, SPACE))
            return None if room_id is None else await self._known(RoomId(room_id))
        found = await self._hall.database.read(lambda c: rooms.find(c, kind=plan.kind, joined=True))
        return next((room for room in found if room.successor is None), None)

    async def _adopt(self, plan: RoomPlan, name: str, report: Report) -> Room:
        room_id = await self._hall.client.join(name)
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
            room_id = await self._hall.client.join(found[0], found[1])
            report.note(f"found again: {alias}")
            create = await self._hall.client.state_event(room_id, "m.room.create")
            return await self._enter(plan, room_id, archive=await self._made_by_us(room_id, create))
        report.note(f"made: {plan.name} (#{plan.alias}:{self._via[0]}, version {version})")
        return await self._enter(plan, room_id, archive=True)

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
        for one in plans.missing_state(wanted, present):
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
