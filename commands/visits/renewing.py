"""Words were taken back: what showed them goes with all that it ever said, and comes anew."""

from datetime import datetime

from commands.context import Context
from commands.events import Redacted
from commands.posts import Offer, Post, Posts, TakeBack
from commands.visits import life_words, promise_words, rules
from commands.visits.counting import still_open
from commands.visits.deciding import ahead, calendar_file
from commands.visits.electing import named
from commands.visits.proposing import show_card
from commands.visits.reporting import as_report, edit_report
from commands.visits.showing import card_key, edit_card, in_thread, listen_under, report_key
from commands.visits.voting import take_back
from storage import outbox, promises, visits
from storage.visit_records import TAKES_PLACE, LineKind, Visit, VisitState

GONE_BY = frozenset({VisitState.CANCELLED, VisitState.FOLLOWED_UP})
ON_CARD = frozenset({LineKind.AGENDA, LineKind.TRAVEL, LineKind.TASK})


def taken_back(event: Redacted, subject: str, context: Context) -> Posts:
    """What was made from a message loses its words; a vote that is gone never was."""
    kind, _, number = subject.partition("/")
    if kind == "line":
        return line_gone(int(number), context)
    if kind.startswith(("advice", "promise")):
        return _promise_gone(kind, int(number), context)
    visit = visits.get(context.connection, int(number)) if number.isdecimal() else None
    if visit is None:
        return ()
    match kind:
        case "vote":
            return take_back(visit, event.target, context)
        case "visit" if visit.title:
            visit = visits.change(context.connection, visit.id, title="")
            return [*renew_card(visit, context), *renew_calendar(visit, context)]
        case "override" if visit.override_source == event.target:
            visit = visits.change(context.connection, visit.id, override="", override_source=None)
            return renew_card(visit, context)
        case "place" if visit.place_source == event.target:
            visit = visits.change(context.connection, visit.id, place="", place_source=None)
            return [*renew_card(visit, context), *renew_calendar(visit, context)]
        case _:
            return ()


def line_gone(number: int, context: Context) -> Posts:
    """That there was something, and where, stays."""
    line = visits.line(context.connection, number)
    visit = None if line is None else visits.get(context.connection, line.visit)
    if line is None or visit is None:
        return ()
    visits.change_line(context.connection, number, text="")
    if line.kind is LineKind.NOTE:
        return renew_report(visit, context, said=line.created_at)
    return renew_card(visit, context, said=line.created_at) if line.kind in ON_CARD else ()


def _promise_gone(kind: str, number: int, context: Context) -> Posts:
    connection = context.connection
    column = "why" if kind.endswith("-why") else "text"
    gone = {column: ""} if column == "text" else {column: "", "why_source": None}
    if kind.startswith("advice"):
        promises.judge(connection, number, **gone)
        made = promises.recommended(connection, number)
        of, said = (None, None) if made is None else (made.visit, made.created_at)
    else:
        taken_on = promises.change(connection, number, **gone)
        of, said = taken_on.visit, taken_on.created_at
    visit = None if of is None else visits.get(connection, of)
    return () if visit is None else renew_report(visit, context, said=said)


def renew_card(visit: Visit, context: Context, *, said: datetime | None = None) -> list[Post]:
    """The card without what was taken back, and its report with it if it had the same words.

    Words that came after the card itself stand in its edits alone: then only these go, and its
    thread stays where it is.
    """
    connection, key = context.connection, card_key(visit)
    if not outbox.was_posted(connection, key):
        return []
    gone = _edits(key, context)
    if _later(key, said, context):
        return [*gone, *edit_card(visit, context)]
    visit, anew = _card_anew(visit, context)
    report = renew_report(visit, context) if said is None else []
    return [*gone, TakeBack(key), *anew, *report]


def _card_anew(visit: Visit, context: Context) -> tuple[Visit, list[Post]]:
    """Another card takes the place of the one that is gone, pinned and with what it offers."""
    visit = visits.change(context.connection, visit.id, card=visit.card + 1)
    if visit.state is VisitState.HELD:
        listen_under(visit, context)
    offered: list[Post] = []
    if visit.state is VisitState.POLLING:
        dates = [one.number for one in still_open(visit, context)]
        keycaps = [emoji for number in dates if (emoji := rules.keycap(number)) is not None]
        offered = [Offer(card_key(visit), emoji) for emoji in keycaps]
    return visit, [*show_card(visit, context), *offered]


def card_removed(visit: Visit, post: str, context: Context) -> Posts:
    """Somebody with the power deleted the card: while the visit lives it comes anew, once.

    Who deletes that one, too, means it; and a machine that deletes what we say would go on for
    ever.
    """
    connection = context.connection
    if post != card_key(visit):
        return ()
    outbox.note_removed(connection, post)
    key = f"visit/{visit.id}/card/anew"
    if visit.state in GONE_BY or outbox.was_posted(connection, key):
        return ()
    gone = _edits(post, context)
    visit, anew = _card_anew(visit, context)
    told = life_words.card_anew(context.words, named(visit, context))
    return [*gone, *anew, in_thread(visit, told, key, notice=True)]


def renew_report(visit: Visit, context: Context, *, said: datetime | None = None) -> list[Post]:
    """The report without what was taken back: its edits go, and itself if it had the words."""
    connection, key = context.connection, report_key(visit)
    if not outbox.was_posted(connection, key):
        return []
    gone = _edits(key, context)
    if _later(key, said, context):
        return [*gone, *edit_report(visit, context)]
    visit = visits.change(connection, visit.id, report=visit.report + 1)
    told = promise_words.report(context.words, as_report(visit, context.words, context))
    offered = [Offer(report_key(visit), "✅")] if visit.state is VisitState.HELD else []
    said_anew = in_thread(visit, told, report_key(visit), repeats=False)
    return [*gone, TakeBack(key), said_anew, *offered]


def _edits(key: str, context: Context) -> list[Post]:
    """Each edit is an event of its own, with the words of its time."""
    return [TakeBack(edit) for edit in outbox.edits_of(context.connection, key)]


def _later(key: str, said: datetime | None, context: Context) -> bool:
    """Whether words came when the post was in its room already: it does not have them itself."""
    sent = outbox.sent_at(context.connection, key)
    return said is not None and sent is not None and said > sent


def renew_calendar(visit: Visit, context: Context) -> list[Post]:
    """Files that have its title or place go; the entry is told once more, under a new revision."""
    files = outbox.files_of(context.connection, f"visit/{visit.id}/ics/")
    gone: list[Post] = [TakeBack(key) for key in files]
    if not files or visit.state not in TAKES_PLACE or visit.start is None:
        return gone
    visit = visits.change(
        context.connection, visit.id, sequence=visit.sequence + 1, stamp=context.now
    )
    return [*gone, calendar_file(visit, context), *ahead(visit, context)]
