"""Who hears what besides commands: for taps and talk what the catalogue is for commands."""

from commands.archive.confirming import SUMMARIES
from commands.digests.handlers import DIGESTS
from commands.listener import Listener
from commands.practices.diary import TRANSFER_ASKED, TRANSFERS
from commands.practices.hearing import PRACTICE_CONSENT, PRACTICES
from commands.practices.reviewing import REVIEWS
from commands.questions.handlers import QUESTIONS
from commands.visits.handlers import VISITS

LISTENERS: tuple[Listener, ...] = (
    PRACTICES,
    PRACTICE_CONSENT,
    REVIEWS,
    TRANSFERS,
    TRANSFER_ASKED,
    VISITS,
    DIGESTS,
    QUESTIONS,
    SUMMARIES,
)


def of_kind(kind: str) -> Listener | None:
    """The listener of a conversation or a source; None if the feature is gone."""
    return next((one for one in LISTENERS if one.kind == kind), None)


def of_tap(emoji: str, post: str | None) -> Listener | None:
    """Who is told of a reaction: whose post it is on, else who knows the emoji."""
    if post is not None:
        owner = (one for one in LISTENERS if one.posts and post.startswith(one.posts))
        return next(owner, None)
    return next((one for one in LISTENERS if emoji in one.emojis), None)
