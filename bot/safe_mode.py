"""Safe mode: what is broken is told once, with what helps, and everything else goes on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from bot.doctor.rooms import find
from bot.hall import Hall
from bot.plans import plan_coordinators
from bot.posting import queue_posts
from commands.doctor import replies
from commands.doctor.rules import Finding, Level
from commands.posts import Post, Say, Tell
from commands.reply import Reply
from commands.words import words_in
from storage import meta
from storage.types import milliseconds


@dataclass(slots=True)
class Troubles:
    """What one round of provisioning could not do."""

    met: dict[str, Finding] = field(default_factory=dict)  # by check
    failing: list[str] = field(default_factory=list)  # checks: the homeserver itself fails there
    roomless: set[str] = field(default_factory=set)  # checks whose room does not exist yet

    def together_with(self, examined: Sequence[Finding]) -> list[Finding]:
        """One finding for each check: what was seen in a room, else what was met on the way."""
        together: list[Finding] = []
        for seen in examined:
            met = self.met.get(seen.check)
            looked_into = seen.level is Level.FAIL and seen.check not in self.roomless
            together.append(seen if met is None or looked_into else met)
        return together


async def tell(hall: Hall, findings: Sequence[Finding]) -> None:
    """Say what has broken and what is mended since last time, in the coordinators' room.

    What was said is kept with the post in one transaction, so that no restart says it again.
    """
    now = hall.clock.now()

    def work(connection: Connection) -> set[str]:
        told: dict[str, str] = json.loads(meta.get(connection, meta.TROUBLES) or "{}")
        broken = {f.check: f for f in findings if f.known and f.level is not Level.OK}
        new = [f for f in broken.values() if told.get(f.check) != f.said]
        unknown = {f.check for f in findings if not f.known}
        mended = [check for check in told if check not in broken and check not in unknown]
        if not new and not mended:
            return set()
        reply = replies.troubles(
            words_in(hall.settings.community.language), new, [told[check] for check in mended]
        )
        kept = {check: said for check, said in told.items() if check not in mended}
        kept |= {check: finding.said for check, finding in broken.items()}
        meta.put(connection, meta.TROUBLES, json.dumps(kept))
        posts = _posts(connection, hall, reply, broken)
        return queue_posts(connection, hall, posts, f"troubles/{milliseconds(now)}", now)

    hall.bells.outbox.ring(await hall.database.write(work))


def _posts(
    connection: Connection, hall: Hall, reply: Reply, broken: dict[str, Finding]
) -> Sequence[Post]:
    """To the coordinators; to each operator if we cannot speak in that room."""
    community = hall.settings.community
    room = find(connection, plan_coordinators(community, ""))
    mute = broken.get("room:coordinators")
    if room is not None and room.joined and (mute is None or mute.level is not Level.FAIL):
        return [Say(room.room_id, reply, notice=False)]
    return [Tell(operator, reply) for operator in community.operators]
