"""What becomes of practices when everything of somebody is erased."""

from commands.context import Context
from commands.listener import Gone
from commands.posts import Post, Posts
from commands.practices.following import KIND, withdraw
from commands.practices.showing import HIDDEN, renew_card, renew_relatives
from storage import practices
from storage.records import Practice, PracticeState
from storage.types import event_hash


def forget_author(gone: Gone, context: Context) -> Posts:
    """Their practices go, or stay under their city's name; what they answered in others' goes."""
    posts: list[Post] = []
    for row in gone.traces.get("practice", ()):
        practice = practices.get(context.connection, row["id"])
        if practice is None or practice.state is PracticeState.WITHDRAWN:
            continue
        if gone.keep_practices and practice.state not in HIDDEN:
            posts += _stand_alone(practice, gone, context)
        else:
            posts += withdraw(practice, None, context)
    return [*posts, *_unanswer_others(gone, context)]


def _stand_alone(practice: Practice, gone: Gone, context: Context) -> Posts:
    """Nothing of it leads back to who told it."""
    city = practice.city or gone.person.city
    practices.stand_alone(context.connection, practice.number, city)
    return renew_card(practice.number, context)


def _unanswer_others(gone: Gone, context: Context) -> list[Post]:
    told: dict[int, set[int]] = {}
    for row in gone.traces.get("source", ()):
        if row["kind"] == KIND:
            number = int(row["subject"].partition("/")[0].removeprefix("P-"))
            told.setdefault(number, set()).add(row["event_h"])
    posts: list[Post] = []
    for number, hashes in sorted(told.items()):
        practice = practices.get(context.connection, number)
        if practice is None or practice.state is PracticeState.WITHDRAWN:
            continue
        fields = [
            field
            for field, each in practice.fields.items()
            if each.event_id is not None and event_hash(each.event_id) in hashes
        ]
        reason = practice.reason_event is not None and event_hash(practice.reason_event) in hashes
        if reason:
            practices.change(context.connection, number, reason="", reason_event=None)
        if fields:
            practices.unanswer(context.connection, number, fields, context.now)
        if fields or reason:
            posts += [*renew_card(number, context), *renew_relatives(practice, context)]
    return posts
