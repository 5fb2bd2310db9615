"""What becomes of a transfer's diary when a message of it is corrected or taken back."""

import re

from commands.context import Context
from commands.events import Edited, Redacted
from commands.listener import Gone, Listener
from commands.posts import Change, Post, Posts, React, TakeBack
from commands.practices.following import NOTED
from commands.practices.showing import keep_card, renew_card
from commands.practices.transferring import (
    ASKED,
    KIND,
    card_of,
    hear_answer,
    hear_diary,
    read_degree,
)
from storage import outbox, sources, transfers

_COMMAND = re.compile(
    r"^.{0,80}?\btransfer\s+(?:T[\s-]?)?\d+\s+[\w-]+\b[\s,.:;!?]*", re.IGNORECASE | re.DOTALL
)


def follow_correction(event: Edited, subject: str, context: Context) -> Posts:
    """An entry has other words now, and so have the cards."""
    transfer = transfers.get(context.connection, int(subject.removeprefix("T-")))
    if transfer is None:
        return ()
    _degree, text = read_degree(_COMMAND.sub("", event.now.body, count=1))
    transfers.reword(context.connection, event.original, text)
    return [
        React(event.now.room_id, event.original, NOTED),
        Change(transfer.card_key, card_of(transfer, context)),
        *keep_card(transfer.practice, context),
    ]


def follow_redaction(event: Redacted, subject: str, context: Context) -> Posts:
    """An entry is gone; the edits of the card that repeated it go with it."""
    transfer = transfers.get(context.connection, int(subject.removeprefix("T-")))
    if transfer is None:
        return ()
    sources.forget_message(context.connection, event.target, KIND)
    transfers.unnote(context.connection, event.target)
    edits = outbox.edits_of(context.connection, transfer.card_key)
    gone: list[Post] = [TakeBack(key) for key in edits]
    return [
        *gone,
        Change(transfer.card_key, card_of(transfer, context)),
        *renew_card(transfer.practice, context),
    ]


def forget_diarist(gone: Gone, context: Context) -> Posts:
    """Everything of somebody was erased: cards that repeated them go with all they ever said."""
    numbers = {row["transfer_id"] for row in gone.traces.get("transfer_note", ())}
    posts: list[Post] = []
    for number in sorted(numbers):
        transfer = transfers.get(context.connection, number)
        if transfer is None:
            continue
        edits = outbox.edits_of(context.connection, transfer.card_key)
        posts += [TakeBack(key) for key in edits]
        posts.append(Change(transfer.card_key, card_of(transfer, context)))
        posts += renew_card(transfer.practice, context)
    return posts


TRANSFERS = Listener(
    KIND,
    said=hear_diary,
    corrected=follow_correction,
    taken_back=follow_redaction,
    erased=forget_diarist,
)
TRANSFER_ASKED = Listener(ASKED, said=hear_answer)
