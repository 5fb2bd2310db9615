"""What the draft of the record of processing, and the list of what is kept, say is so."""

import re
import tomllib
from pathlib import Path

import pytest

from bot.upkeep import KEYS_KEPT, UNREAD_KEPT
from commands.catalogue import CATALOGUE
from storage.records import ArchiveRules
from storage.tables.base import metadata

ROOT = Path(__file__).parents[2]
RECORD = (ROOT / "docs" / "record-of-processing.md").read_text(encoding="utf-8")
DATA = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
SETTINGS = sorted(set(re.findall(r"`([a-z]+)\.([a-z_]+)`", RECORD)))
COMMANDS = sorted(set(re.findall(r"`!([a-z ]+)`", RECORD)))


@pytest.mark.parametrize(("section", "name"), SETTINGS, ids=".".join)
def test_each_setting_it_names_is_one(section: str, name: str) -> None:
    without_marks = re.sub(r"(?m)^#(?=[a-z_]+ = )", "", EXAMPLE)
    part = re.search(rf"(?ms)^\[+{section}\]+$(.*?)(?=^\[+[a-z]+\]+$|\Z)", without_marks)
    assert part is not None
    assert re.search(rf"(?m)^{name} = ", part[1]), f"{section}.{name} is no setting"


@pytest.mark.parametrize("typed", COMMANDS)
def test_each_command_it_names_is_one(typed: str) -> None:
    names = {command.name for command in CATALOGUE}
    assert typed in names or typed.rpartition(" ")[0] in names


def test_its_times_are_those_of_the_program() -> None:
    usual = tomllib.loads(EXAMPLE)["archive"]["retention"]
    assert ArchiveRules().retention is not None
    assert f"[{usual} unless changed]" in RECORD
    assert f"their ids for {KEYS_KEPT.days} days" in RECORD
    assert f"their key comes, at most {UNREAD_KEPT.days} days" in RECORD


@pytest.mark.promise("Everything that the hall keeps is on one page, table by table")
@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_each_table_stands_on_the_page_of_what_is_kept(table: str) -> None:
    columns = [line.split("|")[2] for line in DATA.splitlines() if line.startswith("|")]
    assert any(f"`{table}`" in where for where in columns)
