"""Typed arguments, in tables: a value, or a refusal that says what would do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.arguments import (
    Missing,
    Reader,
    Refusal,
    Surroundings,
    Switch,
    argument,
    choice,
    city,
    city_or_cluster,
    cluster,
    language,
    option,
    optional,
    options,
    person,
    read_arguments,
    shape,
    switch,
    text_to_end,
    time_zone,
    typed_form,
    word,
)
from commands.words import words_in
from storage.records import City, Cluster, Person, UserId
from tests.commands.conftest import COMMUNITY, plain

ANN = Person(1, UserId("@ann:hs"), "Ann Berg")
ANN_TOO = Person(2, UserId("@ann:elsewhere"), "Ann Berg")
BEN = Person(3, UserId("@ben:hs"), "Ben")
EVERYBODY = (ANN, ANN_TOO, BEN)


def find(name: str) -> list[Person]:
    wanted = name.casefold().removeprefix("@")
    return [
        p
        for p in EVERYBODY
        if wanted in (p.display_name.casefold(), p.user_id[1:], p.user_id[1:].split(":")[0])
    ]


def around(*mentions: UserId, code: str = "en") -> Surroundings:
    return Surroundings(words_in(code), COMMUNITY, find, frozenset(mentions))


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


READ: list[tuple[Reader[Any], str, Any]] = [
    (city, "havnvoll", "havnvoll"),
    (city, "HAVNVOLL", "havnvoll"),
    (city, "São Bento", "sao-bento"),
    (city, "sao bento", "sao-bento"),
    (city, "Sao-Bento", "sao-bento"),
    (cluster, "housing", "housing"),
    (cluster, "Housing First", "housing"),
    (city_or_cluster, "welcome", "welcome"),
    (city_or_cluster, "Lipohrad", "lipohrad"),
    (person, "@ben:hs", BEN),
    (person, "@ben", BEN),
    (person, "Ben", BEN),
    (person, "ben:", BEN),
    (person, "@ann:elsewhere", ANN_TOO),
    (person, "https://matrix.to/#/@ann:elsewhere", ANN_TOO),
    (person, "[Ann Berg](https://matrix.to/#/%40ann%3Aelsewhere)", ANN_TOO),
    (choice(Colour), "RED", Colour.RED),
    (choice(Colour), "dark blue", Colour.DARK_BLUE),
    (switch, "on", Switch.ON),
    (switch, "No", Switch.OFF),
    (language, "de", "de"),
    (language, "German", "de"),
    (language, "Portuguese", "pt"),
    (language, "português", "pt"),
    (language, "čeština", "cs"),
    (time_zone, "Europe/Oslo", "Europe/Oslo"),
    (time_zone, "europe/oslo", "Europe/Oslo"),
    (time_zone, "Oslo", "Europe/Oslo"),
    (time_zone, "new york", "America/New_York"),
    (time_zone, "havnvoll", "Europe/Oslo"),
    (time_zone, "UTC", "UTC"),
    (word, "anything", "anything"),
    (text_to_end, '"quotes" stay', '"quotes" stay'),
]


@pytest.mark.parametrize(("reader", "typed", "expected"), READ)
def test_a_value_is_read(reader: Reader[Any], typed: str, expected: Any) -> None:
    value = reader.read(typed, around())
    assert (value.slug if isinstance(value, City | Cluster) else value) == expected


REFUSED: list[tuple[Reader[Any], str, str]] = [
    (city, "Havnvol", "I don't know the city Havnvol. Did you mean Havnvoll?"),
    (
        city,
        "Atlantis",
        "I don't know the city Atlantis.\nI know Havnvoll, São Bento and Lipohrad.",
    ),
    (cluster, "housng", "I don't know the cluster housng. Did you mean housing?"),
    (
        person,
        "Ann Berg",
        "More than one person is called Ann Berg. Use the address: @ann:hs or @ann:elsewhere.",
    ),
    (choice(Colour), "rde", "I don't know rde here. Did you mean red?"),
    (choice(Colour), "xyz", "I don't know xyz here. It can be red or dark-blue."),
    (switch, "maybe", "I don't know maybe here. It can be on or off."),
    (language, "Germn", "I don't know the language Germn. Did you mean German?"),
    (language, "qps", "I don't know the language qps. A name or a code will do: de."),
    (time_zone, "xyz", "I don't know the time zone xyz. Try one like Europe/Oslo."),
]


@pytest.mark.parametrize(("reader", "typed", "words"), REFUSED)
def test_what_cannot_be_read_is_refused_with_what_would_do(
    reader: Reader[Any], typed: str, words: str
) -> None:
    refusal = reader.read(typed, around())
    assert isinstance(refusal, Refusal)
    assert plain(refusal.reply) == words


def test_a_misspelt_time_zone_gets_suggestions() -> None:
    refusal = time_zone.read("Europe/Olso", around())
    assert isinstance(refusal, Refusal)
    assert "Europe/Oslo" in plain(refusal.reply)


def test_an_unknown_person_is_refused_with_an_example() -> None:
    refusal = person.read("Zoe", around())
    assert isinstance(refusal, Refusal)
    assert plain(refusal.reply).startswith("I don't know Zoe.")


def test_a_pill_decides_between_people_of_one_name() -> None:
    assert person.read("Ann Berg", around(ANN_TOO.user_id)) == ANN_TOO


def test_a_pill_tells_who_is_meant_by_a_name_of_this_room_alone() -> None:
    assert person.read("Benny (Havnvoll)", around(BEN.user_id)) == BEN


def test_a_language_is_read_by_its_name_in_the_askers_language() -> None:
    assert language.read("Deutsch", around(code="de")) == "de"
    assert language.read("Tschechisch", around(code="de")) == "cs"


# ── whole lines ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Line:
    first: str = argument(word, question="first?")
    rest: str | None = optional(word, default=None, rest=True)
    city: City | None = option(city)
    tag: tuple[str, ...] = options(word)


@dataclass(frozen=True, slots=True)
class Verbatim:
    query: str = argument(text_to_end, rest=True, question="what?")


HAVNVOLL, SAO_BENTO, _ = COMMUNITY.cities

LINES = [
    ("one", Line("one")),
    ("one two  three", Line("one", "two  three")),
    ('"one two" three', Line("one two", "three")),
    ("“one two” three", Line("one two", "three")),
    ("„one two“ three", Line("one two", "three")),
    ("«one two» three", Line("one two", "three")),
    ("»one two« three", Line("one two", "three")),
    ('one "two three"', Line("one", "two three")),
    ('one "two three', Line("one", "two three")),
    ("city:havnvoll one", Line("one", None, HAVNVOLL)),
    ('one city:"São Bento" two', Line("one", "two", SAO_BENTO)),
    ("one CITY:„São Bento“", Line("one", None, SAO_BENTO)),
    ("one tag:a two tag:b", Line("one", "two", None, ("a", "b"))),
    ("one https://example.org/x", Line("one", "https://example.org/x")),
    ("one don't", Line("one", "don't")),
]


@pytest.mark.parametrize(("typed", "expected"), LINES)
def test_a_line_is_split_as_people_write(typed: str, expected: Line) -> None:
    assert read_arguments(Line, typed, around()) == expected


def test_a_verbatim_argument_keeps_its_quotation_marks() -> None:
    typed = '"heat pump" -gas from:ann'
    assert read_arguments(Verbatim, typed, around()) == Verbatim(typed)


def test_a_missing_argument_is_asked_for() -> None:
    missing = read_arguments(Line, "city:havnvoll", around())
    assert isinstance(missing, Missing)
    assert missing.argument.question == "first?"


def test_an_unknown_option_is_refused_with_those_there_are() -> None:
    refusal = read_arguments(Line, "one citty:havnvoll", around())
    assert isinstance(refusal, Refusal)
    assert plain(refusal.reply) == "I don't know citty: here. It can be city: or tag:."


def test_the_usage_line_shows_what_must_and_what_may_be_given() -> None:
    assert shape(Line, words_in("en")) == "<word> [word] [city:…] [tag:…]"


INVOKED = [
    ({"first": "one"}, Line("one")),
    ({"first": "one two", "rest": "three four"}, Line("one two", "three four")),
    ({"first": 'say "hi"', "city": "São Bento"}, Line('say "hi"', None, SAO_BENTO)),
    ({"first": "1", "tag": ["a", "b c"]}, Line("1", None, None, ("a", "b c"))),
    ({"first": 7, "rest": {"type": "event_id", "id": "$x"}}, Line("7", "$x")),
    ({"first": True, "unknown": "ignored"}, Line("on")),
]


@pytest.mark.parametrize(("given_", "expected"), INVOKED)
def test_arguments_of_a_command_block_are_read_as_if_they_had_been_typed(
    given_: dict[str, Any], expected: Line
) -> None:
    assert read_arguments(Line, typed_form(Line, given_), around()) == expected


@given(st.text(max_size=80))
def test_no_text_breaks_an_argument_reader(typed: str) -> None:
    for kind in (Line, Verbatim):
        assert isinstance(read_arguments(kind, typed, around()), kind | Missing | Refusal)
    for reader in (city, cluster, city_or_cluster, person, switch, language, word, text_to_end):
        reader.read(typed, around())
