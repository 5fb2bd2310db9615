"""From what is stored to a card: the one in the cluster's room, kept true, and those on demand."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from commands.context import Context
from commands.posts import Change, Post, Posts, Say, TakeBack, Tell
from commands.practices import replies, rules
from commands.practices.card import Kin, Taken, View, card
from commands.practices.charter import commitments
from commands.practices.details import details_in
from commands.reply import MessageLink, Reply
from commands.words import Words
from storage import outbox, practices, reviews, rooms, transfers
from storage.practices import UNFINISHED
from storage.records import (
    EventId,
    Practice,
    PracticeField,
    PracticeState,
    RoomId,
    Transfer,
    TransferNote,
    TransferState,
)

F = PracticeField
HIDDEN = UNFINISHED | {PracticeState.WITHDRAWN}


def city_name(slug: str | None, context: Context) -> str:
    """What a city is called; "" if nobody knows it."""
    city = context.settings.community.city(slug) if slug else None
    return "" if city is None else city.name


def cluster_title(slug: str | None, context: Context) -> str:
    """What a cluster is called; "" if there is none."""
    cluster = context.settings.community.cluster(slug) if slug else None
    return "" if cluster is None else cluster.title


def link_to(key: str, text: str, context: Context) -> MessageLink | None:
    """A link to a post of ours, once it was sent."""
    event_id = outbox.event_of(context.connection, key)
    lane = outbox.lane_of(context.connection, key)
    if event_id is None or lane is None or not lane.startswith("!"):
        return None
    return message_link(RoomId(lane), event_id, text, context)


def message_link(room_id: RoomId, event_id: EventId, text: str, context: Context) -> MessageLink:
    room = rooms.get(context.connection, room_id)
    return MessageLink(room_id, event_id, text, () if room is None else room.via)


def card_link(practice: Practice, context: Context) -> MessageLink | None:
    """A link to the card of a practice, if it has one."""
    return link_to(practice.card_key, practice.name, context) if practice.card else None


def source_of(practice: Practice) -> tuple[RoomId, EventId] | None:
    """The message that a practice came from; the first answered one, if none began it."""
    if practice.source_room and practice.source:
        return practice.source_room, practice.source
    for answered in practice.fields.values():
        if answered.room_id and answered.event_id:
            return answered.room_id, answered.event_id
    return None


def view_of(practice: Practice, words: Words, context: Context) -> View:
    """All that a card tells."""
    answers = reviews.find(context.connection, practice.number)
    zone = ZoneInfo(context.settings.community.time_zone)
    source = source_of(practice)
    moment = practice.shared_at or practice.created_at
    return View(
        practice=practice,
        city=city_name(practice.city, context),
        day=moment.astimezone(zone).date(),
        source=message_link(*source, words.text("source"), context) if source else None,
        reviewed=rules.reviewed(answers, practice.city),
        answers=tuple((one, city_name(one.city, context)) for one in answers),
        taken=tuple(
            taken_of(each, context)
            for each in transfers.find(context.connection, practice=practice.number)
        ),
        parent=_parent(practice, context),
        children=tuple(_children(practice, context)),
        commitments=commitments(context),
    )


def told_in(transfer: Transfer, notes: Sequence[TransferNote]) -> str:
    """What the city changed, as it said last; why it stopped, if it did."""
    stopped = transfer.state is TransferState.STOPPED
    told = [
        note.text
        for note in notes
        if note.text and note.state and (note.state is TransferState.STOPPED) == stopped
    ]
    return told[-1] if told else ""


def taken_of(transfer: Transfer, context: Context) -> Taken:
    notes = transfers.notes(context.connection, transfer.number)
    link = link_to(transfer.card_key, transfer.name, context)
    return Taken(transfer, city_name(transfer.city, context), told_in(transfer, notes), link)


def _parent(practice: Practice, context: Context) -> Kin | None:
    based_on = practice.text(F.BASED_ON)
    if not based_on:
        return None
    parent = practices.get(context.connection, int(based_on.removeprefix("P-")))
    if parent is None or parent.state in HIDDEN:
        return Kin(based_on, "", "", None)
    return _kin(parent, practice, context)


def _children(practice: Practice, context: Context) -> list[Kin]:
    return [
        _kin(each, practice, context)
        for each in practices.grown_from(context.connection, practice.name)
        if each.state not in HIDDEN
    ]


def _kin(practice: Practice, beside: Practice, context: Context) -> Kin:
    """A relative on somebody's card: its title only where all who read that card may know it."""
    known = practice.state is PracticeState.PUBLISHED or practice.state is PracticeState.RETIRED
    return Kin(
        practice.name,
        practice.text(F.TITLE) if known or practice.cluster == beside.cluster else "",
        city_name(practice.city, context),
        card_link(practice, context),
    )


def shown(practice: Practice, words: Words, context: Context, sign: str) -> Reply:
    """The card on demand, in the reader's language."""
    return card(words, view_of(practice, words, context), sign)


def quoted(practice: Practice, context: Context) -> tuple[EventId, ...]:
    """The messages whose words a card repeats: taken back, an answer that shows it goes, too."""
    said = [each.event_id for each in practice.fields.values()]
    said += [each.event_id for each in reviews.find(context.connection, practice.number)]
    for transfer in transfers.find(context.connection, practice=practice.number):
        said += [note.event_id for note in transfers.notes(context.connection, transfer.number)]
    return tuple(
        dict.fromkeys(
            one for one in (practice.source, practice.reason_event, *said) if one is not None
        )
    )


# ── the card in the cluster's room ────────────────────────────────────────────────────────────


def keep_card(number: int, context: Context) -> Posts:
    """The card says what is stored: posted when it is shared, changed ever after."""
    practice = practices.get(context.connection, number)
    if practice is None or practice.state in HIDDEN:
        return ()
    hint = _hint(practice, context)
    if practice.card:
        return [Change(practice.card_key, _of_room(practice, context)), *hint]
    return [*_new_card(practice, context), *hint]


def _hint(practice: Practice, context: Context) -> Sequence[Tell]:
    """To its author alone, once for what is seen: many will read a number or an address."""
    author = practice.author
    seen = details_in(each.text for each in practice.fields.values())
    if not seen or not author.user_id.startswith("@"):
        return ()
    words = context.words_for(author)
    cluster = cluster_title(practice.cluster, context)
    reply = replies.details_seen(words, practice, cluster, seen)
    return [Tell(author.user_id, reply, notice=True, key=f"{practice.name}/seen/{'+'.join(seen)}")]


def renew_card(number: int, context: Context) -> Posts:
    """Words of it were taken back: the card goes with all that it ever said, a new one comes."""
    practice = practices.get(context.connection, number)
    if practice is None or not practice.card:
        return ()
    gone = take_card(practice, context)
    return gone if practice.state in HIDDEN else [*gone, *_new_card(practice, context)]


def renew_relatives(practice: Practice, context: Context) -> list[Post]:
    """Cards of what it grew out of, and of what grew out of it: they tell its title, too."""
    kin = [each.number for each in practices.grown_from(context.connection, practice.name)]
    if practice.text(F.BASED_ON):
        kin.append(int(practice.text(F.BASED_ON).removeprefix("P-")))
    return [post for number in kin for post in renew_card(number, context)]


def take_card(practice: Practice, context: Context) -> list[Post]:
    """Take the card back, and each edit of it."""
    if not practice.card:
        return []
    edits = outbox.edits_of(context.connection, practice.card_key)
    return [TakeBack(key) for key in (*edits, practice.card_key)]


def _new_card(practice: Practice, context: Context) -> Posts:
    room = rooms.of_cluster(context.connection, practice.cluster) if practice.cluster else None
    if room is None or not room.joined:
        return ()
    practices.change(context.connection, practice.number, card=practice.card + 1)
    renewed = replace(practice, card=practice.card + 1)
    return [Say(room.room_id, _of_room(renewed, context), key=renewed.card_key)]


def _of_room(practice: Practice, context: Context) -> Reply:
    words = context.words
    return card(words, view_of(practice, words, context), context.settings.prefix)
