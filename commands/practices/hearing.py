"""What practices hear besides commands."""

from commands.context import Context
from commands.listener import Listener, Tap
from commands.posts import Posts
from commands.practices.capture import ASKED, PIN, hear_consent, pin, tap_consent
from commands.practices.following import CONSENT, follow_correction, follow_redaction
from commands.practices.interview import KIND, hear_answer
from commands.practices.leaving import forget_author


def _tapped(tap: Tap, context: Context) -> Posts:
    return pin(tap, context) if tap.post is None else ()


PRACTICES = Listener(
    KIND,
    said=hear_answer,
    corrected=follow_correction,
    taken_back=follow_redaction,
    tapped=_tapped,
    emojis=frozenset({PIN}),
    files=True,
    erased=forget_author,
)
PRACTICE_CONSENT = Listener(CONSENT, said=hear_consent, tapped=tap_consent, posts=(ASKED,))
