"""The words for when it is our fault."""

from commands.reply import Reply, paragraphs
from commands.words import words_in


def something_went_wrong(language: str) -> Reply:
    """A handler broke five times; its entry is set aside."""
    words = words_in(language)
    return paragraphs(
        words.say("Something went wrong on my side; the operators can see it. Nothing is lost.")
    )
