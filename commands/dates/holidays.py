"""Days on which a city is closed: public holidays of its country, and those of its own."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

# The library's own languages where they are not simply ours.
_CALLED = {"en": "en_US", "no": "no", "nb": "no", "it": "it_IT", "pt": "pt_PT"}


def closed_days(
    country: str, language: str, days: tuple[date, ...], *, own: Mapping[date, str] | None = None
) -> dict[date, str]:
    """Those of the days that are holidays, and what they are called in a language, else in its own.

    country: ISO 3166. own: the city's own holidays, as configured. Regional ones are not known.
    """
    found: dict[date, str] = {}
    for year in sorted({day.year for day in days}):
        calendar = _calendar(country, language, year)
        found |= {day: calendar[day] for day in days if day in calendar}
    return found | {day: name for day, name in (own or {}).items() if day in days}


@lru_cache(maxsize=256)
def _calendar(country: str, language: str, year: int) -> Mapping[date, str]:
    import holidays as library  # 4 MB, for the few commands that propose dates

    try:
        spoken = getattr(library.country_holidays(country, years=year), "supported_languages", ())
        wanted = _CALLED.get(language, language)
        chosen = next((one for one in (wanted, "en_US", "en_GB") if one in spoken), None)
        named = library.country_holidays(country, years=year, language=chosen)
    except NotImplementedError:
        return {}  # a country that nobody has a calendar of
    return dict(named.items())
