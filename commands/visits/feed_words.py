"""The words about calendars to subscribe to."""

from commands.reply import Code, Reply, paragraphs
from commands.words import Words


def not_served(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "This hall serves no calendars. An operator can turn it on with {setting}.",
            setting=Code("visits.feed_listen"),
        )
    )


def not_yours(words: Words) -> Reply:
    return paragraphs(words.say("That is for coordinators. One of them can do it for you."))


def off(words: Words) -> Reply:
    return paragraphs(
        words.say("There is no calendar to subscribe to any more. Old addresses are dead.")
    )


def on(words: Words, address: str) -> Reply:
    return paragraphs(
        words.say("Subscribe to this address, and visits come and go by themselves:"),
        (Code(address),),
        words.say(
            "Who has the address can read the calendar: dates and cities, no names. {on} makes a"
            " new address, and {off} ends it.",
            on=Code("visit feed on"),
            off=Code("visit feed off"),
        ),
    )
