"""The one kind of error that a member sees as it is."""

from commands.reply import Reply


class MemberError(Exception):
    """What went wrong in the member's terms, and what to do next; everything done is undone."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("refused")  # never the words: this may end up in a log
        self.reply = reply
