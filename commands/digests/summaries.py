"""Threads that somebody has summed up and confirmed: their line says what the summary says."""

from collections.abc import Iterable
from dataclasses import replace

from commands.audience import of_room
from commands.context import Context
from commands.digests.rules import Line, Section, What, excerpt
from commands.digests.scope import Scope
from commands.digests.things import place_of
from storage import archive, documents
from storage.documents import Document

RANK = 25.0  # among findings: before most talk


def in_place(told: Iterable[Line], scope: Scope, context: Context) -> list[Line]:
    """The lines, with what was confirmed since in place of threads' own; questions stay open."""
    lines = {one.key: one for one in reversed(list(told))}
    for one in _summed_up(scope, context):
        there = lines.get(one.key)
        if there is None:
            lines[one.key] = one
        elif there.section is not Section.QUESTIONS:
            lines[one.key] = replace(one, section=there.section, rank=there.rank)
    return list(lines.values())


def _summed_up(scope: Scope, context: Context) -> list[Line]:
    if not scope.room_numbers:
        return []
    found = documents.confirmed_summaries(context.connection, scope.room_numbers, scope.since)
    audience = of_room(context.connection, scope.rooms[-1])
    readable = audience.readable_summaries(one.subject for one in found)
    lines = [_line(one, context) for one in found if one.subject in readable]
    return [one for one in lines if one is not None]


def _line(one: Document, context: Context) -> Line | None:
    """Its first sentence says what was asked; the next one is the first thing that came of it."""
    sentences = one.body.splitlines()
    said = sentences[1] if len(sentences) > 1 else sentences[0]
    messages = [
        message
        for event_id in documents.quoted(context.connection, one.subject)
        if (message := archive.get(context.connection, event_id)) is not None
    ]
    quoted = next((it for it in messages if documents.says(it.body, said)), None)
    if quoted is None:
        return None
    key = f"thread/{documents.root_of(one.subject)}"
    room_id, event_id = place_of(one.subject, context)
    return Line(
        key, Section.FINDINGS, What.SUMMARY, {}, RANK, room_id, event_id,
        excerpt(said), quoted.event_id, tuple(it.event_id for it in messages),
    )  # fmt: skip
