"""Visits as they are searched: title, host, place, programme and report of those asked about."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from storage.documents import VISIT, Document
from storage.types import milliseconds
from storage.visit_records import Line, LineKind, Visit, VisitState

# What is not asked yet, or asked in private first, is nobody's business.
HIDDEN = frozenset({VisitState.DRAFT, VisitState.ASKING})
SEARCHED = (LineKind.AGENDA, LineKind.REPORT)


def document_of(visit: Visit, lines: Sequence[Line]) -> Document | None:
    """What of a visit is found, by who is in its cluster's room; None if nothing."""
    if visit.state in HIDDEN:
        return None
    told = [visit.host, visit.place, *(line.text for line in lines if line.kind in SEARCHED)]
    day = None if visit.start is None else datetime.combine(visit.start, time.min, UTC)
    return Document(
        VISIT,
        visit.name,
        visit.title or visit.name,
        "\n".join(text for text in told if text),
        milliseconds(day or visit.created_at),
        cluster=visit.cluster,
        city=visit.host,
    )
