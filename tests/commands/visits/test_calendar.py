"""Calendar files: bytes as the standard has them, read back the same by readers of other makes."""

import json
import os
import re
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import vobject
from ical.calendar_stream import IcsCalendarStream

from commands.dates.reader import Span
from commands.visits.calendar import Call, Entry, feed, file_name, google_link, single_file, uid_of
from tests.judges import FOLDER, npm_packages

STAMP = datetime(2026, 11, 22, 10, 0, 0, 654321, tzinfo=UTC)
NASTY = 'Łódź; hosts, "Malmö"\\ \r\nBEGIN:VEVENT\rUID:x 👩‍👩‍👧 مرحبا \x00\x07' + "ü" * 5000
VISIT = Entry(
    uid=uid_of(7, "arrival", "moothall.example"),
    sequence=2,
    stamp=STAMP,
    when=Span(date(2027, 3, 30), date(2027, 4, 1)),
    summary="Mentoring visit: Łódź hosts Malmö, Gdańsk",
    description="Who comes: Malmö, Gdańsk\nMore in the room",
    organiser="Heat cluster (Moothall)",
    domain="moothall.example",
    location="Łódź",
    url="https://matrix.to/#/!room:hs/$event",
)
ENTRIES = {
    "several days": VISIT,
    "one day": replace(VISIT, when=Span(date(2027, 3, 30), date(2027, 3, 30))),
    "over the new year": replace(VISIT, when=Span(date(2026, 12, 30), date(2027, 1, 2))),
    "over the change of clocks": replace(VISIT, when=Span(date(2027, 3, 27), date(2027, 3, 29))),
    "leap day": replace(VISIT, when=Span(date(2028, 2, 29), date(2028, 3, 1))),
    "moved": replace(VISIT, sequence=3, when=Span(date(2027, 4, 6), date(2027, 4, 8))),
    "cancelled": replace(VISIT, sequence=4, cancelled=True),
    "a call": replace(
        VISIT, when=Call(datetime(2027, 3, 29, 7, 30, tzinfo=UTC), timedelta(hours=2))
    ),
    "nasty words": replace(
        VISIT, summary=NASTY, description=NASTY, location=NASTY, organiser=NASTY[:60]
    ),
}


def unfolded(data: bytes) -> list[str]:
    return data.decode().replace("\r\n ", "").split("\r\n")[:-1]


def values(data: bytes, name: str) -> list[str]:
    return [line.partition(":")[2] for line in unfolded(data) if re.match(rf"{name}[;:]", line)]


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_the_bytes_are_what_no_reader_checks_for_us(entry: Entry) -> None:
    data = single_file(entry)
    data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\r\n")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")  # no fold within a character
    lines = unfolded(data)
    assert [line for line in lines if line == "BEGIN:VEVENT"] == ["BEGIN:VEVENT"]
    head = lines[: lines.index("BEGIN:VEVENT")]
    assert "VERSION:2.0" in head
    assert sum(line.startswith("PRODID:") for line in head) == 1
    assert sum(line.startswith("METHOD:") for line in head) == 1
    assert not any(line.startswith("UID") for line in head)
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"):
        assert len(values(data, name)) == 1, name
    for name in ("ATTENDEE", "DURATION", "TZID", "BEGIN:VTIMEZONE"):
        assert not any(line.startswith(name) for line in lines)
    assert len(values(data, "UID")[0].encode()) <= 255
    assert values(data, "DTSTAMP") == ["20261122T100000Z"]
    cancelled = values(data, "METHOD") == ["CANCEL"]
    assert cancelled == (values(data, "STATUS") == ["CANCELLED"]) == entry.cancelled
    assert values(data, "ORGANIZER")[0].endswith("mailto:no-reply@moothall.example")
    assert single_file(entry) == data


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_days_are_days_and_hours_are_in_utc(entry: Entry) -> None:
    data = single_file(entry)
    if isinstance(entry.when, Span):
        assert f"DTSTART;VALUE=DATE:{entry.when.start:%Y%m%d}" in unfolded(data)
        end = entry.when.last + timedelta(days=1)
        assert f"DTEND;VALUE=DATE:{end:%Y%m%d}" in unfolded(data)
    else:
        assert "DTSTART:20270329T073000Z" in unfolded(data)
        assert "DTEND:20270329T093000Z" in unfolded(data)


def plain(text: str) -> str:
    """What of a text a calendar can hold."""
    return re.sub("[\x00-\x09\x0b-\x1f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_two_other_readers_understand_the_same(entry: Entry) -> None:
    text = single_file(entry).decode()
    (one,) = IcsCalendarStream.calendar_from_ics(text).events
    other = vobject.readOne(text).vevent
    assert one.status is not None
    assert one.uid == other.uid.value == entry.uid
    assert one.sequence == int(other.sequence.value) == entry.sequence
    assert one.summary == other.summary.value == plain(entry.summary).replace("\n", " ")
    assert one.description == other.description.value == plain(entry.description)
    assert (
        other.status.value
        == str(one.status.value)
        == ("CANCELLED" if entry.cancelled else "CONFIRMED")
    )
    if isinstance(entry.when, Span):
        assert (one.dtstart, one.dtend) == (other.dtstart.value, other.dtend.value)
        assert one.dtstart == entry.when.start
        assert one.dtend is not None
        assert (one.dtend - one.dtstart).days == len(entry.when.days)
    else:
        assert one.dtstart == other.dtstart.value == entry.when.start


# ── judges that run by themselves ─────────────────────────────────────────────────────────────


def command_of(judge: str) -> list[str]:
    """How a reader of another make is run; skipped where the machine does not have it."""
    if judge == "ical.js":
        return ["node", str(npm_packages() / "calendar.mjs")]
    check = "import gi; gi.require_version('ICalGLib', '3.0')"
    python = Path("/usr/bin/python3")  # the system's: no package of ours brings libical
    found = (
        python.exists()
        and not subprocess.run([python, "-c", check], capture_output=True, check=False).returncode
    )
    if not found:
        pytest.skip("Debian's gir1.2-ical-3.0 and python3-gi are not installed")
    return [str(python), str(FOLDER / "libical.py")]


def read_by(judge: str, texts: list[str], zone: str = "UTC") -> list[dict[str, Any]]:
    """What a reader understands of calendar files, its machine being in some time zone."""
    done = subprocess.run(
        command_of(judge),
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TZ": zone},
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.promise(
    "A calendar file says the same to libical, ical.js, vobject and ical, whatever time zone the"
    " reader's machine is in."
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("judge", ["libical", "ical.js"])
def test_readers_that_many_calendars_are_made_of_understand_the_same(judge: str, zone: str) -> None:
    texts = [single_file(entry).decode() for entry in ENTRIES.values()]
    for entry, understood in zip(ENTRIES.values(), read_by(judge, texts, zone), strict=True):
        if isinstance(entry.when, Span):
            days = (entry.when.start, entry.when.last + timedelta(days=1))
            start, end = (day.isoformat() for day in days)
        else:
            ends = (entry.when.start, entry.when.start + entry.when.length)
            start, end = (f"{at:%Y-%m-%dT%H:%M:%S.000Z}" for at in ends)
        assert understood == {
            "uid": entry.uid,
            "sequence": entry.sequence,
            "method": "CANCEL" if entry.cancelled else "PUBLISH",
            "status": "CANCELLED" if entry.cancelled else "CONFIRMED",
            "summary": plain(entry.summary).replace("\n", " "),
            "description": plain(entry.description),
            "location": plain(entry.location),
            "start": start,
            "end": end,
        }


@pytest.mark.parametrize(
    ("judge", "fault", "instead"),
    [
        ("libical", "STATUS:CONFIRMED", "STATUS:CANCELED"),
        ("libical", "ORGANIZER", "X-NOBODY"),
        ("ical.js", "DTSTART;VALUE=DATE:20270330", "DTSTART:20270330"),
    ],
)
def test_those_readers_do_find_faults(judge: str, fault: str, instead: str) -> None:
    spoilt = single_file(VISIT).decode().replace(fault, instead)
    with pytest.raises(AssertionError):
        read_by(judge, [spoilt])


def test_a_feed_holds_many_visits_with_addresses_of_their_own_and_no_method() -> None:
    many = [replace(VISIT, uid=uid_of(n, "arrival", "moothall.example")) for n in range(200)]
    data = feed(many, "Heat; cluster")
    assert len(set(values(data, "UID"))) == 200
    assert not values(data, "METHOD")
    assert len(IcsCalendarStream.calendar_from_ics(data.decode()).events) == 200


def test_names_and_links_that_are_safe_to_open() -> None:
    assert file_name("lodz", date(2027, 3, 30)) == "visit-lodz-2027-03-30.ics"
    assert "dates=20270330%2F20270402" in google_link(VISIT)
    assert "dates=20270329T073000Z%2F20270329T093000Z" in google_link(ENTRIES["a call"])
