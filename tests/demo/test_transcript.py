"""The transcript stays readable: 80 columns, no colour where none is wanted, links shortened."""

import io

from rich.cells import cell_len

from demo.stage import Expected
from demo.transcript import Transcript, blocks_of, shortened

LINK = "https://matrix.to/#/!room/$abcdefghijklmnop?via=localhost"
FOUND = (
    "<p>Found 12 for <strong>host</strong>.</p>"
    f'<ol start="11"><li>A steady <strong>host</strong><br>Ann, <a href="{LINK}">1 March</a></li>'
    "<li>Two &amp; two</li></ol><p><code>!more</code> shows the next ones.</p>"
)


def test_a_formatted_body_becomes_plain_lines() -> None:
    lines = [mark + text.plain for mark, text in blocks_of(FOUND, coloured=False)]

    assert lines == [
        "Found 12 for *host*.",
        "11. A steady *host*",
        "    Ann, 1 March (matrix.to/$abcd…)",
        "12. Two & two",
        "`!more` shows the next ones.",
    ]
    assert shortened("https://example.org/a") == "example.org/a"


def test_somebody_mentioned_is_a_name_as_clients_show_it() -> None:
    html = '<p><a href="https://matrix.to/#/@ann:localhost">Ann</a>: please answer.</p>'
    assert [text.plain for _, text in blocks_of(html, coloured=False)] == ["@Ann: please answer."]


def test_lines_never_exceed_the_width_and_carry_no_colour() -> None:
    file = io.StringIO()
    transcript = Transcript(file, width=40)
    transcript.scene("Monday", "Welcoming culture", encrypted=True)
    transcript.said("Ingrid", "Havnvoll", "Our welcome coffee loses half its guests. " * 3)
    transcript.said("Fatou", None, "Ça tient depuis deux ans. " * 3, thread=True)
    transcript.answered(FOUND * 3, most=3)
    transcript.note("A word of the narrator that is longer than one line.")
    transcript.trouble("It did not come.", ["a line of the log " * 4])
    printed = file.getvalue()

    assert "\x1b" not in printed
    assert max(cell_len(line) for line in printed.splitlines()) <= 40
    assert "\n  │ Fatou: Ça tient" in printed, "a thread is indented"
    assert "… and " in printed


def test_an_answer_is_checked_for_words_absences_and_links() -> None:
    expected = Expected(("Found", "HOST"), ("secret",), "$abcdefghijklmnop")

    assert expected.mistakes("Found: host", FOUND) == []
    assert expected.mistakes("Found: a secret", "") == [
        "no “HOST”",
        "a “secret”",
        "no link to the message",
    ]
