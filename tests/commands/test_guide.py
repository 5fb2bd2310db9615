"""What is generated from the declarations: the member guide and the MSC4391 state events."""

import base64
import hashlib
from datetime import date
from pathlib import Path

from commands.arguments import arguments_of
from commands.catalogue import CATALOGUE
from commands.descriptions import TYPE, describe
from commands.guide import guide
from commands.search.handlers import SEARCH
from commands.search.rules import parse_query
from commands.words import words_in
from tests.commands.conftest import ME

WORDS = words_in("en")
GUIDE = Path(__file__).parents[2] / "docs" / "member-guide.md"


def test_the_member_guide_is_up_to_date() -> None:
    """If this fails: python -m commands.guide > docs/member-guide.md"""
    assert GUIDE.read_text(encoding="utf-8") == guide(CATALOGUE, WORDS)


def test_the_member_guide_tells_of_every_command() -> None:
    text = guide(CATALOGUE, WORDS)
    for command in CATALOGUE:
        assert f"`!{command.name}" in text
        assert f"`!{command.example}`" in text


def test_every_command_is_described_under_the_key_that_clients_check() -> None:
    described = describe(CATALOGUE, ME, WORDS)
    assert [d.content["command"] for d in described] == [c.name for c in CATALOGUE]
    for one in described:
        digest = hashlib.sha256(f"{one.content['command']}{ME}".encode()).digest()
        assert one.state_key == base64.b64encode(digest).decode()
        assert one.type == TYPE == "org.matrix.msc4391.command_description"
        assert one.content["description"]["m.text"][0]["body"]
    assert len({one.state_key for one in described}) == len(CATALOGUE)


def test_the_description_of_a_command_is_that_of_the_proposal() -> None:
    (described,) = describe([c for c in CATALOGUE if c.name == "member set"], ME, WORDS)
    person, city, role, language, organisation = described.content["parameters"]
    assert person == {
        "key": "who",
        "schema": {"schema_type": "primitive", "type": "user_id"},
        "description": {"m.text": [{"body": "Who is it? A name or an address will do."}]},
    }
    assert city["optional"] is True
    assert city["schema"] == {"schema_type": "primitive", "type": "string"}
    assert role["schema"]["schema_type"] == "array"
    assert language["key"] == "language"
    assert organisation["key"] == "organisation"
    assert described.content["fi.mau.tail_parameter"] == "who"


def test_every_parameter_has_a_schema_that_clients_know_and_a_key_of_its_own() -> None:
    for command, described in zip(CATALOGUE, describe(CATALOGUE, ME, WORDS), strict=True):
        parameters = described.content["parameters"]
        assert [p["key"] for p in parameters] == [a.key for a in arguments_of(command.arguments)]
        for parameter in parameters:
            assert parameter["schema"]["schema_type"] in ("primitive", "array", "union")
            assert parameter["description"]["m.text"][0]["body"]


def test_names_and_aliases_of_commands_are_all_different() -> None:
    names = [name for c in CATALOGUE for name in (c.name, *c.aliases)]
    assert len(names) == len(set(names))
    assert all(name == name.casefold() and len(name.split()) <= 2 for name in names)


def test_what_the_guide_tells_of_searching_is_understood() -> None:
    for typed, _meaning in SEARCH.typed:
        reading = parse_query(typed, today=date(2026, 4, 1))
        assert not reading.hints, typed
        assert reading.refusal is None or typed == "sort:new"
