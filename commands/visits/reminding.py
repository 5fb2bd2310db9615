"""Who was asked and is silent is reminded in private: by the clock, and once by hand."""

from dataclasses import dataclass
from datetime import datetime

from commands.context import Context
from commands.dates.rules import silent_parties
from commands.posts import Offer, Post, Tell
from commands.reply import Reply
from commands.visits import electing, life_words, poll_words, rules
from commands.visits.attending import standing_now
from commands.visits.counting import count
from commands.visits.electing import named, zone_of
from commands.visits.muting import MUTE
from commands.visits.proposing import alarm, numbered
from commands.visits.showing import span_of, titled
from storage import outbox, people, visits
from storage.records import Person, UserId
from storage.visit_records import Electorate, LineKind, Visit, VisitState

BY_HAND = "asked"
TURNS = ("1", "2", BY_HAND)  # in a round of asking
MOST = 2


# ── by the clock ──────────────────────────────────────────────────────────────────────────────


def remind(visit: Visit, context: Context, turn: str) -> list[Post]:
    """Each who still has to answer, in their direct chat, at an hour when they work."""
    posts: list[Post] = []
    for user in silent_people(visit, context):
        someone = people.know(context.connection, user)
        at = rules.humane(context.now, context.zone_of(someone))
        if at <= context.now:
            posts += nudge(visit, user, context, turn)
        elif not _too_late(visit, at):
            key = f"remind/{visit.round}/{turn}/{user}"
            posts.append(alarm(visit, "nudge", at, key, person=user, turn=turn))
    return posts


def nudge(visit: Visit, user: UserId, context: Context, turn: str) -> list[Post]:
    """One reminder, if it is still needed."""
    if user not in silent_people(visit, context) or _was_just_reminded(visit, user, context):
        return []
    return _reminder(visit, user, context, turn)


# ── by hand ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ByHand:
    """What came of it."""

    posts: tuple[Post, ...]
    people: int  # how many are told
    left: tuple[Electorate, ...]  # of whom the answer is missing, and who are not told


def remind_now(visit: Visit, context: Context) -> ByHand:
    """Whoever was not reminded by hand before, nor twice by the clock; at whatever hour it is."""
    told = [user for user in silent_people(visit, context) if not _is_enough(visit, user, context)]
    posts = [post for user in told for post in _reminder(visit, user, context, BY_HAND)]
    reached = {post.person for post in posts if isinstance(post, Tell)}
    left = [
        voice
        for voice in silent_voices(visit, context)
        if not reached.intersection(electing.spokesperson(voice))
    ]
    return ByHand(tuple(posts), len(reached), tuple(left))


def _is_enough(visit: Visit, user: UserId, context: Context) -> bool:
    turns = [turn for turn in TURNS if outbox.was_posted(
        context.connection, _key(visit, user, turn))]  # fmt: skip
    return BY_HAND in turns or len(turns) >= MOST


# ── whom, and what ────────────────────────────────────────────────────────────────────────────


def were_asked(visit: Visit) -> list[Electorate]:
    """The voices that an answer is awaited of, given or not, as far as the visit has come."""
    match visit.state:
        case VisitState.ASKING:
            return [voice for voice in visit.electorate if voice.required]
        case VisitState.CONFIRMED:
            return [voice for voice in visit.electorate if voice.anew == visit.round]
        case _:
            return list(visit.electorate)


def silent_voices(visit: Visit, context: Context) -> list[Electorate]:
    """Those of them that have not answered every date; of a decided visit, the days that stand."""
    asked = were_asked(visit)
    if visit.state is VisitState.CONFIRMED:
        return unknown(visit, asked, context)
    quiet = set(silent_parties(count(visit, context)))
    return [voice for voice in asked if voice.key in quiet]


def unknown(visit: Visit, voices: list[Electorate], context: Context) -> list[Electorate]:
    """Those who have not spoken of the days that stand now."""
    standing = standing_now(visit, context)
    known = {} if standing is None else standing.voices
    return [one for one in voices if one.key not in known or known[one.key].value is None]


def silent_people(visit: Visit, context: Context) -> list[UserId]:
    """Who speaks for them, and has not asked to be left alone."""
    muted = visits.lines(context.connection, visit.id, LineKind.MUTE)
    left_alone = {context.me, *(one.author for one in muted)}
    voices = silent_voices(visit, context)
    asked = dict.fromkeys(user for voice in voices for user in electing.spokesperson(voice))
    return [user for user in asked if user not in left_alone]


def _reminder(visit: Visit, user: UserId, context: Context, turn: str) -> list[Post]:
    if _too_late(visit, context.now):
        return []
    told = _told(visit, people.know(context.connection, user), context)
    key = _key(visit, user, turn)
    return [Tell(user, told, key=key, quotes=titled(visit)), Offer(key, MUTE)]


def _told(visit: Visit, someone: Person, context: Context) -> Reply:
    words, shown, span = context.words_for(someone), named(visit, context, ""), span_of(visit)
    if visit.state is VisitState.CONFIRMED and span is not None:
        return life_words.still_coming(words, shown, span)
    until = visit.deadline.astimezone(context.zone_of(someone))
    return poll_words.reminder(words, shown, numbered(visit, context), until)


def _too_late(visit: Visit, at: datetime) -> bool:
    """Whether an answer could change nothing any more."""
    if visit.state is VisitState.CONFIRMED:
        return visit.start is None or at.astimezone(zone_of(visit)).date() >= visit.start
    return at >= visit.deadline


def _key(visit: Visit, user: UserId, turn: str) -> str:
    return f"visit/{visit.id}/remind/{visit.round}/{turn}/{user}"


def _was_just_reminded(visit: Visit, user: UserId, context: Context) -> bool:
    """Whether the last reminder of this round is a matter of hours."""
    keys = [_key(visit, user, turn) for turn in TURNS]
    return outbox.was_queued_since(context.connection, keys, context.now - rules.BREATHER)
