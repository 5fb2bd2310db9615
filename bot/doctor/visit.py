"""The doctor inside a running hall: for `!admin doctor`, and to see what safe mode must tell."""

from collections.abc import Mapping
from typing import Any

from bot.doctor.examination import examine
from bot.doctor.patient import Patient
from bot.hall import Hall
from bot.matrix import rendering
from commands.doctor import replies
from commands.words import Words, words_in
from storage.records import EventId


def patient_of(hall: Hall, words: Words) -> Patient:
    """The hall, as its checks see it."""
    return Patient(
        me=hall.me,
        settings=hall.settings,
        homeserver=hall.client.url,
        examiner=hall.client.examiner(),
        memory=hall.database,
        folder=hall.folder,
        clock=hall.clock,
        words=words,
        devices=hall.client.devices(),
    )


async def report(hall: Hall, asked: Mapping[str, Any], *, post_key: str) -> dict[str, Any]:
    """The message that answers an operator; asked: language, thread, reply_to."""
    words = words_in(str(asked["language"]))
    findings = await examine(patient_of(hall, words))
    thread, reply_to = asked.get("thread"), asked.get("reply_to")
    return rendering.message(
        replies.report(words, findings),
        notice=True,
        thread=None if thread is None else EventId(thread),
        reply_to=None if reply_to is None else EventId(reply_to),
        post_key=post_key,
    )
