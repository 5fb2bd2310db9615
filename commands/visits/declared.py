"""The commands about visits and what came of them, as data."""

from commands.command import Command
from commands.permissions import Who
from commands.visits import (
    after,
    changing,
    deciding,
    feeds,
    handlers,
    lines,
    moving,
    muting,
    promising,
    proposing,
    voting,
)
from commands.words import N_

PROPOSE = Command(
    name="visit propose",
    arguments=proposing.Propose,
    handler=proposing.propose,
    summary=N_("find a date for a visit: I show what I understood before I ask anybody"),
    example="visit propose Havnvoll 9-11 March, 16-18 March",
)
OPEN = Command(
    name="visit open",
    arguments=handlers.OneVisit,
    handler=handlers.open_dates,
    summary=N_("ask the room about the dates of a visit that was proposed"),
    example="visit open V-3",
)
VOTE = Command(
    name="vote",
    arguments=voting.Vote,
    handler=voting.vote,
    summary=N_("say which dates suit your city; the latest counts"),
    example="vote V-3 1 yes 2 maybe 3 no",
    whenever=True,
)
SHOW = Command(
    name="visit show",
    arguments=handlers.OneVisit,
    handler=handlers.show,
    summary=N_("a visit: its dates and how they stand, or what was decided"),
    example="visit show V-3",
    aliases=("visit", "visit options"),
)
LIST = Command(
    name="visit list",
    arguments=handlers.Nothing,
    handler=handlers.list_visits,
    summary=N_("the visits of this room; in our direct chat, of all your rooms"),
    example="visit list",
)
REMIND = Command(
    name="visit remind",
    arguments=handlers.OneVisit,
    handler=handlers.remind_silent,
    summary=N_("remind those who have not answered, in their direct chats"),
    example="visit remind V-3",
)
MUTE = Command(
    name="visit mute",
    arguments=muting.MuteVisit,
    handler=muting.mute_visit,
    summary=N_("no more reminders of a visit for you"),
    example="visit mute V-3",
)
CLOSE = Command(
    name="visit close",
    arguments=handlers.OneVisit,
    handler=handlers.close_dates,
    summary=N_("count the answers now"),
    example="visit close V-3",
)
CONFIRM = Command(
    name="visit confirm",
    arguments=deciding.Confirm,
    handler=deciding.confirm,
    summary=N_("decide the date of a visit"),
    example="visit confirm V-3 2",
)
REOPEN = Command(
    name="visit reopen",
    arguments=deciding.Reopen,
    handler=deciding.reopen,
    summary=N_("ask again, with more dates if you name some; what was said stands"),
    example="visit reopen V-3 23-25 March",
)
MOVE = Command(
    name="visit move",
    arguments=moving.Move,
    handler=moving.move,
    summary=N_("give a visit other days, and tell calendars"),
    example="visit move V-3 6-8 April",
)
CANCEL = Command(
    name="visit cancel",
    arguments=changing.Cancel,
    handler=changing.cancel,
    summary=N_("call a visit off, and tell calendars"),
    example="visit cancel V-3 the host is on strike",
)
POSTPONE = Command(
    name="visit postpone",
    arguments=changing.OneVisit,
    handler=changing.postpone,
    summary=N_("leave the days of a visit open for now"),
    example="visit postpone V-3",
)
ONLINE = Command(
    name="visit online",
    arguments=changing.Online,
    handler=changing.hold_online,
    summary=N_("hold a visit online, at an hour of the host's clock"),
    example="visit online V-3 14:00 9 March",
)
HOST = Command(
    name="visit host",
    arguments=changing.Host,
    handler=changing.change_host,
    summary=N_("let another city host a visit"),
    example="visit host V-3 Havnvoll",
)
PLACE = Command(
    name="visit place",
    arguments=changing.Place,
    handler=changing.set_place,
    summary=N_("say where a visit takes place"),
    example="visit place V-3 Town Hall, room 12",
)
SPEAKER = Command(
    name="visit speaker",
    arguments=changing.Speaker,
    handler=changing.set_speaker,
    summary=N_("name who speaks for a city, when its lead cannot"),
    example="visit speaker V-3 @ann",
)
ICS = Command(
    name="visit ics",
    arguments=handlers.OneVisit,
    handler=handlers.send_calendar,
    summary=N_("the calendar file of a visit"),
    example="visit ics V-3",
)

FEED = Command(
    name="visit feed",
    arguments=feeds.Feed,
    handler=feeds.set_feed,
    summary=N_("a calendar of this cluster's visits to subscribe to"),
    example="visit feed on",
    who=Who.COORDINATORS,
    private=True,
)
AGENDA = Command(
    name="visit agenda",
    arguments=lines.Session,
    handler=lines.add_session,
    summary=N_("add to the agenda of a visit, its day before it; cites: names what it builds on"),
    example="visit agenda V-3 2027-03-09 Street work first cites:P-12",
)
TASK = Command(
    name="visit task",
    arguments=lines.Task,
    handler=lines.add_task,
    summary=N_("add to the checklist of a visit, with an owner and a day"),
    example="visit task V-3 book a bus owner:@ann",
)
DONE = Command(
    name="visit done",
    arguments=lines.Done,
    handler=lines.tick,
    summary=N_("tick something off the checklist of a visit"),
    example="visit done V-3 2",
)
DELEGATION = Command(
    name="visit delegation",
    arguments=lines.Delegation,
    handler=lines.set_delegation,
    summary=N_("who comes from your city: the names stay with me, the number is told"),
    example="visit delegation V-3 2 Ann Berg, Ola Dahl",
)
TRAVEL = Command(
    name="visit travel",
    arguments=lines.Written,
    handler=lines.add_travel,
    summary=N_("travel facts for the guests of a visit"),
    example="visit travel V-3 tram 4 from the airport to the town hall",
)
REPORT = Command(
    name="visit report",
    arguments=after.AskReport,
    handler=after.ask_report,
    summary=N_("the report of a visit, from its notes; with “final” it is closed"),
    example="visit report V-3",
)
RECOMMEND = Command(
    name="recommend",
    arguments=promising.Recommend,
    handler=promising.recommend,
    summary=N_("a recommendation from a visit, to its host or another city"),
    example="recommend V-3 more street work before forms",
)
ACCEPT = Command(
    name="recommend accept",
    arguments=promising.Accept,
    handler=promising.accept,
    summary=N_("your city accepts a recommendation"),
    example="recommend accept R-3",
)
DECLINE = Command(
    name="recommend decline",
    arguments=promising.Decline,
    handler=promising.decline,
    summary=N_("your city declines a recommendation, with the reason"),
    example="recommend decline R-3 the council has voted otherwise",
)
ACTION_ADD = Command(
    name="action add",
    arguments=promising.Add,
    handler=promising.add,
    summary=N_("somebody takes something on, for a visit or a recommendation if named"),
    example="action add R-3 ask the tenants' union due:2027-06-01",
)
ACTION_START = Command(
    name="action start",
    arguments=promising.OnePromise,
    handler=promising.start,
    summary=N_("it is under way"),
    example="action start A-7",
)
ACTION_DONE = Command(
    name="action done",
    arguments=promising.OnePromise,
    handler=promising.done,
    summary=N_("it is done"),
    example="action done A-7",
)
ACTION_DROP = Command(
    name="action drop",
    arguments=promising.Drop,
    handler=promising.drop,
    summary=N_("it is dropped, with the reason; that is fine"),
    example="action drop A-7 the budget went elsewhere",
)
ACTION_MUTE = Command(
    name="action mute",
    arguments=muting.MutePromise,
    handler=muting.mute_promise,
    summary=N_("no more reminders of it for its owner"),
    example="action mute A-7",
)
ACTION_LIST = Command(
    name="action list",
    arguments=promising.Listed,
    handler=promising.list_promises,
    summary=N_("what was promised: here, by a city, or by you"),
    example="action list Havnvoll",
)

COMMANDS = (
    PROPOSE, OPEN, VOTE, SHOW, LIST, REMIND, MUTE, CLOSE, CONFIRM, REOPEN,
    MOVE, CANCEL, POSTPONE, ONLINE, HOST, PLACE, SPEAKER, ICS, FEED,
    AGENDA, TASK, DONE, DELEGATION, TRAVEL, REPORT,
    RECOMMEND, ACCEPT, DECLINE,
    ACTION_ADD, ACTION_START, ACTION_DONE, ACTION_DROP, ACTION_MUTE, ACTION_LIST,
)  # fmt: skip
