"""`!practice export`: one practice as Markdown and as a page to print, or a list as CSV."""

from dataclasses import dataclass, replace

from commands.arguments import optional, text_to_end
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.posts import Attach, Posts, React
from commands.practices import paper, replies
from commands.practices.access import Where, access, number_in, where_shown
from commands.practices.handlers import chosen
from commands.practices.showing import cluster_title, quoted, view_of
from commands.reply import Reply
from commands.words import N_
from storage.records import EventId, Practice, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Export:
    what: str = optional(
        text_to_end, default="", rest=True, hint=N_("P-12, cluster, city, tag or state")
    )


def export(call: Call[Export], context: Context) -> Posts:
    what = call.arguments.what.strip()
    number = number_in(what, "P")
    if number is not None:
        return _one(access(number, call, context), call, context)
    found = chosen(what, call, context)
    if not found:
        empty = replies.listing(call.words, [], what=what, more=0, sign=call.sign)
        raise MemberError(empty)
    rows = [
        (view_of(each, call.words, context), cluster_title(each.cluster, context)) for each in found
    ]
    sheets = [paper.sheet(call.words, *row) for row in rows]
    said = tuple(dict.fromkeys(event for each in found for event in quoted(each, context)))
    caption = replies.exported(call.words, len(found))
    return [
        _file(call, "practices.csv", "text/csv", paper.table(rows), said, caption),
        _file(call, "practices.html", "text/html", paper.page(sheets).encode(), said),
    ]


def _one(practice: Practice, call: Call[Export], context: Context) -> Posts:
    """Where it may not be shown to all who are here, the files go to the direct chat."""
    view = view_of(practice, call.words, context)
    sheet = paper.sheet(call.words, view, cluster_title(practice.cluster, context))
    said, name = quoted(practice, context), f"practice-{practice.number}"
    if where_shown(practice, call, context) is Where.PRIVATELY:
        call = replace(call, private=True)
    posts = [
        _file(call, f"{name}.md", "text/markdown", paper.markdown(sheet).encode(), said),
        _file(call, f"{name}.html", "text/html", paper.page([sheet]).encode(), said),
    ]
    mark = React(call.room.room_id, call.said.event_id, "✉️")
    return [*posts, mark] if call.private and not call.direct else posts


def _file(
    call: Call[Export],
    name: str,
    mime: str,
    data: bytes,
    said: tuple[EventId, ...],
    caption: Reply | None = None,
) -> Attach:
    apart = call.private and not call.direct
    to: RoomId | UserId = call.asker.user_id if apart else call.room.room_id
    return Attach(to, name, mime, data, caption, None if apart else call.thread, quotes=said)


EXPORT = Command(
    name="practice export",
    arguments=Export,
    handler=export,
    summary=N_("a practice as Markdown and as a page to print, or a list as a table"),
    example="practice export P-12",
)
