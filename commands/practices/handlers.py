"""`!practice`: show, list, publish, retire and withdraw; the rest is in the modules beside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from commands.arguments import argument, folded, optional, text_to_end, word
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import may_coordinate
from commands.posts import Posts, Tell
from commands.practices import replies, rules
from commands.practices.access import (
    Where,
    access,
    access_own,
    may_edit,
    number_in,
    practice_number,
    where_shown,
)
from commands.practices.fields import FIVE, missing, tags_in
from commands.practices.following import withdraw
from commands.practices.interview import keep_reason, texts
from commands.practices.rules import Step
from commands.practices.showing import card_link, city_name, keep_card, quoted, shown, told_in
from commands.practices.vocabulary import VERDICT_OF
from commands.words import N_
from storage import practices, reviews, transfers
from storage.practices import UNFINISHED
from storage.records import (
    EventId,
    Practice,
    PracticeField,
    PracticeState,
    TransferState,
    Verdict,
)

F = PracticeField
S = PracticeState
SCREEN = 15  # practices in a list; more are sent as a file
STOPPED = {"stopped", "failures", "shelf"}
MINE = {"mine", "my", "drafts", "draft"}


@dataclass(frozen=True, slots=True)
class Perhaps:
    what: str = optional(text_to_end, default="", rest=True, hint=N_("practice"))


@dataclass(frozen=True, slots=True)
class One:
    number: int = argument(practice_number, question=N_("Which practice? P-12, for example."))


@dataclass(frozen=True, slots=True)
class OneWithReason:
    number: int = argument(practice_number, question=N_("Which practice? P-12, for example."))
    why: str = argument(
        text_to_end, rest=True, hint=N_("why"), question=N_("Why does it end? One line is enough.")
    )


@dataclass(frozen=True, slots=True)
class Surely:
    number: int = argument(practice_number, question=N_("Which practice? P-12, for example."))
    yes: str = optional(word, default="", hint=N_("yes"))


@dataclass(frozen=True, slots=True)
class Listed:
    what: str = optional(
        text_to_end, default="", rest=True, hint=N_("cluster, city, tag, state or stopped")
    )


def overview(call: Call[Perhaps], context: Context) -> Posts:
    """`!practice` alone; a number after it shows that practice."""
    what = call.arguments.what.strip()
    number = number_in(what, "P")
    if number is not None:
        return show_one(access(number, call, context), call, context)
    mine = practices.find(context.connection, states={S.DRAFT}, author=call.asker.id)
    drafts = [each.name for each in mine[-3:]]
    return call.answer(replies.overview(call.words, call.sign, drafts=drafts, typed=what[:40]))


def show(call: Call[One], context: Context) -> Posts:
    return show_one(access(call.arguments.number, call, context), call, context)


def show_one(practice: Practice, call: Call[Any], context: Context) -> Posts:
    """The card, where those who read it may: else in the direct chat."""
    if where_shown(practice, call, context) is Where.PRIVATELY:
        call = replace(call, private=True)
    reply = shown(practice, call.words, context, call.sign)
    return call.answer(reply, quotes=quoted(practice, context))


# ── the list ──────────────────────────────────────────────────────────────────────────────────


def list_practices(call: Call[Listed], context: Context) -> Posts:
    what = call.arguments.what.strip()
    if folded(what) in STOPPED:
        return _shelf(call, context)
    found = chosen(what, call, context)
    if not found and what:
        found = [each for each in _visible(call, context) if _is_about(each, what)]
    rows = [
        (each, city_name(each.city, context), card_link(each, context)) for each in found[-SCREEN:]
    ]
    more = max(0, len(found) - SCREEN)
    reply = replies.listing(call.words, rows, what=what, more=more, sign=call.sign)
    quotes = tuple(e for each, *_ in rows for e in _title_sources(each))
    return call.answer(reply, quotes=quotes)


def _title_sources(practice: Practice) -> tuple[EventId, ...]:
    answered = practice.fields.get(F.TITLE) or practice.fields.get(F.PROBLEM)
    return (answered.event_id,) if answered and answered.event_id else ()


def _visible(call: Call[Any], context: Context) -> list[Practice]:
    """What may be listed where it was asked; one's own drafts in the direct chat."""
    return [
        each
        for each in practices.find(context.connection)
        if where_shown(each, call, context) is Where.HERE
        and (each.state not in UNFINISHED or each.author.id == call.asker.id)
    ]


def chosen(what: str, call: Call[Any], context: Context) -> list[Practice]:
    """The practices that a word chooses: of a cluster, a city, a tag, in a state."""
    visible = _visible(call, context)
    wanted = folded(what)
    if not wanted:
        return visible
    if wanted in MINE:
        return [each for each in visible if each.author.id == call.asker.id]
    community = context.settings.community
    for state in S:
        if wanted == folded(state):
            return [each for each in visible if each.state is state]
    for cluster in community.clusters:
        if wanted in (folded(cluster.slug), folded(cluster.title)):
            return [each for each in visible if each.cluster == cluster.slug]
    for city in community.cities:
        if wanted in (folded(city.slug), folded(city.name)):
            return [each for each in visible if each.city == city.slug]
    tag = wanted.removeprefix("#").removeprefix("tag:").strip()
    return [each for each in visible if tag in map(folded, tags_in(each.text(F.TAGS)))]


def _is_about(practice: Practice, what: str) -> bool:
    """A word that is no name of anything: it may be in a title."""
    titles = (practice.text(F.TITLE), practice.text(F.ENGLISH_TITLE))
    return any(folded(what) in folded(title) for title in titles)


def _shelf(call: Call[Listed], context: Context) -> Posts:
    """Stopped transfers and retired practices: a shelf of their own."""
    visible = _visible(call, context)
    titles = {each.number: each for each in visible}
    retired = [(each, city_name(each.city, context)) for each in visible if each.state is S.RETIRED]
    ended = []
    quotes = [e for each, _city in retired for e in _title_sources(each)]
    for transfer in transfers.find(context.connection):
        practice = titles.get(transfer.practice)
        if transfer.state is TransferState.STOPPED and practice is not None:
            notes = transfers.notes(context.connection, transfer.number)
            why, city = told_in(transfer, notes), city_name(transfer.city, context)
            ended.append((transfer.name, practice.text(F.TITLE), city, why))
            quotes += [*_title_sources(practice), *(note.event_id for note in notes)]
    reply = replies.shelf(call.words, retired, ended)
    return call.answer(reply, quotes=tuple(dict.fromkeys(quotes)))


# ── steps ─────────────────────────────────────────────────────────────────────────────────────


def publish(call: Call[One], context: Context) -> Posts:
    practice = access_own(call.arguments.number, call, context)
    state = rules.after(practice.state, Step.PUBLISH)
    lacking = missing(texts(practice), FIVE)
    if state is None:
        raise MemberError(replies.cannot(call.words, practice, call.sign))
    if lacking:
        raise MemberError(replies.lacks(call.words, practice, lacking, call.sign))
    answers = reviews.find(context.connection, practice.number)
    reviewed = rules.reviewed(answers, practice.city)
    if not reviewed.complete:
        raise MemberError(replies.not_reviewed(call.words, practice, reviewed, call.sign))
    practices.step(context.connection, practice.number, state, call.asker, context.now)
    said = call.answer(replies.published(call.words, practice))
    return [*said, *keep_card(practice.number, context), *_tell_author(practice, call, context)]


def _tell_author(practice: Practice, call: Call[One], context: Context) -> Sequence[Tell]:
    if practice.author.id == call.asker.id:
        return ()
    words = context.words_for(practice.author)
    return [Tell(practice.author.user_id, replies.published(words, practice), notice=True)]


def retire(call: Call[OneWithReason], context: Context) -> Posts:
    practice = access_own(call.arguments.number, call, context)
    state = rules.after(practice.state, Step.RETIRE)
    if state is None:
        raise MemberError(replies.cannot(call.words, practice, call.sign))
    why = call.arguments.why
    practices.step(context.connection, practice.number, state, call.asker, context.now, reason=why)
    keep_reason(practice, call, context)
    said = call.answer(replies.retired(call.words, practice))
    return [*said, *keep_card(practice.number, context)]


def withdraw_practice(call: Call[Surely], context: Context) -> Posts:
    practice = access(call.arguments.number, call, context)
    if practice.author.id != call.asker.id and not (
        may_edit(practice, call.asker, context)
        and may_coordinate(call.asker, context.settings.community, practice.cluster)
    ):
        raise MemberError(replies.not_yours(call.words, practice))
    sure = VERDICT_OF.get(folded(call.arguments.yes)) is Verdict.YES
    if not sure and (practice.fields or practice.card):
        return call.answer(replies.surely(call.words, practice, call.sign))
    posts = withdraw(practice, call.asker, context)
    return [*call.answer(replies.withdrawn(call.words, practice.name)), *posts]


# ── what is declared ──────────────────────────────────────────────────────────────────────────

PRACTICE = Command(
    name="practice",
    arguments=Perhaps,
    handler=overview,
    summary=N_("what cities do, and how to share what yours does"),
    example="practice",
)
SHOW = Command(
    name="practice show",
    arguments=One,
    handler=show,
    summary=N_("one practice: its answers, its reviews, and where it went"),
    example="practice show P-12",
)
LIST = Command(
    name="practice list",
    arguments=Listed,
    handler=list_practices,
    summary=N_("practices of a cluster, a city, a tag or a state; what was stopped; or mine"),
    example="practice list Havnvoll",
)
PUBLISH = Command(
    name="practice publish",
    arguments=One,
    handler=publish,
    summary=N_("publish a practice that was reviewed"),
    example="practice publish P-12",
)
RETIRE = Command(
    name="practice retire",
    arguments=OneWithReason,
    handler=retire,
    summary=N_("end a published practice, with the reason; it stays to be found"),
    example="practice retire P-12 The funding ended",
)
WITHDRAW = Command(
    name="practice withdraw",
    arguments=Surely,
    handler=withdraw_practice,
    summary=N_("take your practice back; its words are deleted"),
    example="practice withdraw P-12",
)
