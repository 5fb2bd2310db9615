"""A visit as a calendar file, in the subset of iCalendar that every reader understands alike.

An address, a revision and whole days: no attendees (which would leak addresses), no time zones
(readers disagree about them), no request (chat files are no invitations).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from commands.dates.reader import Span

if TYPE_CHECKING:  # and where a file is made: 3 MB that a hall without visits never needs
    from icalendar import Calendar, Event

MIME = "text/calendar"
PRODUCER = "-//Moothall//Visits//EN"
# What no calendar line may hold; line breaks are escaped by the library.
_UNRULY = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Call:
    """A meeting at an hour, as when a visit is held online."""

    start: datetime  # aware
    length: timedelta


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision of one visit."""

    uid: str  # the same in every revision
    sequence: int  # higher with each change of days, place or fate
    stamp: datetime  # when this revision was made
    when: Span | Call
    summary: str
    description: str
    organiser: str
    domain: str  # of the organiser's address, which nobody reads
    location: str = ""
    url: str = ""
    cancelled: bool = False


def uid_of(number: int, community: str, domain: str) -> str:
    """The name of a visit in calendars, for ever."""
    return f"visit-{number}.{community}@{domain}"


def file_name(host: str, day: object) -> str:
    """host: a slug, so that the name is ASCII."""
    return f"visit-{host}-{day}.ics"


def single_file(entry: Entry) -> bytes:
    """The file that a chat hands out: published or cancelled."""
    calendar = _calendar()
    calendar.add("method", "CANCEL" if entry.cancelled else "PUBLISH")
    calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def feed(entries: Sequence[Entry], name: str) -> bytes:
    """A calendar to subscribe to: no method, because nothing is handed over."""
    from icalendar import vText

    calendar = _calendar()
    calendar.add("x-wr-calname", vText(_clean(name)))
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _calendar() -> "Calendar":
    from icalendar import Calendar

    calendar = Calendar()  # not Calendar.new(), which makes up an address for the whole file
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCER)
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _event(entry: Entry) -> "Event":
    from icalendar import Event, vCalAddress

    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", _whole_seconds(entry.stamp))
    event.add("last-modified", _whole_seconds(entry.stamp))
    event.add("sequence", entry.sequence)
    match entry.when:
        case Span(start, last):
            event.add("dtstart", start)
            event.add("dtend", last + timedelta(days=1))  # the day after the last
        case Call(begin, length):
            event.add("dtstart", _whole_seconds(begin))
            event.add("dtend", _whole_seconds(begin + length))
    event.add("summary", _clean(entry.summary).replace("\n", " "))
    if entry.location:
        event.add("location", _clean(entry.location))
    event.add("description", _clean(entry.description))
    if entry.url:
        event.add("url", entry.url)
    organiser = vCalAddress(f"mailto:no-reply@{entry.domain}")
    organiser.params["CN"] = _clean(entry.organiser).replace("\n", " ").replace('"', "'")
    event.add("organizer", organiser)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    return event


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _clean(text: str) -> str:
    return _UNRULY.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def google_link(entry: Entry) -> str:
    """For administrations that block calendar files: the same entry as a web address."""
    if isinstance(entry.when, Call):
        start, end = (
            f"{moment:%Y%m%dT%H%M%SZ}"
            for moment in (
                _whole_seconds(entry.when.start),
                _whole_seconds(entry.when.start + entry.when.length),
            )
        )
    else:
        start = f"{entry.when.start:%Y%m%d}"
        end = f"{entry.when.last + timedelta(days=1):%Y%m%d}"
    given = {"action": "TEMPLATE", "text": _clean(entry.summary), "dates": f"{start}/{end}"}
    if entry.location:
        given["location"] = _clean(entry.location)
    return "https://calendar.google.com/calendar/render?" + urlencode(given)
