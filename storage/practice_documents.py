"""Practices as they are searched: title and answers of those that others may read."""

import re

from storage.documents import PRACTICE, Document
from storage.records import Practice, PracticeField, PracticeState
from storage.types import milliseconds

F, S = PracticeField, PracticeState
# Drafts are for their authors; what is withdrawn has no words.
FOUND = frozenset({S.SHARED, S.UNDER_REVIEW, S.NEEDS_INFO, S.PUBLISHED, S.RETIRED})
OPEN = frozenset({S.PUBLISHED, S.RETIRED})  # to the whole community, the others to their cluster
SEARCHED = (
    F.PROBLEM, F.WHAT_WE_DO, F.WHAT_CHANGED, F.WATCH_OUT, F.TARGET_GROUP, F.ORGANISATION,
    F.PARTNERS, F.CONDITIONS, F.EVIDENCE, F.KEY_FACTOR, F.ENGLISH_SUMMARY,
)  # fmt: skip


def document_of(practice: Practice) -> Document | None:
    """What of a practice is found; None if nobody but its author may read it."""
    if practice.state not in FOUND:
        return None
    titles = dict.fromkeys((practice.text(F.TITLE), practice.text(F.ENGLISH_TITLE)))
    answers = [*map(practice.text, SEARCHED), _tags(practice.text(F.TAGS))]
    return Document(
        PRACTICE,
        practice.name,
        " · ".join(title for title in titles if title),
        "\n".join(
            [*(answer for answer in answers if answer), _tags(practice.text(F.TAGS))]
        ).strip(),
        milliseconds(practice.published_at or practice.shared_at or practice.changed_at),
        author_id=practice.author.id,
        cluster=practice.cluster,
        everyone=practice.state in OPEN,
        city=practice.city,
        lang=practice.language,
    )


def _tags(typed: str) -> str:
    tags = (re.sub(r"[^\w-]+", "-", tag.strip().lstrip("#")) for tag in re.split(r"[,;\n]", typed))
    return " ".join(f"#{tag}" for tag in tags if tag.strip("-"))
