"""Where else to ask: offered to the coordinators, and on their word asked there with credit."""

from commands.arguments import Refusal, Surroundings, cluster
from commands.command import Call
from commands.context import Context
from commands.events import TimerDue
from commands.knowing import Knows, cluster_for, who_might_know
from commands.listener import Tap
from commands.pausing import is_paused
from commands.permissions import may_coordinate
from commands.posts import Change, Offer, Post, Posts, React, Say
from commands.questions import replies
from commands.questions.asking import again
from commands.questions.replies import Expert, Suggested
from commands.questions.telling import (
    KIND,
    as_asked,
    city_name,
    cluster_title,
    offer_key,
    there_key,
)
from commands.reply import Mention, Reply
from storage import asked, listening, outbox, practices, rooms
from storage.asked_records import WAITING, AskedQuestion, QuestionState
from storage.listening import Conversation
from storage.records import Person, PracticeState, Room, RoomKind

OFFERED = ("👍", "⏭️")
OPEN = frozenset({PracticeState.PUBLISHED, PracticeState.RETIRED})


def due(event: TimerDue, context: Context) -> Posts:
    """Two working days without an answer: ask the coordinators, once."""
    question = asked.get(context.connection, event.payload["question"])
    if question is None or question.state is not QuestionState.OPEN:
        return ()
    if is_paused(context.connection, question.cluster, context.now):
        return [again(question, event.payload["turn"] + 1, context)]
    desk, others = _desk(context), _others(question, context)
    if desk is None or not others or question.offered_at is not None:
        return ()
    found = _experts(question, context)
    suggested = cluster_for(found)
    there = [one for one in found if one.cluster == suggested]
    words = context.words
    reply = replies.where_else(
        words,
        as_asked(question, words, context),
        Suggested(
            "" if suggested is None else cluster_title(suggested, context),
            tuple(_expert(one, context) for one in there),
            tuple(cluster_title(one, context) for one in others),
            asker_gone=not _is_there(question, context),
        ),
    )
    asked.change(context.connection, question.id, offered_at=context.now)
    key = offer_key(question, suggested)
    place = Conversation(key, KIND, f"{question.id}/offer", talk=True)
    listening.begin(context.connection, place, context.now)
    emojis = OFFERED if suggested else OFFERED[1:]
    said = Say(desk.room_id, reply, key=key, notice=False)
    return [said, *(Offer(key, emoji) for emoji in emojis)]


def _desk(context: Context) -> Room | None:
    found = rooms.find(context.connection, kind=RoomKind.COORDINATORS, joined=True)
    return next((room for room in found if room.successor is None), None)


def _others(question: AskedQuestion, context: Context) -> list[str]:
    """The clusters where it could be asked."""
    asked_in = {question.cluster, *asked.routes(context.connection, question.id)}
    slugs = [one.slug for one in context.settings.community.clusters]
    return [slug for slug in slugs if slug not in asked_in]


def _experts(question: AskedQuestion, context: Context) -> list[Knows]:
    return who_might_know(
        context.connection,
        question.text,
        language=context.settings.community.language,
        asker=question.asker,
        city=question.city,
        elsewhere=question.cluster,
    )


def _expert(one: Knows, context: Context) -> Expert:
    practice = None if one.practice is None else practices.get(context.connection, one.practice)
    name = practice.name if practice is not None and practice.state in OPEN else ""
    city = city_name(one.person.city, context)
    return Expert(one.person.display_name, city, one.reason.value, name)


def _is_there(question: AskedQuestion, context: Context) -> bool:
    present = rooms.presence(context.connection, question.room_id, question.asker)
    return present is not None and present[2] == "join"


# ── on a coordinator's word ───────────────────────────────────────────────────────────────────


def tap_offer(tap: Tap, question: AskedQuestion, suggested: str, context: Context) -> Posts:
    """👍 asks where it was suggested, ⏭️ leaves it."""
    if tap.emoji not in ("👍", "⏭") or tap.taken_back:
        return ()
    if not _may_route(tap.person, question, context):
        return _under_offer(tap, replies.not_yours(tap.words, question.name))
    if question.state not in WAITING:
        return _under_offer(tap, replies.over(tap.words, question.name))
    if tap.emoji == "⏭":
        return [_settled(tap.post or "", "left", question, tap.person, context)]
    if suggested == "-":
        return ()
    told = route(question, suggested, tap.person, tap.post or "", context)
    return _under_offer(tap, told) if isinstance(told, Reply) else told


def _may_route(person: Person, question: AskedQuestion, context: Context) -> bool:
    return may_coordinate(person, context.settings.community, question.cluster)


def _under_offer(tap: Tap, reply: Reply) -> list[Post]:
    return [Say(tap.room.room_id, reply, thread=tap.reacted.target)]


def _settled(
    key: str, outcome: str, question: AskedQuestion, by: Person, context: Context, where: str = ""
) -> Change:
    reply = replies.settled(
        context.words, outcome, question.name, cluster=where, who=by.display_name
    )
    return Change(key, reply)


def hear_offer(call: Call[None], question: AskedQuestion, context: Context) -> Posts:
    """A coordinator replies with the name of a cluster."""
    around = Surroundings(call.words, context.settings.community, lambda _name: ())
    named = cluster.read(call.said.body.strip(), around)
    if isinstance(named, Refusal):
        return ()  # coordinators talk about it among themselves
    if not _may_route(call.asker, question, context):
        return call.answer(replies.not_yours(call.words, question.name))
    if question.state not in WAITING:
        return call.answer(replies.over(call.words, question.name))
    key = next(iter(_offers(question, context)), "")
    told = route(question, named.slug, call.asker, key, context)
    if isinstance(told, Reply):
        return call.answer(told)
    return [*told, React(call.room.room_id, call.said.event_id, "✅")]


def _offers(question: AskedQuestion, context: Context) -> list[str]:
    slugs: list[str | None] = [one.slug for one in context.settings.community.clusters]
    keys = [offer_key(question, one) for one in [*slugs, None]]
    return [key for key in keys if outbox.was_posted(context.connection, key)]


def route(
    question: AskedQuestion, slug: str, by: Person, offer: str, context: Context
) -> list[Post] | Reply:
    """Ask in another cluster, with credit; or why that can't be."""
    words, title = context.words, cluster_title(slug, context)
    room = rooms.of_cluster(context.connection, slug)
    if slug == question.cluster:
        return replies.asked_there_already(context.words_for(by), question.name, title)
    if room is None or not room.joined:
        return replies.no_room(context.words_for(by), title)
    if not asked.route(context.connection, question.id, slug, by.user_id, context.now):
        return replies.asked_there_already(context.words_for(by), question.name, title)
    key = there_key(question, slug)
    place = Conversation(key, KIND, str(question.id), talk=True)
    listening.begin(context.connection, place, context.now)
    experts = [
        Mention(one.person.user_id, one.person.display_name)
        for one in _experts(question, context)
        if one.cluster == slug
    ]
    copy = replies.there(words, as_asked(question, words, context), experts)
    told = replies.asked_elsewhere(words, question.name, title)
    posts: list[Post] = [
        Say(room.room_id, copy, key=key, notice=False),
        Say(
            question.room_id, told, thread=question.root, key=f"question/{question.id}/told/{slug}"
        ),
    ]
    if offer:
        posts.append(_settled(offer, "asked", question, by, context, title))
    return posts
