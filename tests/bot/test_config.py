"""The configuration: what it accepts, and that every mistake is named."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import Config, ConfigErrors, Secret, load

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
PASSWORD = "hunter2-never-shown"
ENVIRONMENT = {"MOOTHALL_PASSWORD": PASSWORD}

SMALLEST = f"""
[homeserver]
url = "http://localhost:8008"
user = "@hall:localhost"
password = "{PASSWORD}"
[community]
name = "Ring"
slug = "ring"
time_zone = "Europe/Oslo"
coordinators = ["@ann:localhost"]
operators = ["@olav:localhost"]
[[cluster]]
slug = "trees"
title = "Trees"
"""


def read(folder: Path, content: str | bytes, **environment: str) -> Config:
    file = folder / "moothall.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(0o600)
    return load(file, ENVIRONMENT | environment)


def lines_about(file: Path) -> tuple[str, ...]:
    """The lines about a file; none if it is right."""
    try:
        load(file, ENVIRONMENT)
    except ConfigErrors as errors:
        return errors.lines() or ("mistakes without lines",)
    return ()


def complaints(folder: Path, content: str | bytes, **environment: str) -> list[str]:
    """The lines about a wrong file, without its name."""
    with pytest.raises(ConfigErrors) as caught:
        read(folder, content, **environment)
    lines = caught.value.lines()
    start = f"{folder / 'moothall.toml'}: "
    assert lines
    assert all(line.startswith(start) and len(line.splitlines()) == 1 for line in lines)
    assert not any(PASSWORD in line for line in lines)
    return [line.removeprefix(start) for line in lines]


def changed(old: str, new: str, content: str = SMALLEST) -> str:
    assert content.count(old) == 1
    return content.replace(old, new)


# ── the rows of the example ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """One `key = value` line of the example; an optional one is commented out there."""

    number: int
    path: str
    value: Any
    optional: bool

    def with_value(self, toml: str) -> str:
        lines = EXAMPLE.splitlines()
        if self.path.startswith(("homeserver.password", "homeserver.access_token")):
            lines.remove('password_env = "MOOTHALL_PASSWORD"')  # only one of them may be there
            lines.insert(self.number, "")
        lines[self.number] = f"{self.path.rpartition('.')[2]} = {toml}"
        return "\n".join(lines)

    def without(self) -> str:
        lines = EXAMPLE.splitlines()
        lines[self.number] = ""
        return "\n".join(lines)

    def is_named_in(self, line: str) -> bool:
        return re.match(rf"{re.escape(self.path)}(?![\w.])", line) is not None


def rows_of_the_example() -> Iterator[Row]:
    section, counts = "", dict[str, int]()
    for number, line in enumerate(EXAMPLE.splitlines()):
        if header := re.fullmatch(r"\[\[(\w+)\]\]", line):
            counts[header[1]] = counts.get(header[1], 0) + 1
            section = f"{header[1]}[{counts[header[1]]}]"
        elif header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif setting := re.fullmatch(r"(#?)([a-z_]+) = (.+)", line):
            value = tomllib.loads(f"it = {setting[3]}")["it"]
            yield Row(number, f"{section}.{setting[2]}", value, bool(setting[1]))
        else:
            assert not line or line.startswith(("# ", "#\n")) or line == "#" or "[[" in line, line


ROWS = tuple(rows_of_the_example())
KEYS = frozenset(re.sub(r"\[\d+\]", "", row.path) for row in ROWS)
SECRET = re.compile(r"(password|access_token|pickle_key)$")

# Wrong for every string, for every number, …; then what is wrong for one key alone.
WRONG = {
    str: ('""', '"  "', "7", "true", '["x"]', "{}", '"a\\nb"', "1979-05-27"),
    int: ("-1", "1.5", "true", '"12"', "[1]", "99999999999999999999999999"),
    bool: ('"yes"', "1", "[]"),
    list: ('"saturday"', "[7]", '[""]', '["?"]', "{}", "[[]]"),
}
WRONG_FOR = {
    "hall.data_folder": ['"moothall.toml"'],
    "hall.log_level": ['"loud"', '"inof"'],
    "homeserver.url": ['"matrix.example.org"', '"https://"', '"https://a b"', '"https://x:99999"',
                       '"https://x:0"', '"ftp://x"', '"https://x?y=z"', '"https://[::1"',
                       '"https://me@x"'],
    "homeserver.user": ['"moothall"', '"@moothall"', '"@a b:x"', '"@:x"', '"#a:example.org"'],
    "homeserver.password_env": ['"NOT_SET"', '"A=B"', '"A\\u0000"'],
    "homeserver.password_file": ['"no-such-file"', '"/"', '"\\u0000"'],
    "community.slug": ['"CityLink"', '"a--b"', '"-a"', '"é"', f'"{"a" * 65}"'],
    "community.time_zone": ['"Europe/Olso"', '"CEST+1"', '"Europe"', '"../x"', '"localtime"'],
    "community.language": ['"English"', '"xx"', '"EN"', '"und"', '"en_GB"'],
    "community.coordinators": ['[]', '["paula"]', '["@paula:example.org", "paula:example.org"]'],
    "community.operators": ['[]', '["@operator"]'],
    "community.space": ['"citylink"', '"#citylink"', '"@a:x"', '"! a"'],
    "community.coordinators_room": ['"#desk"', f'"#{"é" * 130}:x"'],
    "community.room_version": ["11", '"eleven!"'],
    "community.charter": ['"no-such-file.toml"', '"/"'],
    "community.welcome": ['["exa mple"]', '["@hanne"]', '["*"]'],
    "cluster[1].slug": ['"Welcoming culture"'],
    "cluster[1].coordinators": ['["hanne"]'],
    "cluster[1].room": ['"welcoming"'],
    "city[1].slug": ['"HAVN"'],
    "city[1].country": ['"Norway"', '"NOR"', '"no"', '"EU"', '"XX"'],
    "city[1].time_zone": ['"Oslo"'],
    "city[1].languages": ['[]', '["norsk"]', '["no", "xx"]'],
    "city[1].cluster": ['"welcoming"', '"welcoming-cultures"'],
    "database.url": ['"moothall.db"', '"sqlite://"', '"sqlite://moothall.db"', '"mysql://x/y"',
                     '"sqlite:///:memory:"', '"postgresql://host"', '"sqlite+aiosqlite:///x"',
                     f'"postgresql://a:{PASSWORD}@host"', f'"postgresql://h/d?password={PASSWORD}"',
                     f'"postgresql:/a:{PASSWORD}@host"', f'"postgresql://a:{PASSWORD}/d"'],
    "database.password_env": ['"NOT_SET"', '"MOOTHALL_PASSWORD"'],  # SQLite wants none
    "limits.command_age": ['"60"', '"1 fortnight"', '"0h"', '"9999d"', "01:00:00", '"-1h"'],
    "limits.unprompted_a_day": ["101"],
    "limits.quiet_days": ['["saterday"]', '["saturday", 6]', '["Samstag"]'],
    "limits.commands_a_minute": ["0", "601"],
    "archive.retention": ['"24"', '"two years"', '"0 days"', '"99999 years"', "24"],
    "archive.kept_after_leaving": ['"0 days"', '"never"', "90"],
    "archive.media": ['"false"'],
    "archive.media_types": ['["pdf"]', '["image/"]', '["*/*"]', '["Image/PNG"]', '"image/png"'],
    "archive.media_max_mb": ["0", "101", '"10 MB"'],
    "archive.media_total_mb": ["0", "10000001", '"10 GB"', "1.5"],
    "city[1].holidays": ['["2027-05-15"]', '["2027-02-30 x"]', '["15 May Town feast"]'],
    "visits.reminders": ['["0 days"]', '["3"]', '["three days"]', '["400 days"]'],
    "visits.feed_listen": ['"8800"', '"127.0.0.1"', '"http://x:8800"'],
    "visits.feed_url": ['"calendar.example.org"'],
    "digests.draft_at": ['"7"', '"24:00"', '"7 am"', "07:00:00"],
    "digests.holidays_of": ['["Belgium"]'],
    "digests.automatic": ['["welcoming"]'],
    "commands.prefix": ['"/"', '"hall"', '"! x"', '"!!!!"', '"@"'],
}  # fmt: skip


def wrong_values(row: Row) -> Iterator[str]:
    for value in WRONG[type(row.value)]:
        secret = SECRET.search(row.path)
        if not (secret and value == '"  "'):  # blanks may be a password
            yield value
    yield from WRONG_FOR.get(row.path, ())


def test_the_example_is_right_and_warns_of_nothing(tmp_path: Path) -> None:
    config = read(tmp_path, EXAMPLE)
    assert config.warnings == ()
    assert config.homeserver.password == Secret(PASSWORD)
    assert len(config.community.clusters) == 4
    assert {city.cluster for city in config.community.cities} == {
        cluster.slug for cluster in config.community.clusters
    }
    assert config.community.cities[3].slug == "penasol"  # derived


def test_the_table_of_wrong_values_is_about_rows_of_the_example() -> None:
    assert set(WRONG_FOR) <= {row.path for row in ROWS}


@pytest.mark.promise("each row of the example wrong in turn: a line that names it")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_wrong_row_is_named(tmp_path: Path, row: Row) -> None:
    for value in wrong_values(row):
        lines = complaints(tmp_path, row.with_value(value))
        assert any(row.is_named_in(line) for line in lines), (value, lines)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_misspelt_row_is_named(tmp_path: Path, row: Row) -> None:
    """As an unknown key, whose value may be a secret, with the right spelling."""
    name = row.path.rpartition(".")[2]
    toml = row.with_value(f'"{PASSWORD}"').replace(
        f'{name} = "{PASSWORD}"', f'{name}x = "{PASSWORD}"'
    )
    line = next(line for line in complaints(tmp_path, toml) if line.startswith(f"{row.path}x"))
    assert f'did you mean "{name}"?' in line


@pytest.mark.parametrize("row", [r for r in ROWS if not r.optional], ids=lambda row: row.path)
def test_a_missing_row_has_a_default_or_is_named(tmp_path: Path, row: Row) -> None:
    """As the example says above the row where it is explained."""
    file = tmp_path / "moothall.toml"
    file.write_text(row.without(), encoding="utf-8")
    lines = lines_about(file)
    assert bool(lines) == ("# Required" in explanation(row))
    if lines:
        name = row.path.replace("password_env", "password")
        assert any(f": {name}" in line and "missing" in line for line in lines)


def explanation(row: Row) -> str:
    """The comment above the first row of that key."""
    key = re.sub(r"\[\d+\]", "", row.path)
    first = next(other for other in ROWS if re.sub(r"\[\d+\]", "", other.path) == key)
    above = EXAMPLE.splitlines()[: first.number]
    start = next(i for i in range(len(above) - 1, -1, -1) if not above[i])
    return "\n".join(above[start + 1 :])


def test_every_row_of_the_example_is_explained() -> None:
    for row in ROWS:
        if "[" not in row.path or "[1]" in row.path:
            assert re.search(r"Required|Default:|at most one", explanation(row)), row.path


def test_a_network_brings_its_own_charter(tmp_path: Path) -> None:
    (tmp_path / "charter.toml").write_text('[commitments]\n"employer.1" = "Hire fairly"\n')
    (tmp_path / "empty.toml").write_text("commitments = 3")
    toml = EXAMPLE.replace('#charter = "charter.toml"', 'charter = "charter.toml"')
    assert read(tmp_path, toml).community.commitments == {"employer.1": "Hire fairly"}
    (line,) = complaints(tmp_path, toml.replace('"charter.toml"', '"empty.toml"'))
    assert "it has no table [commitments]" in line


def test_every_setting_is_in_the_example(tmp_path: Path) -> None:
    """What the hall knows, it says itself when it meets something unknown."""
    known = set()
    toml = re.sub(r"^(\[+(\w+)\]+)$", r"\1\nmystery_of_\2 = 1", EXAMPLE, flags=re.MULTILINE)
    for line in complaints(tmp_path, toml):
        found = re.fullmatch(r"(\w+)(?:\[\d+\])?\.mystery_of_\w+ .*: expected one of (.*)", line)
        assert found, line
        known |= {f"{found[1]}.{name}" for name in found[2].partition(";")[0].split(", ")}
    assert known == KEYS


# ── the same through the command line ─────────────────────────────────────────────────────────


def check_config(file: Path) -> int:
    cli = importlib.import_module("bot.cli")
    status = cli.main(["--config", str(file), "check-config"])
    assert isinstance(status, int)
    return status


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOTHALL_PASSWORD", PASSWORD)


@pytest.mark.usefixtures("environment")
def test_the_command_line_finds_the_example_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "moothall.toml"
    file.write_text(EXAMPLE, encoding="utf-8")
    assert check_config(file) == 0
    assert PASSWORD not in "".join(capsys.readouterr())


@pytest.mark.promise("each row of the example wrong in turn: exit status 2, no traceback")
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_the_command_line_names_a_wrong_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: Row
) -> None:
    file = tmp_path / "moothall.toml"
    for value in wrong_values(row):
        file.write_text(row.with_value(value), encoding="utf-8")
        assert check_config(file) == 2
        expect_named(row, file, "".join(capsys.readouterr()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("homeserver.url", '"matrix.example.org"'),
        ("homeserver.password", '""'),
        ("community.time_zone", '"Europe/Olso"'),
        ("city[1].cluster", '"welcoming"'),
        ("limits.command_age", '"60"'),
    ],
)
def test_a_process_names_a_wrong_row(tmp_path: Path, path: str, value: str) -> None:
    row = next(row for row in ROWS if row.path == path)
    file = tmp_path / "moothall.toml"
    file.write_text(row.with_value(value), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "--config", str(file), "check-config"],
        cwd=ROOT, env=os.environ | ENVIRONMENT, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    expect_named(row, file, done.stdout + done.stderr)


def expect_named(row: Row, file: Path, output: str) -> None:
    lines = [line.partition(f"{file}: ")[2] for line in output.splitlines()]
    assert any(row.is_named_in(line) for line in lines), output
    assert "Traceback" not in output
    assert PASSWORD not in output


# ── what is read ──────────────────────────────────────────────────────────────────────────────


def test_the_smallest_file_gets_the_defaults_that_the_example_shows(tmp_path: Path) -> None:
    config, example = read(tmp_path, SMALLEST), read(tmp_path, EXAMPLE)
    assert (config.limits, config.prefix, config.log_level) == (
        example.limits, example.prefix, example.log_level,
    )  # fmt: skip
    assert config.archive.media is example.archive.media is False
    assert config.archive.media_max_mb == example.archive.media_max_mb
    left = timedelta(days=90)
    assert config.archive.kept_after_leaving == example.archive.kept_after_leaving == left
    assert config.archive.media_total_mb == example.archive.media_total_mb == 10 * 1024
    assert config.archive.retention == example.archive.retention == timedelta(days=730)
    assert config.homeserver.device_name == example.homeserver.device_name
    assert config.database == example.database
    assert config.data_folder == example.data_folder == tmp_path / "data"
    assert config.database.url.database == str(tmp_path / "data" / "moothall.db")
    assert config.community.room_version is None
    assert config.community.welcome == ()


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("[limits]\ncommand_age", '"30m"', timedelta(minutes=30)),
        ("[limits]\ncommand_age", '"2d"', timedelta(days=2)),
        ("[limits]\nquiet_days", "[]", ()),
        ("[limits]\nquiet_days", '["Sunday", "friday", "sunday"]', (6, 4)),
        ("[limits]\nunprompted_a_day", "0", 0),
        ("[visits]\nreminders", '["7 days", "1 day"]', (7, 1)),
        ("[visits]\nreminders", "[]", ()),
        ("[digests]\nweekday", '"Tuesday"', 1),
        ("[digests]\ndraft_at", '"6:30"', time(6, 30)),
        ("[archive]\nretention", '"for ever"', None),
        ("[archive]\nretention", '"1 day"', timedelta(days=1)),
        ("[archive]\nretention", '"24 months"', timedelta(days=730)),
        ("[archive]\nretention", '"2 years"', timedelta(days=730)),
        ("[archive]\nmedia", "true", True),
        ("[archive]\nmedia_types", '["image/*", "image/*"]', ("image/*",)),
        ("[archive]\nkept_after_leaving", '"for ever"', None),
        ("[archive]\nkept_after_leaving", '"30 days"', timedelta(days=30)),
        ("[archive]\nmedia_max_mb", "100", 100),
        ("[archive]\nmedia_total_mb", "500", 500),
    ],
)
def test_limits_are_read(tmp_path: Path, setting: str, value: str, expected: object) -> None:
    config = read(tmp_path, f"{SMALLEST}{setting} = {value}")
    name = setting.partition("\n")[2]
    parts = {"limits": config.limits, "archive": config.archive, "visits": config.visits,
             "digests": config.digests}  # fmt: skip
    found = parts[setting[1:].partition("]")[0]]
    assert getattr(found, name) == expected


@pytest.mark.parametrize(
    "room",
    [
        "#trees:example.org",
        "#bäume:example.org:8448",
        "!abc:example.org",
        "!abc:[2001:db8::1]:8448",
        "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",  # version 12
    ],
)
def test_a_room_is_an_alias_or_an_id(tmp_path: Path, room: str) -> None:
    config = read(tmp_path, f'{SMALLEST}room = "{room}"')
    assert config.community.clusters[0].room == room


@pytest.mark.parametrize("user", ["@a.b=c_d-e/f+1:x.org", "@Hanne!:x.org:8448", "@é:10.0.0.1"])
def test_a_user_id_may_be_an_old_one(tmp_path: Path, user: str) -> None:
    config = read(tmp_path, changed("@ann:localhost", user))
    assert config.community.coordinators == (user,)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Peñón", "penon"), ("Bad Ærø / Łódź", "bad-aero-lodz"), ("Straße 2", "strasse-2")],
)
def test_a_city_without_a_slug_gets_one_from_its_name(tmp_path: Path, name: str, slug: str) -> None:
    assert read(tmp_path, changed('"Zeelinde"', f'"{name}"', EXAMPLE)).community.city(slug)


@pytest.mark.parametrize(
    ("url", "driver", "database"),
    [
        ("postgresql://moothall@db.example/hall", "postgresql", "hall"),
        ("postgresql:///hall?host=/run/postgresql", "postgresql", "hall"),
        ("sqlite:////srv/hall.db", "sqlite", "/srv/hall.db"),
    ],
)
def test_a_database_is_read(tmp_path: Path, url: str, driver: str, database: str) -> None:
    found = read(tmp_path, f'{SMALLEST}[database]\nurl = "{url}"').database.url
    assert (found.drivername, found.database) == (driver, database)


def test_a_database_password_is_joined_to_the_url_and_hidden(tmp_path: Path) -> None:
    toml = f'{SMALLEST}[database]\nurl = "postgresql://u@h/d"\npassword_env = "MOOTHALL_PASSWORD"'
    settings = read(tmp_path, toml).database
    assert settings.url.password == PASSWORD
    assert PASSWORD not in f"{settings} {settings.url}"


# ── secrets ───────────────────────────────────────────────────────────────────────────────────


def test_a_secret_never_shows_itself(tmp_path: Path) -> None:
    config = read(tmp_path, SMALLEST)
    assert config.homeserver.password is not None
    assert config.homeserver.password.reveal() == PASSWORD
    assert PASSWORD not in f"{config} {config.homeserver.password} {config.homeserver.password!r}"


def test_a_secret_is_read_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("syt_token\n", encoding="utf-8")
    toml = changed(f'password = "{PASSWORD}"', 'access_token_file = "token"')
    homeserver = read(tmp_path, toml).homeserver
    assert homeserver.access_token == Secret("syt_token")
    assert homeserver.password is None


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        ("", "homeserver.password: expected one of password_env"),
        ('password = "x"\npassword_env = "X"', "homeserver.password_env = (not shown): expected"),
        ('password = "x"\naccess_token = "y"', "homeserver.access_token = (not shown): expected"),
        ('password_env = "NOT_SET"', 'homeserver.password_env = "NOT_SET": expected the name of'),
        ('password_env = "EMPTY"', 'homeserver.password_env = "EMPTY": expected a secret of one'),
        ('password_file = "none"', 'homeserver.password_file = "none": expected the path of'),
        ('password_file = "binary"', 'homeserver.password_file = "binary": expected the path of'),
        ('password_file = "two-lines"', 'homeserver.password_file = "two-lines": expected a secr'),
        ('password_file = "/dev/zero"', 'homeserver.password_file = "/dev/zero": expected a secr'),
        ('password_file = "~nobody-here/x"', "homeserver.password_file = "),
        ("password = 12345678", "homeserver.password = (not shown): expected a secret"),
        ('password = ["x"]', "homeserver.password = (not shown): expected a secret"),
    ],
)
def test_a_secret_comes_from_exactly_one_place(
    tmp_path: Path, replacement: str, expected: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "two-lines").write_text(f"{PASSWORD}\n{PASSWORD}\n", encoding="utf-8")
    toml = changed(f'password = "{PASSWORD}"', replacement)
    lines = complaints(tmp_path, toml, EMPTY="")
    assert any(line.startswith(expected) for line in lines), lines
    assert "12345678" not in "".join(lines)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_a_file_with_secrets_that_others_can_read_is_a_warning(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "moothall.toml"
    for content, is_risky in ((SMALLEST, mode != 0o600), (EXAMPLE, False)):
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
        warnings = load(file, ENVIRONMENT).warnings
        assert bool(warnings) == is_risky
        assert all("homeserver.password" in w and "chmod 600" in w for w in warnings)
        assert not any(PASSWORD in warning for warning in warnings)


# ── mistakes ──────────────────────────────────────────────────────────────────────────────────


def test_a_mistake_is_a_line_with_file_key_value_expectation_and_hint(tmp_path: Path) -> None:
    file = tmp_path / "moothall.toml"
    file.write_text(changed("Europe/Oslo", "Europe/Olso"), encoding="utf-8")
    (line,) = lines_about(file)
    assert line == (
        f'{file}: community.time_zone = "Europe/Olso": expected an IANA time zone such as '
        '"Europe/Oslo"; did you mean "Europe/Oslo"?'
    )


@pytest.mark.parametrize(
    ("old", "new", "key_and_value", "hint"),
    [
        ('"Europe/Madrid"', '"Madrid"', 'city[4].time_zone (Peñasol) = "Madrid"',
         'did you mean "Europe/Madrid"?'),
        ('"BE"', '"Belgium"', 'city[2].country (Zeelinde) = "Belgium"', 'did you mean "BE"?'),
        ('"GB"', '"UK"', 'city[7].country (Harrowmouth) = "UK"', 'did you mean "GB"?'),
        ('["el"]', '["en", "Greek"]', 'city[5].languages[2] (Thalassopoli) = "Greek"',
         'did you mean "el"?'),
        ('["@paula:example.org"]', '["paula:example.org"]',
         'community.coordinators[1] = "paula:example.org"', 'did you mean "@paula:example.org"?'),
        ('slug = "young-migrants"', 'slug = "Young Migrants!"',
         'cluster[4].slug (Young migrants) = "Young Migrants!"', 'did you mean "young-migrants"?'),
        ('slug = "young-migrants"', 'slug = "welcoming-culture"',
         'cluster[4].slug (Young migrants) = "welcoming-culture"',
         "something else in this file has it already"),
        ('slug = "young-migrants"', 'slug = "young-migrant"',
         'city[7].cluster (Harrowmouth) = "young-migrants"', 'did you mean "young-migrant"?'),
        ('"Zeelinde"', '"Havnvoll"', 'city[2].slug (Havnvoll) = "havnvoll"',
         "something else in this file has it already"),
        ('"Zeelinde"', '"Αθήνα"', 'city[2].slug (Αθήνα) = "αθηνα"', 'such as "young-migrants"'),
        ('url = "sqlite:///moothall.db"', 'url = "sqlite://moothall.db"',
         'database.url = "sqlite://moothall.db"', 'did you mean "sqlite:///moothall.db"?'),
        ('url = "https://matrix', 'url = "matrix', 'homeserver.url = "matrix.example.org"',
         "begin with https://"),
        ('command_age = "1h"', "command_age = 60", "limits.command_age = 60", "put it in quotes"),
        ('command_age = "1h"', 'command_age = "60"', 'limits.command_age = "60"',
         "which unit? m, h or d"),
        ("a_minute = 12", 'a_minute = "12"', 'limits.commands_a_minute = "12"',
         "leave the quotes away"),
        ("[limits]", "[limts]", "limts = (not shown)", 'did you mean "limits"?'),
        ('welcome = ["example.org", "@hanne:cities.example"]', 'welcome = "example.org"',
         'community.welcome = "example.org"', 'put it in brackets: ["example.org"]'),
    ],
)  # fmt: skip
def test_a_hint_says_what_was_probably_meant(
    tmp_path: Path, old: str, new: str, key_and_value: str, hint: str
) -> None:
    lines = complaints(tmp_path, changed(old, new, EXAMPLE))
    assert any(
        line.startswith(f"{key_and_value}: expected ") and line.endswith(hint) for line in lines
    ), lines


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a = 1\nb = x\n", "line 2, column 5: expected valid TOML; Invalid value (text needs quo"),
        (b'a = "open', "end of document: expected valid TOML; "),
        (b"a = 1\n\n# caf\xe9\n", "line 3: expected UTF-8 text; save the file as UTF-8"),
        (b"a = " + b"[" * 9999, "file: expected valid TOML; its brackets are nested too deeply"),
        (b"a = " + b"9" * 9999, "file: expected valid TOML; a number is too long"),
        (b"[homeserver]\nurl = 0x" + b"f" * 9999, "homeserver.url = a very large number: expect"),
        (b'homeserver = "x"', 'homeserver = "x": expected a section [homeserver]'),
        (b"[[community]]", "community = a list of 1: expected a section [community]; write [comm"),
        (b"[cluster]", "cluster = a table: expected sections [[cluster]]; write [[cluster]] with"),
        (b"cluster = []", "cluster: expected at least 1 section [[cluster]]"),
        (b"city = [1]", "city = a list of 1: expected sections [[city]]; write [[city]] with dou"),
        (b'"a\\nb" = 1', '"a\\nb" = (not shown): expected one of archive, city'),
        (b'[limits]\nquiet_days = ["\\u2028"]', "limits.quiet_days[1] = "),
    ],
)
def test_a_broken_file_is_explained(tmp_path: Path, content: bytes, line: str) -> None:
    assert any(found.startswith(line) for found in complaints(tmp_path, content))


def test_a_wrong_section_is_one_mistake_and_not_also_all_its_keys(tmp_path: Path) -> None:
    toml = "community = 1\n" + re.sub(r"\[community\].*?\[\[", "[[", SMALLEST, flags=re.DOTALL)
    assert complaints(tmp_path, toml) == ["community = 1: expected a section [community]"]


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    toml = SMALLEST
    for key in ("url", "user", "name", "slug", "time_zone"):
        toml = re.sub(rf"^{key} = .*$", f"{key} = 1", toml, flags=re.MULTILINE)
    assert len(complaints(tmp_path, toml)) == 6  # two slugs


def test_a_mark_of_windows_editors_is_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    file = tmp_path / "moothall.toml"
    with pytest.raises(ConfigErrors) as caught:
        load(file, {})
    assert caught.value.lines() == (
        f"{file}: file: expected it to exist; cp config.example.toml {file}",
    )


@pytest.mark.parametrize("name", [".", "x\0y", "x" * 999, "config.example.toml/x"])
def test_a_path_that_is_no_file_is_one_mistake(name: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(ROOT / name, {})
    assert len(caught.value.mistakes) == 1


# ── whatever the file holds ───────────────────────────────────────────────────────────────────

NAMES = sorted({name for key in KEYS for name in key.split(".")})
KEY_LINES = st.builds(
    "{} = {}".format,
    st.sampled_from(NAMES) | st.from_regex(r"[a-z]{1,4}(\.[a-z]{1,4})?", fullmatch=True),
    st.deferred(lambda: VALUES),
)
STRINGS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="'"))
ODD = st.sampled_from(
    [f"'{value}'" for value in ("postgresql://", "postgresql://a:b@c:d/e", "sqlite:///\\", "@:",
     "https://[", "http://\u2100", "~", "~x/y", "/", "..", "9999d", "99999 years", "Europe", "!")]
    + ['"\\u0000"', '"\\U0010FFFF"', "nan", "-inf", "1979-05-27T07:32:00Z", "07:32:00"]
)  # fmt: skip
VALUES: st.SearchStrategy[str] = st.recursive(
    st.builds("'{}'".format, STRINGS) | ODD | st.integers().map(str) | st.just("true"),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]")
        | inner.map("{{ a = {} }}".format)
    ),
    max_leaves=4,
)
HEADERS = st.sampled_from(NAMES).flatmap(lambda n: st.sampled_from([f"[{n}]", f"[[{n}]]"]))
FILES = st.lists(KEY_LINES | HEADERS | st.sampled_from(EXAMPLE.splitlines()), max_size=30)


def expect_config_or_mistakes(folder: Path, content: bytes) -> None:
    file = folder / "moothall.toml"
    file.write_bytes(content)
    for line in lines_about(file):
        assert line.startswith(f"{file}: ")
        assert len(line.splitlines()) == 1


@given(content=st.binary() | FILES.map(lambda lines: "\n".join(lines).encode()))
def test_no_file_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    expect_config_or_mistakes(tmp_path_factory.getbasetemp(), content)


@settings(max_examples=200)
@given(changes=st.dictionaries(st.integers(0, len(ROWS) - 1), VALUES, min_size=1, max_size=5))
def test_no_change_of_the_example_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, str]
) -> None:
    lines = EXAMPLE.splitlines()
    for number, value in changes.items():
        row = ROWS[number]
        lines[row.number] = f"{row.path.rpartition('.')[2]} = {value}"
    expect_config_or_mistakes(tmp_path_factory.getbasetemp(), "\n".join(lines).encode())
