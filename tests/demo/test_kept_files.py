"""What the demo says of the hall's folder was looked up there; if it is not so, the story ends."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from demo.community import load_community
from demo.hall import HallProcess
from demo.homeserver import Homeserver
from demo.paper import page
from demo.stage import Stage, StoryError
from demo.transcript import Transcript


def a_stage(folder: Path) -> Stage:
    homeserver = cast(Homeserver, SimpleNamespace(url=""))
    hall = HallProcess(folder / "moothall.toml")
    return Stage(
        load_community(), homeserver, hall, Transcript(), folder, {}, patience=0.2, listener=""
    )


async def test_the_folder_is_looked_through_until_it_is_so(tmp_path: Path) -> None:
    stage = a_stage(tmp_path)
    (tmp_path / "moothall.toml").write_text("x")
    kept = tmp_path / "data" / "media" / "ab" / "abc"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"... secret ...")
    assert await stage.keeps(b"secret", times=1) == 2
    with pytest.raises(StoryError, match="1 of 2 files in the hall's folder"):
        await stage.keeps(b"secret", times=0)
    kept.unlink()
    assert await stage.keeps(b"secret", times=0) == 1


def test_a_page_has_its_lines_and_says_where_its_parts_begin() -> None:
    paper = page([r"Amina (B.), Peñasol \ 3"])
    assert rb"(Amina \(B.\), Pe" + "ñ".encode("latin-1") + rb"asol \\ 3) Tj" in paper
    table = paper[int(paper.rpartition(b"startxref\n")[2].split()[0]) :]
    assert table.startswith(b"xref\n0 6\n")
    places = [int(line.split()[0]) for line in table.split(b"\n")[3:8]]
    for number, place in enumerate(places, 1):
        assert paper[place:].startswith(b"%d 0 obj\n" % number)
