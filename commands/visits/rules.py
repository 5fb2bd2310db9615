"""What is decided about visits without looking anything up: votes typed, clashes, when to ask."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from commands.arguments import folded
from commands.dates.reader import Span
from commands.dates.rules import Value
from storage.records import UserId
from storage.visit_records import VisitVote

MOST_DATES = 20
WINDOW = timedelta(days=5)  # how long dates are asked, unless somebody says otherwise
EVENING = time(18, 0)
MORNING = time(9, 0)
WORK_FROM, WORK_UNTIL = time(8, 0), time(18, 0)
REVIEW_AFTER = timedelta(weeks=10)
CLASH_PATIENCE = timedelta(days=1)

# ── votes as people type them ─────────────────────────────────────────────────────────────────

_SAYS = {
    Value.YES: "yes y ja j oui sí si s ναι nai jā ano jo ✅ 👍 ✔ + ok tak sim",
    Value.MAYBE: "maybe m perhaps if-need-be vielleicht notfalls peut-être quizás quizá forse"
    " misschien ίσως varbūt možná kanskje 🟡 🤔 ~ ?",
    Value.NO: "no n nein non nee όχι nē ne nei ❌ 👎 ✖ -",
}
_VALUES = {folded(word) or word: value for value, ws in _SAYS.items() for word in ws.split()}
_ALL = frozenset(
    folded(w)
    for w in [
        "all",
        "alle",
        "alles",
        "tous",
        "toutes",
        "todo",
        "todos",
        "todas",
        "tutti",
        "tutte",
        "όλες",
        "όλα",
        "visi",
        "visas",
        "všechny",
        "vše",
        "everything",
    ]
)
_BUT = frozenset(
    folded(w)
    for w in [
        "but",
        "except",
        "außer",
        "ausser",
        "sauf",
        "salvo",
        "excepto",
        "tranne",
        "eccetto",
        "behalve",
        "εκτός",
        "izņemot",
        "kromě",
        "unntatt",
    ]
)
_BESIDE = frozenset(
    folded(w)
    for w in [
        "to",
        "the",
        "and",
        "und",
        "et",
        "y",
        "e",
        "en",
        "και",
        "un",
        "a",
        "og",
        "on",
        "date",
        "dates",
    ]
)
_PIECES = re.compile(r"\d+\s*-\s*\d+|\d+|[^\W\d_]+(?:-[^\W\d_]+)*|[^\s\w,;.:]")


def read_votes(text: str, numbers: Sequence[int]) -> dict[int, Value] | None:
    """ "1 yes 2 maybe 3 no", "yes 1 3", "all but 2", "no": what is said to which date.

    None if it cannot be read, or names a date that is not there.
    """
    tokens = _tokens(text, numbers)
    if tokens is None:
        return None
    values = [token for token in tokens if isinstance(token, Value)]
    if not values:
        named = [n for token in tokens if isinstance(token, tuple) for n in token]
        return dict.fromkeys(named, Value.YES) if named and "all" in tokens else None
    said: dict[int, Value] = {}
    if isinstance(tokens[0], Value):  # "yes 1 3 no 2"
        value, group = tokens[0], False
        for token in tokens:
            if isinstance(token, Value):
                value, group = token, False
            elif isinstance(token, tuple):
                said |= dict.fromkeys(token, value)
                group = True
        if not said and len(values) == 1 and not group:
            return dict.fromkeys(numbers, values[0])  # a bare "no" is about every date
        return said if not isinstance(tokens[-1], Value) or len(values) == 1 else None
    waiting: list[int] = []
    for token in tokens:  # "1 yes 2 3 no"
        if isinstance(token, Value):
            if not waiting:
                return None
            said |= dict.fromkeys(waiting, token)
            waiting = []
        elif isinstance(token, tuple):
            waiting += token
    return None if waiting else said


def _tokens(text: str, numbers: Sequence[int]) -> list[Value | tuple[int, ...] | str] | None:
    tokens: list[Value | tuple[int, ...] | str] = []
    but = False
    for piece in _PIECES.findall(_phrases(text)):
        plain = folded(piece) or piece
        if piece[0].isdigit():
            named = _range(piece)
            if not set(named) <= set(numbers):
                return None
            if but:
                kept = tokens[-1]
                assert isinstance(kept, tuple)
                tokens[-1] = tuple(n for n in kept if n not in named)
            else:
                tokens.append(named)
        elif plain in _VALUES or piece in _VALUES:
            but = False
            tokens.append(_VALUES.get(plain) or _VALUES[piece])
        elif plain in _ALL:
            tokens += ["all", tuple(numbers)]
        elif plain in _BUT and tokens and isinstance(tokens[-1], tuple):
            but = True
        elif plain not in _BESIDE:
            return None
    return tokens


def _phrases(text: str) -> str:
    """Answers of several words become one; 1️⃣ is 1, and signs of appearance are nothing."""
    text = text.replace("\ufe0f", "").replace("\u20e3", " ")
    return re.sub(r"(?i)\bif (?:need|needs) (?:be|must)\b|\bwenn es sein muss\b", "maybe", text)


def _range(piece: str) -> tuple[int, ...]:
    ends = [int(n) for n in re.findall(r"\d+", piece)]
    return tuple(range(ends[0], ends[-1] + 1)) if ends[-1] - ends[0] < MOST_DATES else (0,)


_KEYCAPS = {f"{n}\u20e3": n for n in range(1, 10)} | {"🔟": 10}
TAPPED = {"✅": Value.YES, "👍": Value.YES, "✔": Value.YES, "🟡": Value.MAYBE, "❌": Value.NO,
          "👎": Value.NO, "✖": Value.NO}  # fmt: skip


def tapped_date(emoji: str) -> int | None:
    """The date that a keycap means; variation selectors are gone already."""
    return _KEYCAPS.get(emoji)


def keycap(number: int) -> str | None:
    """How a date looks as an emoji, up to the tenth."""
    return next(
        (
            f"{e[0]}\ufe0f\u20e3" if e[0].isdigit() else e
            for e, n in _KEYCAPS.items()
            if n == number
        ),
        None,
    )


def still_true(
    ledger: Sequence[VisitVote], around: Mapping[int, datetime | None]
) -> list[VisitVote]:
    """Of what was said to longer dates, by number with their closes, what holds for days within.

    A yes to nine to eleven March is one to the tenth; a no says nothing of it. The latest of each
    person counts.
    """
    latest: dict[tuple[str, str | None], VisitVote] = {}
    for vote in sorted(ledger, key=lambda one: (one.at, one.event_id)):
        if vote.option not in around:
            continue
        close = around[vote.option]
        if close is None or vote.at <= close:
            latest[(vote.person, vote.party)] = vote
    return [one for one in latest.values() if one.value in (Value.YES, Value.MAYBE)]


# ── free days ─────────────────────────────────────────────────────────────────────────────────


def free_windows(
    length: int, after: date, busy: Collection[date], *, first: int, most: int = 3
) -> list[Span]:
    """The next so many days on which nothing is known to stand in the way, one a week.

    first: the weekday that is wanted most. Up to five days lie within one working week.
    """
    found: list[Span] = []
    monday = after + timedelta(days=7 - after.weekday())
    for week in range(26):
        begin = monday + timedelta(weeks=week)
        for weekday in dict.fromkeys([first, 0, 1, 2, 3, 4]):
            start = begin + timedelta(days=weekday)
            span = Span(start, start + timedelta(days=length - 1))
            working = [day for day in span.days if day.weekday() < 5]
            if weekday > 4 or (length <= 5 and len(working) < length):
                continue
            if not any(day in busy for day in working):
                found.append(span)
                break
        if len(found) == most:
            break
    return found


# ── polls ─────────────────────────────────────────────────────────────────────────────────────


def answer_id(poll: str, value: Value) -> str:
    """The id of an answer in a poll of ours: the same whenever it is asked for."""
    return blake2b(f"{poll}/{value}".encode(), digest_size=8).hexdigest()


def answered(poll: str, ids: Sequence[str]) -> Value | None:
    """What a response means: an unknown id anywhere spoils it, more than one is cut."""
    known = {answer_id(poll, value): value for value in Value}
    if not ids or any(one not in known for one in ids):
        return None
    return known[ids[0]]


# ── when ──────────────────────────────────────────────────────────────────────────────────────


def usual_deadline(now: datetime, zone: ZoneInfo, first: date) -> datetime:
    """In the evening some days ahead, and before the first date: local wall time without a zone."""
    local = now.astimezone(zone)
    day = local.date() + WINDOW
    while day.weekday() in (5, 6):
        day += timedelta(days=1)
    latest = first - timedelta(days=1)
    wall = datetime.combine(min(day, latest), EVENING)
    if wall <= local.replace(tzinfo=None) + timedelta(hours=1):
        wall = local.replace(tzinfo=None, second=0, microsecond=0) + timedelta(hours=2)
    return wall


# After an outage two reminders of one thing may be due at once: the second would say the same.
BREATHER = timedelta(hours=12)


def reminders(opened: datetime, deadline: datetime) -> list[datetime]:
    """When those who are silent are reminded: half-way, and two days or 36 hours before the end."""
    window = deadline - opened
    moments = [opened + window / 2]
    if window > timedelta(days=5):
        moments.append(deadline - timedelta(hours=48))
    elif window > timedelta(days=2):
        moments.append(deadline - timedelta(hours=36))
    return sorted(set(moments))[:2]


def humane(moment: datetime, zone: ZoneInfo) -> datetime:
    """That moment if somebody works then, where they live; else the next morning on a weekday."""
    local = moment.astimezone(zone)
    if local.weekday() < 5 and WORK_FROM <= local.time() < WORK_UNTIL:
        return moment
    day = local.date() if local.time() < WORK_FROM else local.date() + timedelta(days=1)
    while day.weekday() in (5, 6):
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, zone).astimezone(UTC)


def read_clock(typed: str) -> time | None:
    """ "14:30", "9.05" or "14": an hour of the day."""
    match = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2})?)?", typed.strip())
    if match is None or int(match[1]) > 23 or int(match[2] or 0) > 59:
        return None
    return time(int(match[1]), int(match[2] or 0))


# ── clashes ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Booked:
    """Days on which some people, or a city, are taken: nobody here knows by what."""

    what: str  # "V-5"
    span: Span
    people: frozenset[UserId]
    host: str  # a city that cannot host twice


@dataclass(frozen=True, slots=True)
class Clash:
    booked: Booked
    days: tuple[date, ...]
    people: frozenset[UserId]
    host: str | None


def clashes(
    span: Span, people: Iterable[UserId], host: str, booked: Sequence[Booked]
) -> list[Clash]:
    """What the days of a date share with what is booked already."""
    mine = frozenset(people)
    found = []
    for one in booked:
        days = tuple(day for day in span.days if one.span.start <= day <= one.span.last)
        shared = mine & one.people
        same_host = host if host == one.host else None
        if days and (shared or same_host):
            found.append(Clash(one, days, shared, same_host))
    return found


def same_week(span: Span, booked: Sequence[Booked]) -> list[Booked]:
    """Other visits in the week of a date."""
    week = span.start.isocalendar()[:2]
    return [one for one in booked if one.span.start.isocalendar()[:2] == week]
