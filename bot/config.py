"""Reads moothall.toml: every setting there is, and every mistake in them at once."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from bot import config_addresses as address
from bot import config_readers as a
from bot.config_secrets import Secret, Secrets
from bot.config_sections import NOT_SHOWN, ConfigErrors, Mistake, Section
from storage.records import (
    ArchiveRules,
    City,
    Cluster,
    Community,
    DigestRules,
    Limits,
    VisitRules,
)

__all__ = [
    "Config", "ConfigErrors", "DatabaseSettings", "Homeserver", "Mistake", "Secret", "load",
]  # fmt: skip

_LARGEST_FILE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Homeserver:
    """Where the bot has its account, and how it signs in: password or access token."""

    url: str  # without a slash at the end
    user: str  # the full Matrix user id
    device_name: str
    password: Secret | None
    access_token: Secret | None
    pickle_key: Secret | None  # encrypts the crypto store


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Which database remembers."""

    url: URL  # with its password, which it hides when it is printed; files are absolute paths


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that an operator can set."""

    homeserver: Homeserver
    community: Community
    database: DatabaseSettings
    limits: Limits
    archive: ArchiveRules
    visits: VisitRules
    digests: DigestRules
    prefix: str  # of commands
    data_folder: Path  # absolute: crypto store, device, lock, SQLite
    log_level: str  # of logging: "INFO"
    log: str  # "plain" or "json"
    warnings: tuple[str, ...] = ()  # not wrong, but the operator should know


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """The configuration in a file; raises ConfigErrors, and nothing else, for any content."""
    content, mode, folder = _read_file(path)
    mistakes: list[Mistake] = []
    top = Section(_parse(path, content), "", mistakes)
    secrets = Secrets(folder, environment)

    hall = top.section("hall")
    data_folder = hall.read("data_folder", a.folder(folder), folder / "data")
    commands = top.section("commands")
    homeserver = _homeserver(top.section("homeserver"), secrets)
    community = _community(top, folder)
    config = Config(
        homeserver=homeserver,
        community=community,
        database=_database(top.section("database"), data_folder, secrets),
        limits=_limits(top.section("limits")),
        archive=_archive(top.section("archive"), community),
        visits=_visits(top.section("visits")),
        digests=_digests(top.section("digests"), community),
        prefix=commands.read("prefix", a.prefix, "!"),
        data_folder=data_folder,
        log_level=hall.read("log_level", a.log_level, "INFO"),
        log=hall.read("log", a.log_form, "plain"),
        warnings=_warnings(path, mode, secrets),
    )
    top.close()
    if mistakes:
        raise ConfigErrors(path, mistakes)
    return config


def _homeserver(section: Section, secrets: Secrets) -> Homeserver:
    password = secrets.read(section, "password")
    access_token = secrets.read(section, "access_token")
    passwords = section.gives("password", "password_file", "password_env")
    tokens = section.gives("access_token", "access_token_file", "access_token_env")
    if passwords and tokens:
        section.mistake(tokens[0], NOT_SHOWN, f"either this or {passwords[0]}, not both")
    if not passwords and not tokens:
        expected = "one of password_env, password_file, password, or of access_token_env, …"
        section.mistake("password", "", expected, "it is missing")
    return Homeserver(
        url=section.need("url", address.homeserver),
        user=section.need("user", address.user),
        device_name=section.read("device_name", a.text, "Moothall"),
        password=password,
        access_token=access_token,
        pickle_key=secrets.read(section, "pickle_key"),
    )


def _community(top: Section, folder: Path) -> Community:
    section = top.section("community")
    rooms: set[str] = set()
    clusters = _clusters(top, rooms)
    return Community(
        name=section.need("name", a.text),
        slug=section.need("slug", a.slug),
        time_zone=section.need("time_zone", a.time_zone),
        language=section.read("language", a.language, "en"),
        coordinators=section.each("coordinators", address.user, least=1),
        operators=section.each("operators", address.user, least=1),
        clusters=clusters,
        cities=_cities(top, clusters),
        space=section.read("space", a.unique(address.room, rooms), None),
        coordinators_room=section.read("coordinators_room", a.unique(address.room, rooms), None),
        coordinators_encrypted=section.read("coordinators_encrypted", a.flag, False),
        room_version=section.read("room_version", a.room_version, None),
        welcome=section.each("welcome", address.user_or_server),
        commitments=section.read("charter", a.commitments(folder), {}),
        describe_commands=section.read("describe_commands", a.flag, True),
    )


def _clusters(top: Section, rooms: set[str]) -> tuple[Cluster, ...]:
    slugs: set[str] = set()
    return tuple(
        Cluster(
            slug=section.need("slug", a.unique(a.slug, slugs)),
            title=section.need("title", a.text),
            topic=section.read("topic", a.text, ""),
            coordinators=section.each("coordinators", address.user),
            room=section.read("room", a.unique(address.room, rooms), None),
            encrypted=section.read("encrypted", a.flag, False),
            own_retention=bool(section.gives("retention")),
            retention=section.read("retention", a.retention, None),
        )
        for section in top.sections("cluster", called="title", least=1)
    )


def _cities(top: Section, clusters: tuple[Cluster, ...]) -> tuple[City, ...]:
    slugs: set[str] = set()
    cluster = a.one_of("the slug of a [[cluster]]", [cluster.slug for cluster in clusters])
    return tuple(
        City(
            slug=section.need("slug", a.unique(a.slug, slugs), derived=a.slug_of(name)),
            name=name,
            country=section.need("country", a.country),
            time_zone=section.need("time_zone", a.time_zone),
            languages=section.each("languages", a.language, least=1),
            cluster=section.need("cluster", cluster),
            holidays=section.each("holidays", a.holiday),
        )
        for section in top.sections("city", called="name")
        for name in [section.need("name", a.text)]
    )


def _database(section: Section, data_folder: Path, secrets: Secrets) -> DatabaseSettings:
    reader = address.database(data_folder)
    url = section.read("url", reader, reader.instead)
    if url.password is not None:
        secrets.inline.append("database.url")
    password = secrets.read(section, "password")
    if password is None:
        return DatabaseSettings(url)
    url_is_wrong = url is reader.instead and section.gives("url")
    if not url_is_wrong and (url.drivername == "sqlite" or url.password is not None):
        key = section.gives("password", "password_file", "password_env")[0]
        section.mistake(key, NOT_SHOWN, "no password here: the url has one, or needs none")
    return DatabaseSettings(url.set(password=password.reveal()))


def _limits(section: Section) -> Limits:
    usual = Limits()
    return Limits(
        command_age=section.read("command_age", a.age, usual.command_age),
        unprompted_a_day=section.read("unprompted_a_day", a.whole(0, 100), usual.unprompted_a_day),
        quiet_days=section.each("quiet_days", a.weekday, default=usual.quiet_days),
        commands_a_minute=section.read(
            "commands_a_minute", a.whole(1, 600), usual.commands_a_minute
        ),
    )


def _archive(section: Section, community: Community) -> ArchiveRules:
    usual = ArchiveRules()
    return ArchiveRules(
        controller=section.read("controller", a.text, usual.controller),
        contact=section.read("contact", a.text, usual.contact),
        retention=section.read("retention", a.retention, usual.retention),
        of_clusters={one.slug: one.retention for one in community.clusters if one.own_retention},
        kept_after_leaving=section.read(
            "kept_after_leaving", a.retention, usual.kept_after_leaving
        ),
        media=section.read("media", a.flag, usual.media),
        media_types=section.each("media_types", a.media_type, default=usual.media_types),
        media_max_mb=section.read("media_max_mb", a.whole(1, 100), usual.media_max_mb),
        media_total_mb=section.read("media_total_mb", a.whole(1, 10_000_000), usual.media_total_mb),
    )


def _visits(section: Section) -> VisitRules:
    usual = VisitRules()
    return VisitRules(
        reminders=section.each("reminders", a.days_before, default=usual.reminders),
        feed_listen=section.read("feed_listen", a.listening, None),
        feed_url=section.read("feed_url", address.homeserver, None),
    )


def _digests(section: Section, community: Community) -> DigestRules:
    usual = DigestRules()
    slugs = [cluster.slug for cluster in community.clusters]
    cluster = a.one_of("the slug of a [[cluster]]", slugs)
    return DigestRules(
        weekday=section.read("weekday", a.weekday, usual.weekday),
        draft_at=section.read("draft_at", a.clock, usual.draft_at),
        send_at=section.read("send_at", a.clock, usual.send_at),
        own_at=section.read("own_at", a.clock, usual.own_at),
        countries=section.each("holidays_of", a.country),
        closed=section.each("holidays", a.holiday),
        on_holidays=section.read("on_holidays", a.flag, usual.on_holidays),
        automatic=section.each("automatic", cluster),
    )


def _read_file(path: Path) -> tuple[bytes, int, Path]:
    """Content, mode and absolute folder."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            return file.read(_LARGEST_FILE), mode, path.parent.absolute()
    except FileNotFoundError:
        hint = f"cp config.example.toml {path}"
        raise ConfigErrors(path, [Mistake("file", "", "it to exist", hint)]) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        mistake = Mistake("file", "", "it to be readable", why or "no such path")
        raise ConfigErrors(path, [mistake]) from None


def _parse(path: Path, content: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # Windows editors begin with a mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistake = Mistake(f"line {line}", "", "UTF-8 text", "save the file as UTF-8")
    except RecursionError:
        mistake = Mistake("file", "", "valid TOML", "its brackets are nested too deeply")
    except ValueError as error:  # tomllib's own error, or a number too long for Python
        found = re.search(r" \(at (line \d+, column \d+|end of document)\)$", str(error))
        where = found[1] if found else "file"
        what = str(error).removesuffix(found[0]) if found else "a number is too long"
        quotes = " (text needs quotes)" if what == "Invalid value" else ""
        mistake = Mistake(where, "", "valid TOML", what + quotes)
    raise ConfigErrors(path, [mistake])


def _warnings(path: Path, mode: int, secrets: Secrets) -> tuple[str, ...]:
    if not secrets.inline or os.name != "posix" or not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return ()
    holds = f"holds {' and '.join(secrets.inline)}, and other accounts can read it"
    return (f"{path} {holds} (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}",)
