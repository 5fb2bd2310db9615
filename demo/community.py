"""The sample community: its clusters, cities, people and threads, and a hall's configuration."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.practices.vocabulary import name_in
from demo.hall import Setup
from storage.records import PracticeField

SAMPLE = Path(__file__).with_name("sample-content.json")
SERVER = "localhost"  # of everybody's user id
SEALED = frozenset({"migrants-as-volunteers", "young-migrants"})  # clusters with encrypted rooms
OPERATOR = "nils"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A theme, with a room of its own."""

    slug: str
    title: str  # of the room: short, in English
    topic: str
    encrypted: bool


@dataclass(frozen=True, slots=True)
class City:
    """A city of the network."""

    slug: str
    name: str
    country: str
    time_zone: str
    languages: tuple[str, ...]  # its own first, then the others of its people
    cluster: str  # slug


@dataclass(frozen=True, slots=True)
class Member:
    """One of the people."""

    name: str  # the local part of the user id, and what other records call them
    display_name: str
    roles: tuple[str, ...]  # as commands name them: "city-lead"
    city: str | None  # slug
    clusters: tuple[str, ...]  # slugs
    languages: tuple[str, ...]

    @property
    def user_id(self) -> str:
        return f"@{self.name}:{SERVER}"

    @property
    def first_name(self) -> str:
        return self.display_name.split()[0]


@dataclass(frozen=True, slots=True)
class Reaction:
    """One emoji, and who gave it."""

    emoji: str
    by: tuple[str, ...]  # names of members


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody typed in a thread."""

    id: str  # "th-a02/3"
    member: str
    language: str
    text: str
    reply_to: str | None
    redacts: str | None  # the message that its author deletes with this one
    reactions: tuple[Reaction, ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation in a cluster's room; its first message is the root."""

    id: str
    cluster: str  # slug
    title: str
    kind: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Community:
    """Everything that is known about the invented network."""

    clusters: tuple[Cluster, ...]
    cities: tuple[City, ...]
    members: tuple[Member, ...]
    threads: tuple[Thread, ...]

    def cluster(self, slug: str) -> Cluster:
        return next(each for each in self.clusters if each.slug == slug)

    def city(self, slug: str) -> City:
        return next(each for each in self.cities if each.slug == slug)

    def member(self, name: str) -> Member:
        return next(each for each in self.members if each.name == name)

    def thread(self, thread_id: str) -> Thread:
        return next(each for each in self.threads if each.id == thread_id)

    def with_role(self, role: str, cluster: str | None = None) -> list[str]:
        """User ids of those who hold a role, in a cluster if one is named."""
        return [
            member.user_id
            for member in self.members
            if role in member.roles and (cluster is None or cluster in member.clusters)
        ]

    def setup(
        self, *, homeserver: str, user: str, password: str, described: bool = True, **more: Any
    ) -> Setup:
        """The configuration of this community's hall; `more` are further fields of Setup.

        described: its rooms tell clients which commands there are.
        """
        clusters = [
            {
                "slug": cluster.slug,
                "title": cluster.title,
                "topic": cluster.topic,
                "encrypted": cluster.encrypted,
                "coordinators": self.with_role("cluster-coordinator", cluster.slug),
            }
            for cluster in self.clusters
        ]
        cities = [
            {
                "name": city.name,
                "slug": city.slug,
                "country": city.country,
                "time_zone": city.time_zone,
                "languages": list(city.languages),
                "cluster": city.cluster,
            }
            for city in self.cities
        ]
        fields: dict[str, Any] = {
            "name": "CityLink Network",
            "coordinators": self.with_role("project-coordinator"),
            "operators": self.with_role("operator"),
            "clusters": clusters,
            "cities": cities,
            "community": {"welcome": [SERVER], "describe_commands": described},
            "archive": {"controller": "CityLink Network, secretariat", "media": True},
        }
        return Setup(homeserver=homeserver, user=user, password=password, **{**fields, **more})


def load_community(path: Path = SAMPLE) -> Community:
    """Read the sample content; `meta` in the file says what it is and how it is written."""
    content = json.loads(path.read_text(encoding="utf-8"))
    slugs: dict[str, str] = {row["id"]: row["slug"] for row in content["clusters"]}
    members = (*(_member(row, slugs) for row in content["members"]), _operator())
    return Community(
        clusters=tuple(_cluster(row) for row in content["clusters"]),
        cities=tuple(_city(row, slugs, members) for row in content["cities"]),
        members=members,
        threads=tuple(_thread(row, slugs) for row in content["threads"]),
    )


def practice_form(practice_id: str, path: Path = SAMPLE) -> str:
    """A practice of the sample as its author types it: `Field: text`, in their own language."""
    rows = json.loads(path.read_text(encoding="utf-8"))["practices"]
    row = next(row for row in rows if row["id"] == practice_id)
    five = ("title", "problem", "what_we_do", "what_changed", "watch_out")
    lines = [f"{name_in(row['language'], PracticeField(f))}: {row[f]}" for f in five if row[f]]
    return "\n".join(["!practice share", *lines])


def _cluster(row: Mapping[str, Any]) -> Cluster:
    slug = row["slug"]
    return Cluster(slug, row["short"]["en"], row["title"], encrypted=slug in SEALED)


def _member(row: Mapping[str, Any], slugs: Mapping[str, str]) -> Member:
    return Member(
        name=row["matrix_localpart"],
        display_name=row["display_name"],
        roles=tuple(role.replace("_", "-") for role in row["roles"]),
        city=row["city_id"],
        clusters=tuple(slugs[cluster] for cluster in row["cluster_ids"]),
        languages=tuple(row["languages"]),
    )


def _operator() -> Member:
    """The sample has nobody who keeps the bot running."""
    return Member(OPERATOR, "Nils Ekdahl", ("operator",), None, (), ("en",))


def _city(row: Mapping[str, Any], slugs: Mapping[str, str], members: Iterable[Member]) -> City:
    spoken = [code for member in members if member.city == row["id"] for code in member.languages]
    return City(
        slug=row["id"],
        name=row["name"],
        country=row["country"],
        time_zone=row["timezone"],
        languages=tuple(dict.fromkeys([row["language"], *spoken])),
        cluster=slugs[row["cluster_id"]],
    )


def _thread(row: Mapping[str, Any], slugs: Mapping[str, str]) -> Thread:
    return Thread(
        id=row["id"],
        cluster=slugs[row["cluster_id"]],
        title=row["title"],
        kind=row["kind"],
        messages=tuple(_message(each) for each in row["messages"]),
    )


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"],
        member=row["member_id"],
        language=row["lang"],
        text=row["body"],
        reply_to=row.get("reply_to"),
        redacts=row.get("redacts"),
        reactions=tuple(Reaction(r["key"], tuple(r["by"])) for r in row.get("reactions", ())),
    )
