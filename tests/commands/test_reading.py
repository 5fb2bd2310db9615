"""From words to a command, in tables: nobody is interrupted, nobody is left without an answer."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.catalogue import CATALOGUE
from commands.events import Said
from commands.reading import (
    Answer,
    Cancelled,
    Found,
    Heard,
    NotForUs,
    Unknown,
    concerns_us,
    read,
)
from storage.records import EventId, RoomId, UserId

ME = UserId("@moothall:hs")
ANN = UserId("@ann:hs")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
PILL = frozenset({ME})


def said(body: str, **more: Any) -> Said:
    return Said(EventId("$1"), RoomId("!r"), more.pop("sender", ANN), NOW, body, **more)


def hear(message: Said, *, direct: bool = False, awaited: bool = False, prefix: str = "!") -> Heard:
    return read(
        message,
        me=ME,
        name="Moot Hall",
        prefix=prefix,
        direct=direct,
        awaited=awaited,
        catalogue=CATALOGUE,
    )


def name_and_rest(heard: Heard) -> tuple[str, str]:
    assert isinstance(heard, Found), heard
    return heard.command.name, heard.rest


COMMANDS = [
    ("!help", "help", ""),
    ("!HELP", "help", ""),
    ("  !help  ", "help", ""),
    ("!help city", "help", "city"),
    ("!help!", "help", ""),
    ("/city Havnvoll", "city", "Havnvoll"),
    ("//city Havnvoll", "city", "Havnvoll"),
    ("!city: Havnvoll", "city", "Havnvoll"),
    ("!City São Bento", "city", "São Bento"),
    ("!thread summary", "thread summary", ""),
    ("!Thread  Summary please", "thread summary", "please"),
    ("!summary", "thread summary", ""),
    ("!settings", "settings", ""),
    ("!settings language nl", "settings language", "nl"),
    ("!privacy", "privacy", ""),
    ("!privacy archive off", "privacy archive", "off"),
    ("!privacy, then", "privacy", "then"),
    ("!search line\nbreaks stay", "search", "line\nbreaks stay"),
    ('!search "exact words" -not', "search", '"exact words" -not'),
    ("!search\nwords", "search", "words"),
]


@pytest.mark.parametrize(("body", "name", "rest"), COMMANDS)
def test_a_command_is_its_longest_name_and_the_rest(body: str, name: str, rest: str) -> None:
    assert name_and_rest(hear(said(body))) == (name, rest)


TALK = [
    "!!!",
    "!",
    "!?",
    "! hello",
    "! help",
    "!important: the venue has changed",
    "!2",
    "!123 people came",
    "!ça va",
    "/shrug",
    "/me waves",
    "/etc/hosts is a file",
    "//comment",
    "!=",
    "!help/me",
    "help",
    "city Havnvoll",
    "good morning",
    "Well, !help is a command",
    "http://example.org/!help",
    "",
    "   ",
]


@pytest.mark.parametrize("body", TALK)
def test_ordinary_talk_is_left_alone(body: str) -> None:
    assert hear(said(body)) == NotForUs()


TYPOS = [
    ("!serch lifts", "serch", ("search",)),
    ("!hlep", "hlep", ("help",)),
    ("!whomai", "whomai", ("whoami",)),
    ("!setings", "setings", ("settings",)),
    ("!thread sumary", "thread sumary", ("thread summary",)),
    ("!thred summary", "thred summary", ("thread summary",)),
    ("!member", "member", ("member set", "member list")),
    ("!member frobnicate", "member frobnicate", ("member set", "member list")),
    (
        "!archive",
        "archive",
        (
            "archive status",
            "archive on",
            "archive off",
            "archive purge",
            "archive backfill",
            "archive export",
        ),
    ),
    ("!privacy archiv on", "privacy archiv", ("privacy archive",)),
    ("!settings langage nl", "settings langage", ("settings language",)),
]


@pytest.mark.parametrize(("body", "typed", "suggestions"), TYPOS)
def test_a_typo_gets_a_suggestion(body: str, typed: str, suggestions: tuple[str, ...]) -> None:
    heard = hear(said(body))
    assert heard == Unknown(typed, suggestions)


MENTIONS = [
    ("Moot Hall:  city Havnvoll", PILL),  # Element
    ("@moothall:hs  city Havnvoll", PILL),  # Cinny
    ("@moothall:hs city Havnvoll", frozenset()),  # Cinny 4.2.2 mentions nobody
    ("@moothall city Havnvoll", frozenset()),
    ("@Moothall: city Havnvoll", frozenset()),
    ("moothall, city Havnvoll", frozenset()),
    ("Moot Hall city Havnvoll", PILL),
    ("MOOT HALL:\ncity Havnvoll", frozenset()),
]


@pytest.mark.parametrize(("body", "mentions"), MENTIONS)
def test_our_name_at_the_start_is_as_good_as_the_prefix(
    body: str, mentions: frozenset[UserId]
) -> None:
    assert name_and_rest(hear(said(body, mentions=mentions))) == ("city", "Havnvoll")


@pytest.mark.parametrize(
    "body",
    [
        "Thank you, that helps",  # a reply to us: the client adds us
        "I asked Moot Hall: help came",
        "Moot Hall is nice",
        "moothallers unite",
        "Moothall's city is nice",
    ],
)
def test_a_mention_alone_is_no_command(body: str) -> None:
    assert hear(said(body, mentions=PILL)) == NotForUs()


def test_whoever_calls_us_by_name_is_answered() -> None:
    assert hear(said("Moot Hall: what is for lunch?")) == Unknown("what")
    assert hear(said("moothall:")) == Unknown("")


def test_in_a_direct_chat_no_prefix_is_needed() -> None:
    assert name_and_rest(hear(said("city Havnvoll"), direct=True)) == ("city", "Havnvoll")
    assert name_and_rest(hear(said("!city Havnvoll"), direct=True)) == ("city", "Havnvoll")
    assert hear(said("serch lifts"), direct=True) == Unknown("serch", ("search",))
    assert hear(said("good morning"), direct=True) == Unknown("good")
    assert hear(said("👍"), direct=True) == NotForUs()


def test_the_prefix_can_be_another() -> None:
    assert name_and_rest(hear(said("?help"), prefix="?")) == ("help", "")
    assert hear(said("!help"), prefix="?") == NotForUs()
    assert name_and_rest(hear(said("moot!help"), prefix="moot!")) == ("help", "")


def invoking(command: Any, arguments: Any = None, mentions: frozenset[UserId] = PILL) -> Said:
    block = {"command": command, "arguments": arguments or {}}
    return said("!help", invocation=block, mentions=mentions)


def test_a_command_block_beats_the_body() -> None:
    heard = hear(invoking("settings language", {"language": "nl"}))
    assert name_and_rest(heard) == ("settings language", "nl")


def test_a_command_block_counts_only_if_we_are_mentioned() -> None:
    heard = hear(invoking("settings language", {"language": "nl"}, frozenset()))
    assert name_and_rest(heard) == ("help", "")


@pytest.mark.parametrize("command", [None, 7, {"a": 1}, "", "!!!", "nonsense"])
def test_a_command_block_of_nonsense_runs_nothing(command: Any) -> None:
    assert not isinstance(hear(invoking(command)), Found)


@pytest.mark.parametrize(
    "message",
    [
        said("!help", msgtype="m.notice"),
        said("!help", msgtype="m.emote"),
        said("!help", msgtype="m.image"),
        said("!help", sender=ME),
    ],
)
@pytest.mark.parametrize("direct", [True, False])
def test_notices_emotes_files_and_our_own_words_trigger_nothing(
    message: Said, direct: bool
) -> None:
    assert hear(message, direct=direct) == NotForUs()
    assert not concerns(message, direct=direct)


def test_an_answer_is_the_next_words_whatever_they_are() -> None:
    assert hear(said("Havnvoll"), awaited=True) == Answer("Havnvoll")
    assert hear(said("help"), awaited=True) == Answer("help")
    assert hear(said("Moot Hall:  Havnvoll"), awaited=True) == Answer("Havnvoll")


@pytest.mark.parametrize("body", ["cancel", "Cancel.", "!cancel", "Moot Hall: cancel"])
def test_a_question_can_be_cancelled(body: str) -> None:
    assert hear(said(body), awaited=True) == Cancelled()


def test_another_command_goes_before_an_answer() -> None:
    assert name_and_rest(hear(said("!whoami"), awaited=True)) == ("whoami", "")


def concerns(message: Said, *, direct: bool = False, threads: frozenset[str] = frozenset()) -> bool:
    return concerns_us(
        message, me=ME, name="Moot Hall", prefix="!", direct=direct, open_threads=threads
    )


@pytest.mark.parametrize("body", [row[0] for row in COMMANDS + TYPOS + MENTIONS])
def test_intake_lets_through_whatever_reading_understands(body: str) -> None:
    assert concerns(said(body, mentions=PILL))


@pytest.mark.parametrize("body", ["good morning", "!!!", "! help", "!?", "", "12"])
def test_intake_keeps_most_talk_out_of_the_inbox(body: str) -> None:
    assert not concerns(said(body))


def test_intake_lets_plain_words_through_where_an_answer_is_awaited() -> None:
    answer = said("Havnvoll", thread_root=EventId("$root"))
    assert concerns(answer, threads=frozenset({"$root"}))
    assert not concerns(answer, threads=frozenset({"$other"}))
    assert concerns(said("Havnvoll"), direct=True)


@given(st.text(max_size=60), st.booleans())
def test_no_text_breaks_reading_and_intake_never_hides_what_it_understands(
    body: str, direct: bool
) -> None:
    message = said(body)
    if not isinstance(hear(message, direct=direct), NotForUs):
        assert concerns(message, direct=direct)
