"""How much the hall may say unasked: the bot never talks more than the people."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.records import Limits

MORNING = time(9, 0)  # when something held back is said, local time
LOOK_AHEAD = 60  # days


def zone_info(name: str) -> ZoneInfo:
    """The time zone of that IANA name."""
    return ZoneInfo(name)


def next_slot(
    now: datetime, time_zone: str, spoken: Sequence[datetime], limits: Limits
) -> datetime:
    """The first moment at which a room may hear one more unprompted message.

    spoken: when it heard, or will hear, such messages; all moments are aware.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    heard = Counter(moment.astimezone(zone).date() for moment in spoken)
    for ahead in range(LOOK_AHEAD):
        day = today + timedelta(days=ahead)
        if day.weekday() in limits.quiet_days or heard[day] >= limits.unprompted_a_day:
            continue
        return now if ahead == 0 else datetime.combine(day, MORNING, zone)
    return datetime.combine(today + timedelta(days=LOOK_AHEAD), MORNING, zone)
