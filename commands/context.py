"""What a handler may know besides the event: the time, the community, and the open transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from commands.words import Words, words_in
from storage.records import (
    ArchiveRules,
    Community,
    DigestRules,
    Limits,
    Person,
    UserId,
    VisitRules,
)


def _unheard(_command: str) -> None:
    """Where nobody keeps a log."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The part of the configuration that handlers may read."""

    community: Community
    limits: Limits
    archive: ArchiveRules
    visits: VisitRules = field(default_factory=VisitRules)
    digests: DigestRules = field(default_factory=DigestRules)
    prefix: str = "!"
    version: str = "0"


@dataclass(frozen=True, slots=True)
class Context:
    """Made by the worker for one inbox entry; it stops at handlers, rules never see it."""

    connection: Connection
    now: datetime  # aware, UTC; read once
    me: UserId
    settings: Settings
    cause: str  # event id or timer key: what this work is done for
    name: str = ""  # our display name, by which people call us
    # Tells the operators' log which command it is; never what was typed after it.
    note: Callable[[str], None] = _unheard

    def words_for(self, person: Person) -> Words:
        """The words of that person's language."""
        return words_in(person.language or self.settings.community.language)

    @property
    def words(self) -> Words:
        """The words of the community's language, for what a whole room reads."""
        return words_in(self.settings.community.language)

    def zone_of(self, person: Person) -> ZoneInfo:
        """The person's time zone: their own, their city's, or the community's."""
        community = self.settings.community
        city = community.city(person.city) if person.city else None
        return ZoneInfo(person.time_zone or (city.time_zone if city else community.time_zone))
