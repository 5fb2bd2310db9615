"""What becomes of a practice when a message that it was made of is corrected, or taken back."""

import re
from dataclasses import replace

from commands.command import Call
from commands.context import Context
from commands.events import Edited, Redacted
from commands.posts import Post, Posts, React, Say, Tell
from commands.practices import replies
from commands.practices.charter import commitments
from commands.practices.fields import FIVE, read_form
from commands.practices.interview import (
    REASON,
    WHOLE,
    fill,
    go_on,
    put,
    stop,
    supply,
    texts,
    with_lead,
    without_command,
)
from commands.practices.showing import keep_card, renew_card, renew_relatives, take_card
from commands.reply import paragraphs
from commands.rights import as_of_now
from commands.words import Words
from storage import inbox, listening, practices, reviews, rooms, sources
from storage.practices import UNFINISHED
from storage.records import EventId, Person, Practice, PracticeField, PracticeState

KIND = "practice"
CONSENT = "practice consent"  # the conversation with the author of what somebody else captured
NOTED = "✏️"


def follow_correction(event: Edited, subject: str, context: Context) -> Posts:
    """An answered message has other words now: so has the answer."""
    number, _, part = subject.partition("/")
    practice = practices.get(context.connection, int(number.removeprefix("P-")))
    call = call_of(event, context)
    if practice is None or practice.state is PracticeState.WITHDRAWN or call is None:
        return ()
    text = without_command(event.now.body)
    if part == REASON:
        reason = re.sub(r"^needs?\b[\s:,–-]*", "", text, flags=re.IGNORECASE)
        practices.change(context.connection, practice.number, reason=reason)
        return keep_card(practice.number, context)
    theirs = fields_of(practice, event.original)
    if part == WHOLE:
        form = read_form(text, commitments(context))
        if form is None:
            return ()
        form = with_lead(form)
        gone = [field for field in theirs if field not in form.fields]
        practices.unanswer(context.connection, practice.number, gone, context.now)
        lines = fill(practice, form, call, context)
    elif PracticeField(part) in theirs:
        lines = put(practice, PracticeField(part), text, call, context)
    else:
        return ()  # a later message has answered that
    done = React(event.now.room_id, event.original, NOTED)
    if lines:
        return [*call.answer(paragraphs(*lines)), *keep_card(practice.number, context)]
    if practice.asking is not None and practice.asking in theirs:
        # It was too long before, and now it is not: the questions go on.
        return [done, *go_on(practice, practice.asking, call, context, changed=True)]
    told = supply(practice, call.asker, context)
    return [done, *told, *keep_card(practice.number, context)]


def follow_redaction(event: Redacted, subject: str, context: Context) -> Posts:
    """An answered message is gone: so is the answer; what was made of it whole is withdrawn."""
    number = subject.partition("/")[0]
    practice = practices.get(context.connection, int(number.removeprefix("P-")))
    sources.forget(context.connection, KIND, subject)
    if practice is None or practice.state is PracticeState.WITHDRAWN:
        return ()
    if practice.source == event.target:
        posts = withdraw(practice, None, context)
        if practice.state is PracticeState.CAPTURED:  # there is nothing left to ask
            listening.end(context.connection, CONSENT, practice.name)
            return posts
        reply = replies.withdrawn_with_its_message(_words(practice, context), practice.name)
        return [*posts, Tell(practice.author.user_id, reply, notice=True)]
    if subject.endswith(f"/{REASON}"):
        practices.change(context.connection, practice.number, reason="")
        return renew_card(practice.number, context)
    gone = fields_of(practice, event.target)
    if not gone:
        return ()
    practices.unanswer(context.connection, practice.number, gone, context.now)
    posts = [*renew_card(practice.number, context)]
    if PracticeField.TITLE in gone:
        posts += renew_relatives(practice, context)
    if practice.state in UNFINISHED:
        posts += _ask_again(practice, gone, event, context)
    return posts


def _ask_again(
    practice: Practice, gone: list[PracticeField], event: Redacted, context: Context
) -> list[Post]:
    """Say in the thread of the questions what is open again."""
    line = replies.taken_out(_words(practice, context), practice, gone)
    first = next((field for field in FIVE if field in gone), None)
    reply = paragraphs(line)
    if practice.asking is not None and first is not None:
        practices.change(context.connection, practice.number, asking=first)
        reply = replies.question(_words(practice, context), first, before=[line])
    room = rooms.get(context.connection, event.room_id)
    root = inbox.thread_of(context.connection, event.target)
    if room is None or (root is None and not rooms.is_for_two(context.connection, room)):
        return []
    return [Say(event.room_id, reply, thread=root)]


def withdraw(practice: Practice, by: Person | None, context: Context) -> list[Post]:
    """The words of a practice go, with its card and what was said about it."""
    stop(practice, context)
    for field in (WHOLE, *texts(practice)):
        sources.forget(context.connection, KIND, f"{practice.name}/{field}")
    posts = take_card(practice, context)
    reviews.erase(context.connection, practice.number)
    practices.erase(context.connection, practice.number, by, context.now)
    return [*posts, *renew_relatives(practice, context)]


def fields_of(practice: Practice, event_id: EventId) -> list[PracticeField]:
    """What was answered in a message."""
    return [field for field, each in practice.fields.items() if each.event_id == event_id]


def _words(practice: Practice, context: Context) -> Words:
    return context.words_for(practice.author)


def call_of(event: Edited, context: Context) -> Call[None] | None:
    """A correction as if it had been said in the place of the first words."""
    present = rooms.presence(context.connection, event.now.room_id, event.now.sender)
    if present is None:
        return None
    room, person, _membership = present
    person = as_of_now(context.connection, person)
    root = inbox.thread_of(context.connection, event.original)
    said = replace(event.now, event_id=event.original, thread_root=root)
    words = context.words_for(person)
    return Call(None, said, person, room, words, prefix=context.settings.prefix)
