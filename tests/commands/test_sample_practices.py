"""The 32 sample practices, entered through chat as their people would, and read back from cards."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from commands.context import Settings
from commands.posts import Change, Post
from commands.practices.fields import LABELS
from commands.practices.vocabulary import name_in
from demo.community import SAMPLE, load_community
from demo.postgres import Postgres
from storage import people, practices, search
from storage.database import open_database
from storage.postgres import PostgresDatabase
from storage.records import (
    ArchiveRules,
    City,
    Cluster,
    Community,
    Limits,
    PracticeField,
    PracticeState,
    Role,
    RoomId,
    RoomKind,
    UserId,
)
from storage.tables.base import metadata
from tests.commands.conftest import ME, Hall, heard, join, plain

F = PracticeField
SAMPLES: Sequence[Mapping[str, Any]] = json.loads(SAMPLE.read_text("utf-8"))["practices"]
PEOPLE = load_community()
FIVE = ("title", "problem", "what_we_do", "what_changed", "watch_out")
MORE = ("target_group", "since", "until", "evidence", "cost_band", "staff_time", "volunteers",
        "tags", "charter")  # fmt: skip


def room_of(slug: str) -> RoomId:
    return RoomId(f"!{slug}:localhost")


def furnish(connection: Connection) -> None:
    metadata.create_all(connection)
    search.create(connection)
    people.know(connection, ME)
    for member in PEOPLE.members:
        user_id = UserId(member.user_id)
        people.know(connection, user_id)
        people.change(
            connection, user_id,
            display_name=member.display_name, city=member.city, language=member.languages[0],
        )  # fmt: skip
        people.set_roles(connection, user_id, {Role(each) for each in member.roles})
    for cluster in PEOPLE.clusters:
        inside = [UserId(m.user_id) for m in PEOPLE.members if cluster.slug in m.clusters]
        join(connection, room_of(cluster.slug), RoomKind.CLUSTER, (*inside, ME), cluster.slug)


@pytest.fixture(params=["sqlite", "postgresql"])
async def network(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hall]:
    """A hall of the whole sample network."""
    url = f"sqlite:///{tmp_path}/hall.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    database = await open_database(url)
    await database.write(furnish, alone=True)
    community = Community(
        name="CityLink", slug="citylink", time_zone="Europe/Brussels", language="en",
        coordinators=(), operators=(),
        clusters=tuple(Cluster(c.slug, c.title, c.topic) for c in PEOPLE.clusters),
        cities=tuple(
            City(c.slug, c.name, c.country, c.time_zone, c.languages, c.cluster)
            for c in PEOPLE.cities
        ),
    )  # fmt: skip
    yield Hall(database, settings=Settings(community, Limits(), ArchiveRules()))
    await database.close()


class Author:
    """Somebody who enters one of the samples, in the room of their cluster."""

    def __init__(self, hall: Hall, sample: Mapping[str, Any], number: int) -> None:
        self.hall, self.sample, self.number = hall, sample, number
        self.who = UserId(f"@{sample['submitted_by']}:localhost")
        city = PEOPLE.city(sample["city_id"])
        self.room = room_of(city.cluster)
        self.cluster = city.cluster

    async def asks(self, who: UserId, text: str, **more: Any) -> Sequence[Post]:
        self.hall.later(timedelta(minutes=2))
        return await self.hall.says(who, text, self.room, **more)

    async def enters(self) -> None:
        """By the five questions, or all at once, in the language that it is written in."""
        sample, language = self.sample, self.sample["language"]
        if sample["status"] == "draft":
            # Left in the middle of the questions.
            await self.answers([sample[field] for field in FIVE if sample[field]])
        elif language == "en" and self.number % 2:
            posts = await self.answers([sample[field] or "skip" for field in FIVE])
            assert "is shared" in heard(posts), heard(posts)
        else:
            lines = [f"{name_in(language, F(f))}: {sample[f]}" for f in FIVE if sample[f]]
            posts = await self.asks(self.who, "\n".join(["!practice share", *lines]))
            assert "is shared" in heard(posts), heard(posts)
        await self.tells_more(language)

    async def answers(self, answers: Sequence[str]) -> Sequence[Post]:
        begun = self.hall.said(self.who, "!practice share", self.room)
        posts = await self.hall.responds(begun)
        for text in answers:
            posts = await self.asks(self.who, text, thread_root=begun.event_id)
        return posts

    async def tells_more(self, language: str) -> None:
        lines = []
        for field in MORE:
            value = self.sample.get(field)
            if value:
                text = ", ".join(value) if isinstance(value, list) else value
                lines.append(f"{name_in(language, F(field))}: {text}")
        english = self.sample.get("english")
        if english:
            lines.append(f"English title: {english['title']}")
            lines.append(f"English summary: {english['summary']}")
        told = heard(
            await self.asks(self.who, f"!practice edit P-{self.number}\n" + "\n".join(lines))
        )
        assert "says so now" in told, told

    def peers(self) -> list[UserId]:
        """One of each other city of the cluster, then the facilitator."""
        mine = self.sample["city_id"]
        cities = dict.fromkeys(
            m.city
            for m in PEOPLE.members
            if self.cluster in m.clusters and m.city not in (None, mine)
        )
        first = [next(m for m in PEOPLE.members if m.city == city) for city in cities][:2]
        facilitator = next(
            m
            for m in PEOPLE.members
            if "expert-facilitator" in m.roles and self.cluster in m.clusters
        )
        return [UserId(m.user_id) for m in (*first, facilitator)]

    async def lives(self) -> Sequence[Post]:
        """What brings it to its state; the posts of the last step."""
        name, status = f"P-{self.number}", self.sample["status"]
        posts: Sequence[Post] = ()
        if status in ("under_review", "published", "retired"):
            posts = await self.asks(self.who, f"!practice review {name}")
        if status == "needs_info":
            posts = await self.asks(self.peers()[0], f"!practice review {name} needs more of it")
        if status in ("published", "retired"):
            for peer in self.peers():
                begun = self.hall.said(peer, f"!practice review {name}", self.room)
                await self.hall.responds(begun)
                for _ in range(3):
                    await self.asks(peer, "yes", thread_root=begun.event_id)
            posts = await self.asks(self.who, f"!practice publish {name}")
        if status == "retired":
            posts = await self.asks(self.who, f"!practice retire {name} The home has new owners")
        return posts


def read_card(text: str) -> dict[str, str]:
    """What a card says, by its labels."""
    said: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.removeprefix("- ").partition(": ")
        if colon:
            said.setdefault(label, value)
    return said


@pytest.mark.promise("What people write in ten languages is on the card as they wrote it.")
async def test_the_samples_are_entered_by_their_people_and_read_back_from_the_cards(
    network: Hall,
) -> None:
    hall = network
    # On PostgreSQL the first of each language and state.
    first = {(sample["language"], sample["status"]): sample for sample in reversed(SAMPLES)}
    fewer = isinstance(hall.database, PostgresDatabase)
    for number, sample in enumerate(first.values() if fewer else SAMPLES, 1):
        author = Author(hall, sample, number)
        await author.enters()
        posts = await author.lives()
        stored = await hall.do(lambda c: practices.get(c, number))  # noqa: B023 — awaited at once
        assert stored is not None
        assert stored.language == sample["language"], sample["id"]
        shown = heard(await author.asks(author.who, f"!practice show P-{number}"))
        in_room = [plain(post.reply) for post in posts if isinstance(post, Change)]
        assert not in_room or read_card(in_room[-1]).items() <= read_card(shown).items()
        check(shown, sample, number)


def check(shown: str, sample: Mapping[str, Any], number: int) -> None:
    said, about = read_card(shown), shown.splitlines()[1].split(" · ")
    assert shown.splitlines()[0] == f"P-{number} · {sample['title']}"
    member = PEOPLE.member(sample["submitted_by"])
    assert about[0] == PEOPLE.city(sample["city_id"]).name
    assert member.display_name in about[1]
    states = {"needs_info": "needs information", "under_review": "under review"}
    assert about[2] == states.get(sample["status"], sample["status"])
    for field in FIVE[1:]:
        assert said.get(LABELS[F(field)], "") == sample[field], (sample["id"], field)
    for field in MORE:
        value = sample.get(field)
        told = said.get(LABELS[F(field)])
        if not value:
            assert told is None, (sample["id"], field)
        elif field == "charter":
            assert all(tag in str(told) for tag in value)
        elif field == "evidence":
            assert told == value.replace("_", " ")
        else:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            assert told == text, (sample["id"], field)
    if "english" in sample:
        assert said["English title"] == sample["english"]["title"]
        assert said["English summary"] == sample["english"]["summary"]
    still = said.get("Still missing", "")
    assert [f for f in FIVE if LABELS[F(f)] in still] == sample["missing_for_publication"]


def test_the_states_of_the_samples_are_ours() -> None:
    assert {sample["status"] for sample in SAMPLES} <= set(PracticeState)
