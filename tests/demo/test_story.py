"""`python -m demo` as somebody would run it: the story to its end, a failure, an interruption."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from rich.cells import cell_len

from demo.homeserver import Homeserver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("demo"),  # each starts a homeserver of its own
    pytest.mark.skipif(not Homeserver.available(), reason="matrix-synapse is not installed"),
]
DEMO = (sys.executable, "-m", "demo")
LONGEST = 240.0  # seconds; a quiet machine takes 25


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `python -m demo --once` prints; nothing of it is left afterwards."""
    folder = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [*DEMO, "--once"],
        env=environment(folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert run.stderr == ""
    assert not list(folder.iterdir())
    return run.stdout


def test_the_story_goes_through_four_cluster_rooms_of_which_two_are_encrypted(
    transcript: str,
) -> None:
    rooms = [line.strip("─ ") for line in transcript.splitlines() if line.startswith("──")]
    assert rooms[:4] == [
        "Monday  Welcoming culture",
        "Tuesday  Migrants as volunteers 🔒",
        "Wednesday  Neighbourhood cooperation",
        "Thursday  Young migrants 🔒",
    ]
    assert "\n  │ Regula, Limmerau: We pair a steady host" in transcript, "threads are indented"
    assert "🙏 Regula, Fatou" in transcript
    assert "Andris edits it:" in transcript


def test_the_story_shows_what_the_hall_can_do(transcript: str) -> None:
    words = " ".join(transcript.replace("│", "").split())
    for shown in (
        "!search hosting Moothall: Found 2 for *hosting*",
        "Regula Amsler,",
        "(matrix.to/$",
        "This thread so far: 4 messages",
        "*P-1* is shared with Welcoming culture.",
        "*P-1* · Velkomstkaffe på biblioteket",
        "*Limmerau* is looking at *P-1*",
        "In *P-2* stands what looks like a telephone number.",
        "*2/5* What was the problem you wanted to solve?",
        "Here the hall is killed",
        "Found 1 for *bonos*",
        "📎 lista-primavera.pdf",
        "Found 1 for *primavera* in Migrants as volunteers, with a file.",
        "files in the hall's folder none holds its words",
        "Nothing found among all messages in Migrants as volunteers, with a file.",
        "I don't know `!serch`. Did you mean `!search`?",
        "What shall I look for?",
        "`!member list` is for coordinators.",
        "I took back an answer",
        "Nothing found for *cedri*",
        "Nothing found for *tarjeta*",
        "2 people in *Peñasol*",
        "This is how the digest would read now:",
        "All is well.",
        "Done. This was erased:",
        "every question was answered exactly once",
    ):
        assert shown in words


def test_the_transcript_fits_80_columns_and_has_no_colours(transcript: str) -> None:
    assert "\x1b" not in transcript
    assert max(cell_len(line) for line in transcript.splitlines()) <= 80
    assert len(transcript.splitlines()) < 460, "a tired volunteer reads it"


def test_an_answer_that_does_not_come_ends_the_demo_with_a_line_that_says_so(
    tmp_path: Path,
) -> None:
    run = subprocess.run(
        [*DEMO, "--once", "--patience", "0.001"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    assert run.returncode == 1
    assert "✘ It did not come within 0.001 s: " in run.stdout
    assert "The hall's log ends:" in run.stdout
    assert run.stderr == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_early_finds_nothing_left_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        DEMO,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "has made its Space" in line:
                break
        children = psutil.Process(run.pid).children(recursive=True)
        assert len(children) == 2, "the homeserver and the hall"
        run.send_signal(number)
        rest = run.stdout.read()
        assert run.wait(LONGEST) == 130, rest
    assert not [child for child in children if child.is_running()]
    assert not list(tmp_path.iterdir())
    assert "Traceback" not in rest
