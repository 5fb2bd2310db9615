"""Checks of the community's rooms: are we in them, may we work there, does the Space hold them?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from bot import plans
from bot.doctor.homeserver import NoLogin
from bot.doctor.patient import Patient
from bot.matrix.errors import MatrixError
from bot.matrix.examining import RoomState
from bot.plans import RoomPlan
from commands import greetings
from commands.doctor import findings
from commands.doctor import room_findings as words_of
from commands.doctor.rules import Finding
from commands.power import Power
from storage import meta, rooms
from storage.records import Community, Room, RoomId, RoomKind, UserId

AT_ONCE = 4  # requests: a homeserver is not flooded because somebody asks how we are


@dataclass(frozen=True, slots=True)
class _Looked:
    """A planned room, as it was found."""

    plan: RoomPlan
    room: Room | None
    state: RoomState | None  # None: unknown, and then `trouble` says why
    trouble: Finding | None = None


async def check_rooms(patient: Patient) -> Sequence[Finding]:
    """Each room of the configuration, and then each cluster's links with the Space."""
    if patient.examiner.device is None:
        raise NoLogin
    places = asyncio.Semaphore(AT_ONCE)
    planned = all_plans(patient.settings.community)
    known = await patient.memory.read(lambda c: [find(c, plan) for plan in planned])

    async def look(plan: RoomPlan, room: Room | None) -> _Looked:
        async with places:
            return await _look(patient, plan, room)

    looked = await asyncio.gather(*map(look, planned, known))
    found = [judge_room(patient, one) for one in looked]
    space = looked[0]
    return found + [
        _judge_links(patient, one, space) for one in looked if one.plan.kind is RoomKind.CLUSTER
    ]


def all_plans(community: Community) -> list[RoomPlan]:
    """The Space, the coordinators' room, and the clusters in their order."""
    name = greetings.coordinators_room_name(community)
    return [
        plans.plan_space(community),
        plans.plan_coordinators(community, name),
        *(plans.plan_cluster(community, cluster) for cluster in community.clusters),
    ]


def check_name(plan: RoomPlan) -> str:
    """What the check of a room is called: "room:space", "room:coordinators", "room:housing"."""
    return f"room:{plan.cluster or plan.kind.value}"


def find(connection: Connection, plan: RoomPlan) -> Room | None:
    """The room that a plan has become, whether we are still in it or not."""
    if plan.kind is RoomKind.CLUSTER:
        return rooms.of_cluster(connection, plan.cluster or "")
    if plan.kind is RoomKind.SPACE:
        room_id = meta.get(connection, meta.SPACE)
        return None if room_id is None else rooms.get(connection, RoomId(room_id))
    living = [room for room in rooms.find(connection, kind=plan.kind) if room.successor is None]
    return next((room for room in living if room.joined), living[-1] if living else None)


async def _look(patient: Patient, plan: RoomPlan, room: Room | None) -> _Looked:
    if room is None:
        trouble = words_of.room_absent(patient.words, check_name(plan), plan.name)
        return _Looked(plan, None, None, trouble)
    try:
        return _Looked(plan, room, await patient.examiner.room(room.room_id))
    except MatrixError as error:
        trouble = findings.broken(patient.words, check_name(plan), str(error))
        return _Looked(plan, room, None, trouble)


def judge_room(patient: Patient, looked: _Looked) -> Finding:
    """What is wrong with one room, worst first."""
    plan, words, me = looked.plan, patient.words, patient.me
    check = check_name(plan)
    if looked.state is None:
        assert looked.trouble is not None
        return looked.trouble
    match looked.state.membership:
        case "join":
            pass
        case "leave":
            return words_of.room_left(words, check, plan.name, me)
        case _:
            return words_of.room_closed(words, check, plan.name, me)
    must, should = lacking(plan, power_of(looked.state), me)
    if must:
        return words_of.room_mute(words, check, plan.name, me, ", ".join([*must, *should]))
    if should:
        return words_of.room_weak(words, check, plan.name, me, ", ".join(should))
    return words_of.room_well(words, check, plan.name)


def power_of(state: RoomState) -> Power:
    """Who may do what there."""
    return Power.from_state(
        state.state.get(("m.room.create", "")), state.state.get(("m.room.power_levels", ""))
    )


def lacking(plan: RoomPlan, power: Power, me: UserId) -> tuple[list[str], list[str]]:
    """Rights that the hall cannot do without in a room, and those it only misses."""
    must, should = plans.needed_rights(plan)
    return (
        [right.name for right in must if not right.held(power, me)],
        [right.name for right in should if not right.held(power, me)],
    )


def _judge_links(patient: Patient, looked: _Looked, space: _Looked) -> Finding:
    plan, words = looked.plan, patient.words
    check = f"space:{plan.cluster}"
    if looked.room is None or looked.state is None or looked.state.membership != "join":
        return findings.broken(words, check, "room")
    if space.room is None or space.state is None or space.state.membership != "join":
        return findings.broken(words, check, "Space")
    child = space.state.content("m.space.child", looked.room.room_id).get("via")
    parent = looked.state.content("m.space.parent", space.room.room_id).get("via")
    if child and parent:
        return words_of.linked(words, check, plan.name)
    return words_of.link_missing(words, check, plan.name, child=not child, parent=not parent)
