"""Days and spans as people type them: 2026-03-09, 1.9., am 9. März, last week, 7d."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache

from babel.dates import get_day_names, get_month_names

from storage.search.letters import fold

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "el", "lv", "cs", "nb")  # CLDR's names

# The year first: 2026-03-09, 2026/3/9, 2026-03, 2026.
_ISO = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?")
# Day before month, as everywhere in Europe: 9.3.2026, 9/3/26, 9-3-2026, 9.3.
_POINTS = re.compile(r"(\d{1,2})([./]) ?(\d{1,2})(?:\2 ?(\d{4}|\d{2})?)?")
_HYPHENS = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})")
_MONTH_YEAR = re.compile(r"(\d{1,2})[./-](\d{4})")
_DAY_MONTH = re.compile(
    r"(?:the )?(?:(\d{1,2})(?:\.|st|nd|rd|th|er|o)? *(?:of |de |di )?)?([^\W\d_]+)\.?"
    r"(?:,? +(?:de |del )?(\d{4}))?"
)
# 9-11 March, 9. bis 11. März: the year is the second day's.
_DAYS = re.compile(r"(\d{1,2})\.? ?(?:[-–]|to|bis|au|al|tot|til|till|līdz|až|έως) ?(\d{1,2}\D.*)")
_YEAR_FIRST = re.compile(r"(\d{4})\. gada (.+)")  # Latvian
_MONTH_DAY = re.compile(r"([^\W\d_]+)\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? +(\d{4}))?")
_JOINED = re.compile(r"\d{1,2}-[^\W\d_]+-\d{4}|[^\W\d_]+-\d{4}")
_SPAN = re.compile(r"(\d{1,4}) ?([^\W\d_]+)")
LAST = date(9998, 12, 31)  # a day after can still be named
_CENTURY = 2000  # of a year of two digits

# What stands before a day or a month, folded, and means no other one.
_BEFORE_A_DAY = [
    *("the", "on", "in", "from", "am", "im", "vom", "la", "le", "el", "il", "au", "du", "a", "en"),
    *("de", "den", "i", "op", "pa", "v", "ve", "dne"),
    *("στισ", "στη", "στην", "στο", "στον", "την", "τον", "τη", "τησ", "το", "του"),
]
_AGO_BEFORE = ("vor", "il y a", "hace", "for", "πριν απο", "πριν", "pirms", "pred")
_AGO_AFTER = ("ago", "fa", "geleden", "siden")

_DAYS_BACK = {
    0: "today · heute · aujourd'hui · hoy · oggi · vandaag · σήμερα · šodien · dnes · i dag",
    1: "yesterday · gestern · hier · ayer · ieri · gisteren · χθες · χτες · vakar · včera · i går",
    2: """day before yesterday · the day before yesterday · vorgestern · avant-hier · anteayer
        · l'altro ieri · eergisteren · προχθές · aizvakar · předevčírem · i forgårs""",
}
# Weeks, months and years, each this one and the last.
_WEEKS = (
    """this week · diese woche · cette semaine · esta semana · questa settimana · deze week
    · αυτή την εβδομάδα · šonedēļ · šī nedēļa · tento týden · denne uken · denne uka""",
    """last week · past week · letzte woche · vorige woche · semaine dernière · semana pasada
    · settimana scorsa · scorsa settimana · vorige week · afgelopen week · προηγούμενη εβδομάδα
    · περασμένη εβδομάδα · pagājušā nedēļa · pagājušajā nedēļā · pagājušonedēļ · minulý týden
    · forrige uke · sist uke""",
)
_MONTHS = (
    """this month · dieser monat · diesen monat · ce mois · este mes · questo mese · deze maand
    · αυτόν τον μήνα · šomēnes · šis mēnesis · tento měsíc · denne måneden""",
    """last month · past month · letzter monat · letzten monat · voriger monat · vorigen monat
    · mois dernier · mes pasado · mese scorso · scorso mese · vorige maand · afgelopen maand
    · προηγούμενο μήνα · περασμένο μήνα · pagājušais mēnesis · pagājušajā mēnesī · minulý měsíc
    · forrige måned · sist måned""",
)
_YEARS = (
    """this year · dieses jahr · cette année · este año · quest'anno · dit jaar · φέτος · šogad
    · šis gads · letos · tento rok · i år""",
    """last year · past year · letztes jahr · voriges jahr · année dernière · l'année dernière
    · l'an dernier · año pasado · anno scorso · l'anno scorso · vorig jaar · afgelopen jaar · πέρυσι
    · πέρσι · pagājušais gads · pagājušajā gadā · pērn · minulý rok · loni · vloni · i fjor
    · forrige år""",
)
_UNITS = {
    1: """d day days tag tage tagen jour jours día días giorno giorni dag dagen dager μέρα μέρες
        ημέρα ημέρες diena dienas dienām den dnem dny dnů dní""",
    7: """w wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane weken
        εβδομάδα εβδομάδες nedēļa nedēļas nedēļām týden týdnem týdny týdnů uke uker""",
    30: """m mo month months monat monate monaten mois mes meses mese mesi maand maanden μήνα μήνες
        mēneša mēneši mēnešiem měsíc měsícem měsíce měsíců měsíci måned måneder""",
    365: """y yr yrs year years jahr jahre jahren an ans année années año años anno anni jaar χρόνο
        χρόνια gads gada gadi gadiem rok rokem roky let lety år""",
}
_NUMBERS = {
    1: """a an one ein eine einen einer einem un une una uno een én et ett έναν ένα μια μία viena
        vienas vienu jeden jedním jednou""",
    2: "two zwei deux dos due twee to δύο δυο divas divi divām diviem dva dvě dvěma",
    3: "three drei trois tres tre drie τρεις τρία trīs trim tři třemi",
}
# Names in cases that the calendar data does not have, from January on, from Monday on.
MONTHS_INFLECTED = (
    "janvārī februārī martā aprīlī maijā jūnijā jūlijā augustā septembrī oktobrī novembrī decembrī",
    "lednu únoru březnu dubnu květnu červnu červenci srpnu září říjnu listopadu prosinci",
    """ιανουάριο φεβρουάριο μάρτιο απρίλιο μάιο ιούνιο ιούλιο αύγουστο σεπτέμβριο οκτώβριο νοέμβριο
    δεκέμβριο""",
    "jänner feber",
)
_WEEKDAYS_INFLECTED = (
    "pirmdien otrdien trešdien ceturtdien piektdien sestdien svētdien",
    "pirmdienā otrdienā trešdienā ceturtdienā piektdienā sestdienā svētdienā",
    "pondělí úterý středu čtvrtek pátek sobotu neděli",
)
_LATEST = """last past letzten letzte letzter letztes dernier derniere derniers dernieres pasado
    ultimos ultimas scorso scorsa ultimi ultime vorige afgelopen laatste τελευταιεσ περασμενη
    προηγουμενη pedejas pedejos pagajusaja pagajuso minule minuly minulou poslednich posledni
    forrige sist sista siste"""


def read_period(typed: str, today: date) -> tuple[date, date] | None:
    """First and last day of what was typed, or None. A day without a year is the latest one."""
    return _read(typed, today, (_numbers, _spoken, _named, _several))


def read_period_after(typed: str, since: date) -> tuple[date, date] | None:
    """Likewise; but a day without a year is the first one from another day on, and what is told by
    how long ago it was is none."""
    try:
        year_on = since.replace(year=since.year + 1)
    except ValueError:  # 29 February, or the end of time
        year_on = since + timedelta(days=366)
    return _read(typed, year_on - timedelta(days=1), (_numbers, _named, _several))


_Reader = Callable[[str, date], tuple[date, date] | None]


def _read(typed: str, today: date, readers: Sequence[_Reader]) -> tuple[date, date] | None:
    words = " ".join(typed.casefold().replace("’", "'").split()).rstrip(",;!?")
    if _JOINED.fullmatch(words) or (words[-1:].isalpha() and not _DAYS.fullmatch(words)):
        words = words.replace("-", " ")  # 9-March, last-week
    try:
        found = next(filter(None, (read(words, today) for read in readers)), None)
    except (ValueError, OverflowError):  # no such day
        return None
    return found if found is None or found[1] < LAST else None


def _numbers(words: str, today: date) -> tuple[date, date] | None:
    if found := _ISO.fullmatch(words):
        year, _, month, day = found.groups()
        if month is None:
            return date(int(year), 1, 1), date(int(year), 12, 31)
        exact = date(int(year), int(month), int(day or 1))
        return (exact, exact) if day else _month(exact)
    if found := _POINTS.fullmatch(words):
        day, _, month, year = found.groups()
        exact = _latest(int(day), int(month), year, today)
        return exact, exact
    if found := _HYPHENS.fullmatch(words):
        day, month, year = found.groups()
        return (date(int(year), int(month), int(day)),) * 2
    if found := _MONTH_YEAR.fullmatch(words):
        month, year = found.groups()
        return _month(date(int(year), int(month), 1))
    return None


def _spoken(words: str, today: date) -> tuple[date, date] | None:
    plain = _without(_plain(words), _BEFORE_A_DAY)
    for spelt in (_plain(words), plain):
        if (back := _table().get(spelt)) is None:
            continue
        unit, number = back
        if unit == "day":
            return (today - timedelta(days=number),) * 2
        if unit == "week":
            monday = today - timedelta(days=today.weekday() + 7 * number)
            return monday, monday + timedelta(days=6)
        if unit == "month":
            return _month(today.replace(day=1) - timedelta(days=number))
        if unit == "year":
            return date(today.year - number, 1, 1), date(today.year - number, 12, 31)
    return _weekday(plain, today) or _ago(_plain(words), today)


def _weekday(plain: str, today: date) -> tuple[date, date] | None:
    """The latest day of that name: today, if it is one, unless it was to be the last one."""
    words = [word for word in plain.split() if word not in _LATEST.split()]
    if len(words) != 1 or (number := _weekdays().get(words[0])) is None:
        return None
    back = (today.weekday() - number) % 7
    if back == 0 and plain != words[0]:
        back = 7
    return (today - timedelta(days=back),) * 2


def _ago(plain: str, today: date) -> tuple[date, date] | None:
    """The last so many days; or the day that was so many days ago."""
    before = next((it for it in _AGO_BEFORE if plain.startswith(f"{it} ")), "")
    after = next((it for it in _AGO_AFTER if plain.endswith(f" {it}")), "")
    core = plain.removeprefix(f"{before} ").removesuffix(f" {after}")
    core = _without(core, [*_LATEST.split(), "the", "les", "los", "gli", "de", "die"])
    number, _, unit = core.rpartition(" ")
    if found := _SPAN.fullmatch(core):
        number, unit = found.groups()
    count = _counts().get(number) if not number.isdecimal() else int(number)
    if not number and (before or after):
        count = 1  # "před týdnem"
    days = _units().get(unit)
    if count is None or days is None:
        return None
    first = today - timedelta(days=count * days)
    return (first, first) if before or after else (first, today)


def _several(words: str, today: date) -> tuple[date, date] | None:
    """From one day of a month to another."""
    found = _DAYS.fullmatch(_without(words, _BEFORE_A_DAY))
    last = found and (_numbers(found[2], today) or _named(found[2], today))
    if found is None or not last or last[0] != last[1]:
        return None
    first = last[1].replace(day=int(found[1]))
    return (first, last[1]) if first < last[1] else None


def _named(words: str, today: date) -> tuple[date, date] | None:
    words = _without(words, _BEFORE_A_DAY)
    if found := _YEAR_FIRST.fullmatch(words):
        words = f"{found[2]} {found[1]}"
    if found := _MONTH_DAY.fullmatch(words):
        name, day, year = found.groups()
    elif found := _DAY_MONTH.fullmatch(words):
        day, name, year = found.groups()
    else:
        return None
    month = _months().get(_plain(name))
    if month is None:
        return None
    exact = _latest(int(day or 1), month, year, today)
    return (exact, exact) if day else _month(exact)


def _latest(day: int, month: int, year: str | None, today: date) -> date:
    """That day of a year, "2025" or "25"; without one, of the latest year that has had it."""
    if year:
        return date(int(year) + (_CENTURY if len(year) == 2 else 0), month, day)
    exact = date(today.year, month, day)
    return exact if exact <= today else date(today.year - 1, month, day)


def _month(day: date) -> tuple[date, date]:
    """The whole month of a day."""
    first = day.replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first, following - timedelta(days=1)


def _without(plain: str, starts: list[str]) -> str:
    """The words without those that may stand before them."""
    words = plain.removeprefix("l'").split()
    while len(words) > 1 and fold(words[0]) in starts:
        words = words[1:]
    return " ".join(words)


def _plain(words: str) -> str:
    """Without accents and hyphens, as people type in a hurry."""
    return fold(words.replace("-", " "))


@cache
def _table() -> dict[str, tuple[str, int]]:
    """What is called by name: the unit, and how many of it back."""
    listed = [("day", number, names) for number, names in _DAYS_BACK.items()]
    for unit, names in (("week", _WEEKS), ("month", _MONTHS), ("year", _YEARS)):
        listed += [(unit, number, each) for number, each in enumerate(names)]
    return {
        _plain(" ".join(name.split())): (unit, number)
        for unit, number, names in listed
        for name in names.split("·")
    }


@cache
def _units() -> dict[str, int]:
    return {_plain(name): days for days, names in _UNITS.items() for name in names.split()}


@cache
def _counts() -> dict[str, int]:
    return {_plain(name): number for number, names in _NUMBERS.items() for name in names.split()}


@cache
def _months() -> dict[str, int]:
    """Months by name, whole or shortened, in the languages of the community."""
    inflected = {
        _plain(name): number
        for names in MONTHS_INFLECTED
        for number, name in enumerate(names.split(), start=1)
    }
    return inflected | {
        _plain(name.casefold().rstrip(".")): number
        for language in reversed(LANGUAGES)
        for width in ("abbreviated", "wide")
        for context in ("format", "stand-alone")
        for number, name in get_month_names(width, context, locale=language).items()
    }


@cache
def _weekdays() -> dict[str, int]:
    """Days of the week by their whole names; Monday is 0."""
    inflected = {
        _plain(name): number
        for names in _WEEKDAYS_INFLECTED
        for number, name in enumerate(names.split())
    }
    return inflected | {
        _plain(name.casefold()): number
        for language in reversed(LANGUAGES)
        for context in ("format", "stand-alone")
        for number, name in get_day_names("wide", context, locale=language).items()
    }
