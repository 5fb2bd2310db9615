"""What a coordinator does with a draft: 👍 sends, ✏️ edits, 🗑️ drops, ⏭️ skips; or in words."""

import re
from dataclasses import dataclass, replace
from enum import Enum

from commands.command import Call
from commands.context import Context
from commands.digests import replies, rules
from commands.digests.rules import Digest, Line
from commands.digests.showing import (
    digest_of,
    members_reply,
    readers,
    renew,
    title_of,
    under_draft,
    zone,
)
from commands.errors import MemberError
from commands.listener import Tap, plain_emoji
from commands.permissions import may_coordinate
from commands.posts import Post, Posts, React, Say
from storage import digests, outbox, reactions, sources
from storage.digests import COMMUNITY, DigestState, KeptDigest
from storage.records import EventId, Person
from storage.sources import Source

KIND = "digest"
DONE = "✅"
KEYCAPS = {f"{number}\u20e3": number for number in range(1, 10)} | {"🔟": 10}


class Act(Enum):
    SEND = "send"
    SKIP = "skip"
    DROP = "drop"
    KEEP = "keep"
    REWORD = "reword"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reply to a draft asks for."""

    act: Act
    numbers: tuple[int, ...] = ()
    text: str = ""


_NUMBERS = r"\d{1,2}(?:(?:\s*[,&+]\s*|\s+and\s+|\s+)\d{1,2})*"
_DROP = re.compile(rf"(?:drop|remove|delete|🗑|−|-)\s*({_NUMBERS})|({_NUMBERS})\s*🗑", re.IGNORECASE)
_KEEP = re.compile(rf"(?:keep|restore|back|↩|\+)\s*({_NUMBERS})", re.IGNORECASE)
_REWORD = re.compile(r"(?:✏\s*)?(\d{1,2})\s*[:.)–-]\s*(\S.*)", re.DOTALL)
_LOOSELY = re.compile(r"(?:✏\s*)?(\d{1,2})\s+(\S.*)", re.DOTALL)
_WORDS = {"send": Act.SEND, "👍": Act.SEND, "skip": Act.SKIP, "⏭": Act.SKIP}


def read_reply(text: str, *, editing: bool = False) -> Wish | None:
    """What somebody wants who replies to a draft; None: they talk about it.

    editing: they have put ✏️ on it, so that a number and words are an edit without a sign between.
    """
    plain = plain_emoji(text.strip())
    bare = plain.casefold().rstrip(".!")
    if bare in _WORDS:
        return Wish(_WORDS[bare])
    for pattern, act in ((_DROP, Act.DROP), (_KEEP, Act.KEEP)):
        found = pattern.fullmatch(bare)
        if found is not None:
            given = next(group for group in found.groups() if group)
            return Wish(act, tuple(int(one) for one in re.findall(r"\d+", given)))
    found = _REWORD.fullmatch(plain) or (_LOOSELY.fullmatch(plain) if editing else None)
    if found is None:
        return None
    return Wish(Act.REWORD, (int(found[1]),), " ".join(found[2].split()))


# ── rights ────────────────────────────────────────────────────────────────────────────────────


def may_act(person: Person, kept: KeptDigest, context: Context) -> bool:
    """Coordinators of its cluster; of the community's, those of the project."""
    cluster = None if kept.scope == COMMUNITY else kept.scope
    return may_coordinate(person, context.settings.community, cluster)


# ── taps ──────────────────────────────────────────────────────────────────────────────────────


def tapped(tap: Tap, context: Context) -> Posts:
    """A reaction on a draft; on a digest that members read it is theirs."""
    kept = _of_post(tap.post or "", context)
    if kept is None or tap.post != kept.draft_key:
        return ()
    number = KEYCAPS.get(tap.emoji)
    if tap.emoji not in ("👍", "✏", "🗑", "⏭") and number is None:
        return ()
    if not may_act(tap.person, kept, context):
        told = replies.not_yours(tap.words, title_of(kept.scope, context))
        return () if tap.taken_back else under_draft(kept, told, context)
    lines = len(digest_of(kept).lines)
    match tap.emoji:
        case "👍" if not tap.taken_back:
            return _send_by_tap(kept, tap, context)
        case "⏭":
            return _unskip(kept, context) if tap.taken_back else _skip_by_tap(kept, tap, context)
        case "✏" | "🗑" if not tap.taken_back and lines:
            reply = replies.which_line(tap.words, lines, drop=tap.emoji == "🗑")
            return _over(kept, tap, context) or under_draft(kept, reply, context)
        case _ if number is not None and _has_tapped("🗑", tap, kept, context):
            act = Act.KEEP if tap.taken_back else Act.DROP
            return _over(kept, tap, context) or change_lines(
                kept, Wish(act, (number,)), None, context
            )
        case _:
            return ()


def _of_post(post: str, context: Context) -> KeptDigest | None:
    parts = post.split("/")
    known = len(parts) >= 3 and parts[1].isdecimal()
    return digests.get(context.connection, int(parts[1])) if known else None


def _has_tapped(emoji: str, tap: Tap, kept: KeptDigest, context: Context) -> bool:
    draft = outbox.event_of(context.connection, kept.draft_key)
    if draft is None:
        return False
    standing = reactions.stands(context.connection, draft, tap.person.user_id)
    return emoji in map(plain_emoji, standing)


def _over(kept: KeptDigest, tap: Tap, context: Context) -> list[Post]:
    """What is said where a draft is no draft any more and can't be changed."""
    if kept.state is DigestState.REPLACED:
        reply = replies.was_replaced(tap.words, title_of(kept.scope, context))
        return under_draft(kept, reply, context)
    return []


def _send_by_tap(kept: KeptDigest, tap: Tap, context: Context) -> list[Post]:
    if kept.state is DigestState.SENT:
        return []  # somebody was quicker
    return _over(kept, tap, context) or send(kept, tap.person, context)


def _skip_by_tap(kept: KeptDigest, tap: Tap, context: Context) -> list[Post]:
    if kept.state is DigestState.SENT and kept.settled_at is not None:
        at = kept.settled_at.astimezone(zone(context))
        reply = replies.was_sent(tap.words, title_of(kept.scope, context), at)
        return under_draft(kept, reply, context)
    return _over(kept, tap, context) or skip(kept, tap.person, context)


def _unskip(kept: KeptDigest, context: Context) -> list[Post]:
    newest = digests.newest(context.connection, kept.scope)
    if kept.state is not DigestState.SKIPPED or newest is None or newest.id != kept.id:
        return []
    return renew(_reopened(kept, context), context)


def _reopened(kept: KeptDigest, context: Context) -> KeptDigest:
    return digests.change(
        context.connection, kept.id, state=DigestState.DRAFT, settled_at=None, settled_by=None
    )


# ── sent, or skipped ──────────────────────────────────────────────────────────────────────────


def send(kept: KeptDigest, by: Person | None, context: Context) -> list[Post]:
    """To the room of the cluster, or to all; once, whoever says so how often."""
    there = readers(kept.scope, context)
    if not there:
        reply = replies.no_room(context.words, title_of(kept.scope, context))
        return under_draft(kept, reply, context)
    if kept.state is DigestState.SKIPPED:
        kept = _reopened(kept, context)
    user = None if by is None else by.user_id
    sent = digests.settle(context.connection, kept.id, DigestState.SENT, context.now, user)
    if sent is None:
        return []
    reply = members_reply(sent, context)
    said: list[Post] = [
        Say(room.room_id, reply, notice=False, key=_sent_key(sent, room.cluster or ""))
        for room in there
    ]
    return [*said, *renew(sent, context)]


def _sent_key(kept: KeptDigest, cluster: str) -> str:
    return kept.sent_key if kept.scope != COMMUNITY else f"{kept.sent_key}/{cluster}"


def skip(kept: KeptDigest, by: Person, context: Context) -> list[Post]:
    """No digest this week; what it would have told is told by the next."""
    state = DigestState.SKIPPED
    skipped = digests.settle(context.connection, kept.id, state, context.now, by.user_id)
    return [] if skipped is None else renew(skipped, context)


# ── in words ──────────────────────────────────────────────────────────────────────────────────


def said(call: Call[None], subject: str, context: Context) -> Posts:
    """A reply to a draft, or words in its thread."""
    kept = digests.get(context.connection, int(subject))
    if kept is None:
        return ()
    draft = outbox.event_of(context.connection, kept.draft_key)
    standing = (
        [] if draft is None
        else reactions.stands(context.connection, draft, call.asker.user_id)
    )  # fmt: skip
    wish = read_reply(call.said.body, editing="✏" in map(plain_emoji, standing))
    if wish is None:
        return ()  # coordinators talk about it among themselves
    title = title_of(kept.scope, context)
    if not may_act(call.asker, kept, context):
        return call.answer(replies.not_yours(call.words, title))
    if kept.state is DigestState.REPLACED:
        return call.answer(replies.was_replaced(call.words, title))
    done = React(call.room.room_id, call.said.event_id, DONE)
    match wish.act:
        case Act.SEND:
            return [*send(kept, call.asker, context), done]
        case Act.SKIP if kept.state is DigestState.SENT and kept.settled_at is not None:
            at = kept.settled_at.astimezone(zone(context))
            return call.answer(replies.was_sent(call.words, title, at))
        case Act.SKIP:
            return [*skip(kept, call.asker, context), done]
        case _:
            wrong = _unknown(kept, wish)
            if wrong is not None:
                lines = len(digest_of(kept).lines)
                return call.answer(replies.no_such_line(call.words, wrong, lines))
            return [*change_lines(kept, wish, call, context), done]


def _unknown(kept: KeptDigest, wish: Wish) -> int | None:
    lines = len(digest_of(kept).lines)
    return next((one for one in wish.numbers if not 1 <= one <= lines), None)


def change_lines(
    kept: KeptDigest, wish: Wish, call: Call[None] | None, context: Context
) -> list[Post]:
    """Drop lines, put them back, or word one anew; also in a digest that was sent."""
    digest = digest_of(kept)
    event_id = None if call is None else call.said.event_id
    lines = tuple(
        _changed(one, wish, event_id) if number in wish.numbers else one
        for number, one in digest.numbered()
    )
    if call is not None and wish.act is Act.REWORD:
        origin = Source(KIND, str(kept.id), call.asker.user_id)
        sources.add(context.connection, call.said.event_id, origin)
    return store(kept, Digest(lines, digest.left_out), context)


def _changed(one: Line, wish: Wish, event_id: EventId | None) -> Line:
    match wish.act:
        case Act.DROP:
            return replace(one, dropped=True)
        case Act.KEEP:
            return replace(one, dropped=False)
        case _:
            own = rules.excerpt(wish.text, OWN_WORDS)
            return replace(one, own=own, own_event=event_id, dropped=False)


OWN_WORDS = 300  # characters


def store(
    kept: KeptDigest, digest: Digest, context: Context, *, erased: bool = False
) -> list[Post]:
    """Write the lines down, and let the posts say them."""
    content = rules.as_json(digest)
    changed = digests.change(context.connection, kept.id, content=content)
    return renew(changed, context, erased=erased)


def require_coordinator(person: Person, scope: str, context: Context) -> None:
    """Refuse whoever has no say about a digest."""
    cluster = None if scope == COMMUNITY else scope
    if not may_coordinate(person, context.settings.community, cluster):
        raise MemberError(replies.not_yours(context.words_for(person), title_of(scope, context)))
