"""The same with libical, by the system's own Python, which has Debian's gir1.2-ical-3.0."""

import json
import sys
from typing import Any

import gi  # type: ignore[import-not-found, unused-ignore]

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # type: ignore[import-not-found, unused-ignore]  # noqa: E402


def understood(text: str) -> dict[str, Any]:
    root = ICalGLib.Component.new_from_string(text)
    assert ICalGLib.restriction_check(root), root.as_ical_string()
    assert root.count_errors() == 0, root.as_ical_string()
    event = root.get_first_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)

    def moment(time: Any) -> str:
        day = f"{time.get_year():04}-{time.get_month():02}-{time.get_day():02}"
        if time.is_date():
            return day
        assert time.is_utc()
        clock = f"{time.get_hour():02}:{time.get_minute():02}:{time.get_second():02}"
        return f"{day}T{clock}.000Z"

    method = ICalGLib.Property.method_to_string(root.get_method())
    return {
        "uid": event.get_uid(),
        "sequence": event.get_sequence(),
        "method": method,
        "status": ICalGLib.Property.status_to_string(event.get_status()),
        "summary": event.get_summary(),
        "description": event.get_description(),
        "location": event.get_location(),
        "start": moment(event.get_dtstart()),
        "end": moment(event.get_dtend()),
    }


if __name__ == "__main__":
    json.dump([understood(text) for text in json.load(sys.stdin)], sys.stdout)
