"""`!practice share` and `!practice edit`: five questions, or a form; then what was answered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from commands.arguments import argument, folded, optional, text_to_end
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.posts import Posts, Tell
from commands.practices import replies, review_replies, rules
from commands.practices.access import access_own, may_edit, practice_number
from commands.practices.charter import commitments
from commands.practices.fields import (
    FIVE,
    FOR_SHARING,
    Form,
    NotOneOf,
    cut,
    excess,
    missing,
    read_form,
    read_value,
)
from commands.practices.rules import Step
from commands.practices.showing import cluster_title, keep_card
from commands.practices.suggesting import point_out
from commands.practices.vocabulary import FIELD_OF, control_in
from commands.reply import Inline, Reply, paragraphs
from commands.words import N_
from storage import listening, people, practices, rooms, sources
from storage.listening import Conversation
from storage.practices import UNFINISHED
from storage.records import Answered, Person, Practice, PracticeField, PracticeState
from storage.search import analyse
from storage.sources import Source

F = PracticeField
KIND = "practice"
REASON = "reason"  # in a source's subject: why it was retired, or what a reviewer asked for
WHOLE = "*"  # in a source's subject: the message is a form
LANGUAGE_FIELDS = (F.TITLE, F.PROBLEM, F.WHAT_WE_DO, F.WHAT_CHANGED, F.WATCH_OUT)


@dataclass(frozen=True, slots=True)
class Share:
    text: str = optional(text_to_end, default="", rest=True, hint=N_("title"))


@dataclass(frozen=True, slots=True)
class Edit:
    number: int = argument(practice_number, question=N_("Which practice? P-12, for example."))
    text: str = optional(text_to_end, default="", rest=True, hint=N_("field: text"))


# ── beginning ─────────────────────────────────────────────────────────────────────────────────


def share(call: Call[Share], context: Context) -> Posts:
    text = call.arguments.text
    form = read_form(text, commitments(context))
    source = (call.room.room_id, call.said.event_id) if form else None
    practice = practices.start(
        context.connection, call.asker, PracticeState.DRAFT, context.now,
        cluster=cluster_for(call, context), source=source,
    )  # fmt: skip
    lines: list[Inline] = []
    if form:
        sources.add(context.connection, call.said.event_id, _source(practice, WHOLE, call))
        lines = fill(practice, with_lead(form), call, context)
    elif text:
        lines = put(practice, F.TITLE, text, call, context)
    practice = _now(practice, context)
    answers = texts(practice)
    close = point_out(practice, call, context) if form else ()
    if form and not missing(answers, FOR_SHARING) and practice.cluster and not lines:
        return [*finish(practice, call, context), *close]
    return [*begin(practice, call, context, lines), *close]


def cluster_for(call: Call[Any], context: Context) -> str | None:
    """The cluster of the room, of the asker's city, or the only one that they are in."""
    if call.room.cluster:
        return call.room.cluster
    community = context.settings.community
    city = community.city(call.asker.city) if call.asker.city else None
    if city is not None:
        return city.cluster
    theirs = rooms.clusters_of(context.connection, call.asker.id)
    return theirs[0] if len(theirs) == 1 else None


def begin(
    practice: Practice, call: Call[Any], context: Context, lines: Sequence[Inline] = ()
) -> Posts:
    """Introduce the questions and ask the first that is open."""
    title = cluster_title(practice.cluster, context)
    before = [replies.begins(call.words, practice, title), *lines]
    first = next_open(practice, FIVE)
    if first is None:
        return finish(practice, call, context, lines)
    return ask(practice, first, call, context, before)


def edit(call: Call[Edit], context: Context) -> Posts:
    practice = access_own(call.arguments.number, call, context)
    text = call.arguments.text.strip()
    if practice.state in UNFINISHED and not _asked_here(practice, call, context):
        call = replace(call, private=True)  # a draft is nobody's business yet
    if practice.state in (PracticeState.CAPTURED, PracticeState.RETIRED):
        raise MemberError(replies.cannot(call.words, practice, call.sign))
    if control_in(text) == "done":
        if practice.cluster is None and call.room.cluster:
            practices.change(context.connection, practice.number, cluster=call.room.cluster)
            practice = _now(practice, context)
        return finish(practice, call, context)
    field = FIELD_OF.get(folded(text.rstrip(":")))
    if field is not None:
        return ask(practice, field, call, context)
    if text:
        form = read_form(text, commitments(context))
        if form is None or (form.lead and not form.fields):
            name = text.partition(":")[0].strip()
            raise MemberError(paragraphs(replies.strange_field(call.words, name, "")))
        sources.add(context.connection, call.said.event_id, _source(practice, WHOLE, call))
        lines = fill(practice, form, call, context)
        return after_change(practice, [*form.fields], call, context, lines)
    first = next_open(practice, FIVE)
    if first is None:
        return call.answer(replies.which_field(call.words, practice, call.sign))
    return ask(practice, first, call, context)


def _asked_here(practice: Practice, call: Call[Any], context: Context) -> bool:
    """Whether the questions about a practice are asked in this thread already."""
    root = call.said.thread_root
    if root is None:
        return False
    here = listening.find(context.connection, [root], call.asker.user_id)
    return here is not None and here.kind == KIND and here.subject == practice.name


# ── asking ────────────────────────────────────────────────────────────────────────────────────


def ask(
    practice: Practice,
    field: PracticeField,
    call: Call[Any],
    context: Context,
    before: Sequence[Inline] = (),
) -> Posts:
    """Ask for a field, and listen for the answer: in the thread, or in the direct chat."""
    practices.change(context.connection, practice.number, asking=field)
    place = call.asker.user_id if call.direct or call.private else call.thread
    # Also to a reply that is outside the thread, as clients without threads write it.
    for where in filter(None, (place, f"reply/{context.cause}/0")):
        conversation = Conversation(where, KIND, practice.name, call.asker.id)
        listening.begin(context.connection, conversation, context.now)
    answered = practice.fields.get(field)
    now = "" if answered is None or excess(field, answered.text) else answered.text
    quotes = (answered.event_id,) if answered and answered.event_id and now else ()
    return call.answer(_question(call, field, before, now), quotes=quotes)


def _question(call: Call[Any], field: PracticeField, before: Sequence[Inline], now: str) -> Reply:
    if field in FIVE:
        return replies.question(call.words, field, before=before, now=now)
    asked = replies.one_field(call.words, field, now)
    return Reply((*paragraphs(*before).blocks, *asked.blocks))


def next_open(practice: Practice, fields: Sequence[PracticeField]) -> PracticeField | None:
    """The first of these that is not answered, or too long."""
    return next(iter(missing(texts(practice), fields)), None)


def texts(practice: Practice) -> Mapping[PracticeField, str]:
    return {field: answered.text for field, answered in practice.fields.items()}


# ── answers ───────────────────────────────────────────────────────────────────────────────────


def hear_answer(call: Call[None], subject: str, context: Context) -> Posts:
    """Words in the thread of the questions, or in the direct chat."""
    practice = practices.get(context.connection, int(subject.removeprefix("P-")))
    if practice is None or practice.asking is None or not may_edit(practice, call.asker, context):
        listening.end(context.connection, KIND, subject)
        return ()
    asking, said = practice.asking, call.said
    if said.msgtype != "m.text":
        return ask(practice, asking, call, context, [replies.words_please(call.words)])
    match control_in(said.body):
        case "skip":
            return go_on(practice, asking, call, context)
        case "back":
            return _back(practice, asking, call, context)
        case "cancel":
            return _cancel(practice, call, context)
        case "done":
            return finish(practice, call, context)
        case "cut" if excess(asking, practice.text(asking)):
            kept = practice.fields[asking]
            fits = Answered(cut(asking, kept.text), kept.room_id, kept.event_id)
            practices.answer(context.connection, practice.number, asking, fits, context.now)
            return go_on(practice, asking, call, context, changed=True)
        case _:
            return _take(practice, asking, call, context)


def _take(practice: Practice, asking: PracticeField, call: Call[None], context: Context) -> Posts:
    form = read_form(call.said.body, commitments(context))
    if form is not None and form.fields and not form.lead:
        sources.add(context.connection, call.said.event_id, _source(practice, WHOLE, call))
        lines = fill(practice, form, call, context)
        noted = [replies.noted(call.words, [*form.fields]), *lines]
        return go_on(practice, asking, call, context, noted, changed=True, stay=bool(lines))
    lines = put(practice, asking, call.said.body, call, context)
    return go_on(practice, asking, call, context, lines, changed=True, stay=bool(lines))


def put(
    practice: Practice, field: PracticeField, text: str, call: Call[Any], context: Context
) -> list[Inline]:
    """Write an answer as it was said; what is to be told about it."""
    value = read_value(field, text, commitments(context))
    if isinstance(value, NotOneOf):
        return [replies.not_one_of(call.words, value)]
    _write(practice, field, value, call, context)
    sources.add(context.connection, call.said.event_id, _source(practice, field, call))
    return _too_long(call, {field: value})


def fill(practice: Practice, form: Form, call: Call[Any], context: Context) -> list[Inline]:
    """Write all answers of a form; what is to be told about them."""
    for field, value in form.fields.items():
        _write(practice, field, value, call, context)
    lines = [replies.strange_field(call.words, *each) for each in form.strange]
    lines += [replies.not_one_of(call.words, each) for each in form.refused]
    return lines + _too_long(call, form.fields)


def with_lead(form: Form) -> Form:
    """What stands before the first field is the title, if it has none and fits on a line."""
    if not form.lead:
        return form
    field = F.TITLE if F.TITLE not in form.fields and "\n" not in form.lead else F.WHAT_WE_DO
    text = "\n".join(each for each in (form.lead, form.fields.get(field)) if each)
    return Form("", {**form.fields, field: text}, form.strange, form.refused)


def _too_long(call: Call[Any], fields: Mapping[PracticeField, str]) -> list[Inline]:
    return [
        replies.too_long(call.words, field, text, cut(field, text), excess(field, text))
        for field, text in fields.items()
        if excess(field, text)
    ]


def _write(
    practice: Practice, field: PracticeField, text: str, call: Call[Any], context: Context
) -> None:
    answered = Answered(text, call.room.room_id, call.said.event_id)
    practices.answer(context.connection, practice.number, field, answered, context.now)
    if field in LANGUAGE_FIELDS:
        tell_language(practice.number, context)


def tell_language(number: int, context: Context) -> None:
    """The language of a practice is that of its words, in doubt its author's."""
    practice = practices.get(context.connection, number)
    assert practice is not None
    community = context.settings.community
    city = community.city(practice.city) if practice.city else None
    prior = practice.author.language or (city.languages[0] if city and city.languages else "")
    told = " ".join(practice.text(field) for field in LANGUAGE_FIELDS)
    language = analyse(told, prior or community.language).language
    practices.change(context.connection, number, language=language)


def go_on(
    practice: Practice,
    asked: PracticeField,
    call: Call[Any],
    context: Context,
    lines: Sequence[Inline] = (),
    *,
    changed: bool = False,
    stay: bool = False,
) -> Posts:
    """Ask the next open question, or finish; stay: the one that was asked is not settled."""
    told = supply(practice, call.asker, context) if changed else ()
    practice = _now(practice, context)
    posts = [*told, *(keep_card(practice.number, context) if changed else ())]
    if stay and excess(asked, practice.text(asked)):
        # Its limit was told: that is all there is to say.
        practices.change(context.connection, practice.number, asking=asked)
        return [*call.answer(paragraphs(*lines)), *posts]
    if stay:
        return [*ask(practice, asked, call, context, lines), *posts]
    later = FIVE[FIVE.index(asked) + 1 :] if asked in FIVE else ()
    following = next_open(practice, later)
    if asked is F.PROBLEM and changed:
        posts = [*posts, *point_out(practice, call, context)]
    if following is None:
        return [*finish(practice, call, context, lines, changed=[asked] if changed else []), *posts]
    return [*ask(practice, following, call, context, lines), *posts]


def _back(practice: Practice, asking: PracticeField, call: Call[None], context: Context) -> Posts:
    place = FIVE.index(asking) if asking in FIVE else 0
    if place == 0:
        return ask(practice, asking, call, context, [replies.first_already(call.words)])
    return ask(practice, FIVE[place - 1], call, context)


def _cancel(practice: Practice, call: Call[None], context: Context) -> Posts:
    """Stop asking; what was written is kept, if anything was."""
    stop(practice, context)
    empty = not practice.fields and practice.state is PracticeState.DRAFT
    if empty:
        practices.erase(context.connection, practice.number, call.asker, context.now)
    if practice.state in UNFINISHED:
        return call.answer(replies.stopped(call.words, practice, call.sign, empty=empty))
    return call.answer(replies.changed(call.words, practice, []))


def stop(practice: Practice, context: Context) -> None:
    """Nothing is asked about it any more."""
    practices.change(context.connection, practice.number, asking=None)
    listening.end(context.connection, KIND, practice.name)


# ── finishing ─────────────────────────────────────────────────────────────────────────────────


def finish(
    practice: Practice,
    call: Call[Any],
    context: Context,
    lines: Sequence[Inline] = (),
    *,
    changed: Sequence[PracticeField] = (),
) -> Posts:
    """No more questions: a draft with three answers is shared, others wait."""
    stop(practice, context)
    words, sign = call.words, call.sign
    if practice.state is not PracticeState.DRAFT:
        return call.answer(replies.changed(words, practice, changed, lines))
    lacking = missing(texts(practice), FOR_SHARING)
    if lacking:
        return call.answer(replies.kept_as_draft(words, practice, lacking, sign))
    if practice.cluster is None:
        return call.answer(replies.no_cluster(words, practice, sign))
    state = rules.after(practice.state, Step.SHARE)
    assert state is not None
    practices.step(context.connection, practice.number, state, call.asker, context.now)
    cluster = cluster_title(practice.cluster, context)
    open_ = missing(texts(practice), FIVE)
    said = call.answer(replies.shared(words, practice, cluster, open_, sign, lines))
    return [*said, *keep_card(practice.number, context)]


def after_change(
    practice: Practice,
    fields: Sequence[PracticeField],
    call: Call[Any],
    context: Context,
    lines: Sequence[Inline],
) -> Posts:
    """A form has changed fields: the card follows, and a reviewer who waited is told."""
    told = supply(practice, call.asker, context) if fields else ()
    practice = _now(practice, context)
    said = call.answer(replies.changed(call.words, practice, fields, lines))
    return [*said, *told, *keep_card(practice.number, context)]


def supply(practice: Practice, by: Person, context: Context) -> Posts:
    """What a reviewer asked for may be there now: the review goes on, and they are told."""
    state = rules.after(practice.state, Step.SUPPLY)
    if state is None:
        return ()
    asked = practices.last_step_by(context.connection, practice.number)
    practices.step(context.connection, practice.number, state, by, context.now)
    reviewer = people.by_number(context.connection, [asked]).get(asked) if asked else None
    if reviewer is None or reviewer.id == by.id:
        return ()
    reply = review_replies.supplied(context.words_for(reviewer), practice)
    return [Tell(reviewer.user_id, reply, notice=True)]


def _now(practice: Practice, context: Context) -> Practice:
    found = practices.get(context.connection, practice.number)
    assert found is not None
    return found


def _source(practice: Practice, part: str, call: Call[Any]) -> Source:
    return Source(KIND, f"{practice.name}/{part}", call.said.sender)


_COMMAND = re.compile(
    r"^.{0,80}?\bpractice\s+(?:share|(?:edit|retire|review)\s+(?:P[\s-]?)?\d+)\b[\s,.:;!?]*",
    re.IGNORECASE | re.DOTALL,
)


def keep_reason(practice: Practice, call: Call[Any], context: Context) -> None:
    """The reason of a step follows its message."""
    practices.change(context.connection, practice.number, reason_event=call.said.event_id)
    sources.forget(context.connection, KIND, f"{practice.name}/{REASON}")
    sources.add(context.connection, call.said.event_id, _source(practice, REASON, call))


def without_command(body: str) -> str:
    """What a message says besides the command that it may begin with."""
    return _COMMAND.sub("", body, count=1).strip()


SHARE = Command(
    name="practice share",
    arguments=Share,
    handler=share,
    summary=N_("share what your city does, in five short questions"),
    example="practice share Welcome coffee",
)
EDIT = Command(
    name="practice edit",
    arguments=Edit,
    handler=edit,
    summary=N_("go on with a practice, or change a field of it"),
    example="practice edit P-12 Watch out: always roster two hosts",
)
