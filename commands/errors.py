"""The one kind of error that a member sees as it is."""

from commands.reply import Reply
from storage.records import EventId


class MemberError(Exception):
    """What went wrong in the member's terms, and what to do next; everything done is undone."""

    def __init__(self, reply: Reply, *, quotes: tuple[EventId, ...] = ()) -> None:
        super().__init__("refused")  # never the words: this may end up in a log
        self.reply = reply
        self.quotes = quotes  # messages whose words it repeats
