"""Typed arguments: each field of a command's dataclass says how it is read and what to ask."""

import dataclasses
import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers

from commands import replies
from commands.reply import Reply
from commands.words import N_, Words
from storage.records import City, Cluster, Community, Person, UserId

T = TypeVar("T")
D = TypeVar("D")
E = TypeVar("E", bound=StrEnum)
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was typed can't be read; the reply says why and what would do."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a reader may know besides the text."""

    words: Words
    community: Community
    find_people: Callable[[str], Sequence[Person]]  # by display name, user id or localpart
    mentions: frozenset[UserId] = frozenset()  # people named by a pill, the hall left out
    sign: str = "!"  # what commands begin with where the answer is read


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """How one kind of value is read."""

    hint: str  # what stands in its place in the usage line, marked with N_
    read: Callable[[str, Surroundings], T | Refusal]
    schema: Mapping[str, Any] = field(  # for MSC4391
        default_factory=lambda: {"schema_type": "primitive", "type": "string"}
    )
    choices: tuple[str, ...] = ()
    verbatim: bool = False  # quotation marks mean something to the reader: leave them


class Place(Enum):
    """Where an argument stands in the line."""

    WORD = "one word, or several in quotation marks"
    REST = "all that is left"
    OPTION = "key:value, anywhere"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command, as its declaration tells."""

    key: str
    reader: Reader[Any]
    place: Place
    required: bool
    many: bool = False
    question: str = ""  # asked when it is missing, marked with N_
    hint: str = ""

    @property
    def shown(self) -> str:
        """The untranslated name for the usage line."""
        return self.hint or self.reader.hint


@dataclass(frozen=True, slots=True)
class Missing:
    """An argument that has to be asked for."""

    argument: Argument


# ── declaring ─────────────────────────────────────────────────────────────────────────────────


def argument(reader: Reader[T], *, question: str, rest: bool = False, hint: str = "") -> T:
    """A field that must be given; `question` asks for it. rest: it takes all that is left."""
    place = Place.REST if rest else Place.WORD
    made: T = field(metadata={"argument": (reader, place, True, False, question, hint)})
    return made


def optional(reader: Reader[T], *, default: D, rest: bool = False, hint: str = "") -> T | D:
    """A field that may be left out."""
    place = Place.REST if rest else Place.WORD
    made: T | D = field(
        default=default, metadata={"argument": (reader, place, False, False, "", hint)}
    )
    return made


def option(reader: Reader[T], *, hint: str = "") -> T | None:
    """A field given as `key:value`, anywhere in the line. hint: what it does, told by help."""
    made: T | None = field(
        default=None, metadata={"argument": (reader, Place.OPTION, False, False, "", hint)}
    )
    return made


def options(reader: Reader[T], *, hint: str = "") -> tuple[T, ...]:
    """A field that may be given as `key:value` several times."""
    made: tuple[T, ...] = field(
        default=(), metadata={"argument": (reader, Place.OPTION, False, True, "", hint)}
    )
    return made


def arguments_of(kind: type[Any]) -> tuple[Argument, ...]:
    """What a command's dataclass declares, in order."""
    declared = []
    for each in dataclasses.fields(kind):
        reader, place, required, many, question, hint = each.metadata["argument"]
        declared.append(Argument(each.name, reader, place, required, many, question, hint))
    return tuple(declared)


def shape(kind: type[Any], words: Words) -> str:
    """The arguments as a usage line shows them: `<person> [city:…]`."""
    return " ".join(_shape(each, words) for each in arguments_of(kind))


def explained(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    """Options whose names do not say it all, and what they do, untranslated."""
    options = (one for one in arguments_of(kind) if one.place is Place.OPTION and one.hint)
    return tuple((f"{one.key}:", one.hint) for one in options)


def _shape(declared: Argument, words: Words) -> str:
    if declared.place is Place.OPTION:
        return f"[{declared.key}:…]"
    name = "|".join(declared.reader.choices) or words.text(declared.shown)
    return f"<{name}>" if declared.required else f"[{name}]"


# ── reading a line ────────────────────────────────────────────────────────────────────────────

# A key, and then words in quotation marks of any of our ten languages, or a word. A mark that is
# never closed reaches to the end.
_TOKEN = re.compile(
    r"""(?:(?P<key>[^\W\d_][\w-]*):(?=\S))?
        (?:["“”„‟](?P<quoted>[^"“”„‟]*)(?:["“”„‟]|$)
          |[«»](?P<angled>[^«»]*)(?:[«»]|$)
          |(?P<word>\S+))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    key: str  # "" if it has none
    raw: str
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        value = next(v for v in match.group("quoted", "angled", "word") if v is not None)
        key = (match["key"] or "").casefold()
        found.append(_Token(value.strip(), key, match[0], *match.span()))
    return found


def read_arguments(kind: type[A], text: str, around: Surroundings) -> A | Missing | Refusal:
    """What was typed after a command's name, as the dataclass that the command declares."""
    declared = arguments_of(kind)
    values: dict[str, Any] = {}
    by_key = {each.key: each for each in declared if each.place is Place.OPTION}
    remaining = text.strip()
    if by_key:
        for token in _tokens(remaining):
            if token.key and token.key not in by_key and not token.value.startswith("//"):
                return Refusal(replies.unknown_option(around.words, token.key, list(by_key)))
        remaining, given = _take_options(remaining, by_key.keys())
        for key, typed in given:
            value = by_key[key].reader.read(typed, around)
            if isinstance(value, Refusal):
                return value
            values[key] = (*values.get(key, ()), value) if by_key[key].many else value
    for each in declared:
        if each.place is Place.OPTION:
            continue
        typed, remaining = _take(each, remaining)
        if not typed:
            if each.required:
                return Missing(each)
            continue
        value = each.reader.read(typed, around)
        if isinstance(value, Refusal):
            return value
        values[each.key] = value
    return kind(**values)


def _take_options(text: str, keys: Any) -> tuple[str, list[tuple[str, str]]]:
    """The text without its options, and the options in order."""
    given, kept, end = [], [], 0
    for token in _tokens(text):
        if token.key in keys:
            given.append((token.key, token.value))
            kept.append(text[end : token.start])
            end = token.end
    kept.append(text[end:])
    return " ".join(" ".join(kept).split()) if given else text, given


def _take(declared: Argument, text: str) -> tuple[str, str]:
    """The words of one argument, and what is left for the next."""
    text = text.strip()
    if declared.reader.verbatim:
        return text, ""
    tokens = _tokens(text)
    if not tokens:
        return "", ""
    first = tokens[0]
    whole = first.end == len(text)
    if declared.place is Place.REST:
        return (first.value if whole and not first.key else text), ""
    return (first.raw if first.key else first.value), text[first.end :]


def typed_form(kind: type[Any], given: Mapping[str, Any]) -> str:
    """MSC4391 arguments as somebody would have typed them, so that one way of reading is enough."""
    line = []
    for each in arguments_of(kind):
        values = given.get(each.key)
        if values is None:
            continue
        for value in values if isinstance(values, list) else [values]:
            text = _plain(value)
            if each.place is not Place.REST and (" " in text or not text):
                text = f"«{text}»" if '"' in text else f'"{text}"'
            line.append(f"{each.key}:{text}" if each.place is Place.OPTION else text)
    return " ".join(line)


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case {"id": str(identifier)}:
            return identifier
        case _:
            return str(value)


# ── readers ───────────────────────────────────────────────────────────────────────────────────


def folded(text: str) -> str:
    """Text as it is compared: no case, no accents, hyphens and underscores as blanks."""
    text = text.casefold().translate({ord(a): b for a, b in zip("øłđıæœ", "oldiao", strict=True)})
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[-_]", " ", bare).split())


def _closest(wanted: str, names: Mapping[str, T], count: int = 3) -> list[T]:
    """What was perhaps meant: values of names like `wanted`, best first, each once."""
    near = difflib.get_close_matches(folded(wanted), names, n=count, cutoff=0.6)
    return list(dict.fromkeys(names[name] for name in near))


text_to_end: Reader[str] = Reader(N_("text"), lambda typed, _around: typed, verbatim=True)
word: Reader[str] = Reader(N_("word"), lambda typed, _around: typed)


def closest_city(typed: str, community: Community) -> str | None:
    """The name of the city that was perhaps meant."""
    close = _closest(typed, _named_cities(community), 1)
    return close[0].name if close else None


def _city_names(around: Surroundings) -> dict[str, City]:
    return _named_cities(around.community)


def _named_cities(community: Community) -> dict[str, City]:
    cities = community.cities
    return {folded(c.slug): c for c in cities} | {folded(c.name): c for c in cities}


def _read_city(typed: str, around: Surroundings) -> City | Refusal:
    names = _city_names(around)
    found = names.get(folded(typed))
    if found is not None:
        return found
    close = [each.name for each in _closest(typed, names)]
    every = [each.name for each in around.community.cities]
    return Refusal(replies.unknown_city(around.words, typed, close, every))


city: Reader[City] = Reader(N_("city"), _read_city)


def _cluster_names(around: Surroundings) -> dict[str, Cluster]:
    clusters = around.community.clusters
    return {folded(c.title): c for c in clusters} | {folded(c.slug): c for c in clusters}


def _read_cluster(typed: str, around: Surroundings) -> Cluster | Refusal:
    names = _cluster_names(around)
    found = names.get(folded(typed))
    if found is not None:
        return found
    close = [each.slug for each in _closest(typed, names)]
    every = [each.slug for each in around.community.clusters]
    return Refusal(replies.unknown_cluster(around.words, typed, close, every))


cluster: Reader[Cluster] = Reader(N_("cluster"), _read_cluster)


def _read_city_or_cluster(typed: str, around: Surroundings) -> City | Cluster | Refusal:
    found = _city_names(around).get(folded(typed)) or _cluster_names(around).get(folded(typed))
    if found is not None:
        return found
    names: dict[str, str] = {k: c.name for k, c in _city_names(around).items()}
    names |= {k: c.slug for k, c in _cluster_names(around).items()}
    every = [each.name for each in around.community.cities]
    return Refusal(replies.unknown_city(around.words, typed, _closest(typed, names), every))


city_or_cluster: Reader[City | Cluster] = Reader(N_("city or cluster"), _read_city_or_cluster)

_MATRIX_LINK = re.compile(r"https://matrix\.to/#/(@[^\s)>\]]+|%40[^\s)>\]]+)", re.IGNORECASE)


def _read_person(typed: str, around: Surroundings) -> Person | Refusal:
    link = _MATRIX_LINK.search(typed)
    name = unquote(link[1]) if link else typed.strip().rstrip(",:")
    found = list(around.find_people(name))
    pilled = [person for person in found if person.user_id in around.mentions]
    if len(pilled) == 1:
        return pilled[0]
    if not found and len(around.mentions) == 1:
        # A pill shows the name of this room, which may differ from the one we know.
        (mentioned,) = around.mentions
        found = list(around.find_people(mentioned))
    if len(found) == 1:
        return found[0]
    if found:
        return Refusal(
            replies.ambiguous_person(around.words, name, [person.user_id for person in found])
        )
    return Refusal(replies.unknown_person(around.words, name))


person: Reader[Person] = Reader(
    N_("person"), _read_person, schema={"schema_type": "primitive", "type": "user_id"}
)


def choice(values: type[E], hint: str = "") -> Reader[E]:
    """A reader for one of a few words."""

    def read(typed: str, around: Surroundings) -> E | Refusal:
        names = {folded(value): value for value in values}
        found = names.get(folded(typed))
        if found is not None:
            return found
        close = [str(value) for value in _closest(typed, names)]
        every = [str(value) for value in values]
        return Refusal(replies.unknown_choice(around.words, typed, close, every))

    variants = [{"schema_type": "literal", "value": str(value)} for value in values]
    return Reader(
        hint,
        read,
        schema={"schema_type": "union", "variants": variants},
        choices=tuple(str(value) for value in values),
    )


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


_SWITCHES = {
    **dict.fromkeys(("on", "yes", "opt-in", "opt in"), Switch.ON),
    **dict.fromkeys(("off", "no", "opt-out", "opt out", "optout"), Switch.OFF),
}


_PLAIN = ("on", "off", "opt-in", "opt-out", "optout")
_COURTESY = frozenset({"archive", "now", "please", "thanks"})


def switch_in(typed: str) -> Switch | None:
    """On or off as people write it: "Off!", "opt out please"; None if they say neither, or both."""
    plain = typed.casefold().strip(" .,!")
    if plain in _SWITCHES:
        return _SWITCHES[plain]
    words = re.findall(r"[\w-]+", re.sub(r"\bopt (in|out)\b", r"opt-\1", plain))
    if not words or words[0] not in _PLAIN or "?" in typed:
        return None
    meant = {_SWITCHES[word] for word in words if word in _PLAIN}
    if meant == {Switch.ON} and not {*words} <= {*_PLAIN, *_COURTESY}:
        return None  # "on second thought, no": a consent is never guessed
    return meant.pop() if len(meant) == 1 else None


def _read_switch_or_question(typed: str, around: Surroundings) -> Switch | Refusal | None:
    return None if "?" in typed else _read_switch(typed, around)


def _read_switch(typed: str, around: Surroundings) -> Switch | Refusal:
    refusal = Refusal(replies.unknown_choice(around.words, typed, [], ["on", "off"]))
    return switch_in(typed) or refusal


switch: Reader[Switch] = dataclasses.replace(choice(Switch), read=_read_switch)
switch_or_question: Reader[Switch | None] = Reader(
    switch.hint, _read_switch_or_question, schema=switch.schema, choices=switch.choices
)


# Known by their own names everywhere: "Deutsch". Of others those that a city of the network speaks.
WIDELY_SPOKEN = ("cs", "de", "el", "en", "es", "fr", "it", "lv", "nl", "no")


def _read_language(typed: str, around: Surroundings) -> str | Refusal:
    wanted = folded(typed)
    if wanted in _language_codes():
        return wanted
    names = _language_names("en") | _language_names(around.words.language)
    spoken = {code for each in around.community.cities for code in each.languages}
    for code in sorted(spoken | {around.community.language, *WIDELY_SPOKEN}):
        names |= {name: c for name, c in _language_names(code).items() if c == code}
    if wanted in names:
        return names[wanted]
    close = [around.words.language_name(code) for code in _closest(typed, names, 1)]
    return Refusal(replies.unknown_language(around.words, typed, close))


@lru_cache(maxsize=1)
def _language_codes() -> frozenset[str]:
    """Languages of which CLDR knows how they write dates and lists."""
    return frozenset(each for each in locale_identifiers() if "_" not in each)


@lru_cache(maxsize=64)
def _language_names(reader: str) -> dict[str, str]:
    """Folded names of languages in one language, with their codes."""
    try:
        names = Locale.parse(reader).languages
    except (UnknownLocaleError, ValueError):
        return {}
    known = _language_codes()
    return {folded(name): code for code, name in names.items() if code in known}


language: Reader[str] = Reader(N_("language"), _read_language)


def _read_time_zone(typed: str, around: Surroundings) -> str | Refusal:
    wanted = folded(typed)
    zones = _time_zones()
    found = zones.get(wanted)
    if found is not None:
        return found
    here = _city_names(around).get(wanted)
    if here is not None:
        return here.time_zone
    return Refusal(replies.unknown_time_zone(around.words, typed, _closest(typed, zones)))


@lru_cache(maxsize=1)
def _time_zones() -> dict[str, str]:
    """IANA zones by folded name, and by their city alone where only one zone has it."""
    from zoneinfo import available_timezones  # walks a directory: only when somebody asks

    places: dict[str, list[str]] = {}
    zones = {}
    for zone in sorted(available_timezones()):
        if zone.startswith(("posix/", "right/", "Etc/", "SystemV/")) or zone == "localtime":
            continue
        zones[folded(zone)] = zone
        if "/" in zone:
            places.setdefault(folded(zone.rsplit("/", 1)[1]), []).append(zone)
    return {name: found[0] for name, found in places.items() if len(found) == 1} | zones


time_zone: Reader[str] = Reader(N_("time zone"), _read_time_zone)
