"""The sample community is read whole, and makes a configuration without mistakes."""

from pathlib import Path

from bot.config import load
from demo.community import load_community


def test_the_sample_makes_a_configuration_without_mistakes(tmp_path: Path) -> None:
    sample = load_community()
    setup = sample.setup(
        homeserver="http://127.0.0.1:8008", user="@moothall:localhost", password="secret"
    )

    community = load(setup.write(tmp_path), {}).community

    assert len(community.clusters) == 4
    assert [cluster.encrypted for cluster in community.clusters].count(True) == 2
    assert len(community.cities) == 16
    assert {city.cluster for city in community.cities} == {c.slug for c in community.clusters}
    assert community.coordinators == ("@paula:localhost",)
    assert community.operators == ("@nils:localhost",)
    welcoming, *_ = community.clusters
    assert welcoming.title == "Welcoming culture"
    assert welcoming.coordinators == ("@hanne:localhost",)
    penasol = community.city("penasol")
    assert penasol is not None
    assert (penasol.name, penasol.languages) == ("Peñasol", ("es", "en", "fr"))


def test_every_message_has_its_author_and_every_reply_its_message() -> None:
    sample = load_community()
    names = {member.name for member in sample.members}
    assert len(names) == 42  # 41 of the sample and an operator
    for thread in sample.threads:
        ids = {message.id for message in thread.messages}
        for message in thread.messages:
            assert message.member in names
            assert {message.reply_to, message.redacts} - {None} <= ids
            assert {name for reaction in message.reactions for name in reaction.by} <= names
    assert len(sample.threads) == 40
