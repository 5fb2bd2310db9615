"""The words of a digest's lines: what one tells, why it is there, where it leads."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from commands.digests.rules import Line, What
from commands.digests.talk import Bucket
from commands.reply import (
    Inline,
    MessageLink,
    Part,
    Strong,
    Text,
    join,
)
from commands.words import N_, Words

TALK = {
    Bucket.DECISION: N_("settled here"),
    Bucket.RISK: N_("a risk, see what it means for you"),
    Bucket.VISIT: N_("about a visit"),
    Bucket.EXCHANGE: N_("about an exchange"),
    Bucket.BENCHMARK: N_("for a key factor"),
    Bucket.LESSON: N_("a lesson worth keeping"),
    Bucket.RESOURCE: N_("something to use"),
    Bucket.PEOPLE: N_("people introduce themselves"),
    Bucket.ANSWERED_QUESTION: N_("answered"),
}
TRANSFERS = {
    "adapting": N_("{city} adapts {practice} of {giver}"),
    "piloting": N_("{city} pilots {practice} of {giver}"),
    "in_use": N_("{city} has {practice} of {giver} in use"),
    "stopped": N_("{city} has stopped {practice} of {giver}"),
}
PROMISES = {
    "due": N_("due on {day}"),
    "overdue": N_("was due on {day}"),
    "done": N_("done, thank you"),
    "dropped": N_("dropped"),
}


def line(words: Words, one: Line, links: Mapping[str, MessageLink]) -> Inline:
    """What a line tells, why it is there, and where it leads."""
    link = links.get(one.key)
    if one.own:
        return join(Text(one.own), *(() if link is None else (" · ", link)))
    told, why = _told(words, one)
    pieces: list[Inline | Part | str] = [told]
    for reason in why:
        pieces += [" · ", reason]
    return join(*pieces, *(() if link is None else (" · ", link)))


def _told(words: Words, one: Line) -> tuple[Inline, list[Inline]]:
    match one.what:
        case What.QUESTION:
            return _quoted(words, one), _question(words, one)
        case What.TALK:
            return _quoted(words, one), _talk(words, one)
        case What.SUMMARY:
            return _quoted(words, one), [words.say("summed up here, and confirmed")]
        case What.PROMISE:
            return _named(words, one), _promise(words, one)
        case What.PRACTICE:
            published = one.facts["state"] == "published"
            return _named(words, one), [
                words.say("published") if published else words.say("shared, new")
            ]
        case What.TRANSFER:
            return _transfer(words, one)
        case What.QUIET_CITY | What.LACKS | What.MOVED | What.COORDINATOR_GONE:
            return _hint(words, one)
        case _:
            return _visit(words, one)


def _quoted(words: Words, one: Line) -> Inline:
    if one.facts.get("city"):
        return words.say("“{text}” ({city})", text=Text(one.text), city=one.facts["city"])
    return words.say("“{text}”", text=Text(one.text))


def _named(words: Words, one: Line) -> Inline:
    name = Strong(one.facts["name"])
    if not one.text:
        return (name,)
    if one.facts.get("city"):
        return words.say(
            "{name} “{text}” ({city})", name=name, text=Text(one.text), city=one.facts["city"]
        )
    return words.say("{name} “{text}”", name=name, text=Text(one.text))


def _question(words: Words, one: Line) -> list[Inline]:
    days = max(int(one.facts["days"]), 0)
    if not days:
        why = [words.say("asked today")]
    elif one.facts.get("partly"):
        why = [
            words.plural(
                "answered in part, open for {number} day",
                "answered in part, open for {number} days",
                days,
            )
        ]
    else:
        why = [
            words.plural(
                "no answer from another city for {number} day",
                "no answer from another city for {number} days",
                days,
            )
        ]
    routes = one.facts.get("routes") or []
    if routes:
        why.append(words.say("asked in {clusters}, too", clusters=words.listing(list(routes))))
    knows = [_knows(words, *each) for each in one.facts.get("knows") or []]
    if knows:
        why.append(words.say("might know: {people}", people=joined(knows)))
    return why


def joined(parts: Sequence[Inline]) -> Inline:
    pieces: list[Inline | Part | str] = []
    for place, part in enumerate(parts):
        pieces += [", ", part] if place else [part]
    return join(*pieces)


def _knows(words: Words, name: str, city: str, reason: str, practice: str) -> Inline:
    who = f"{name}, {city}" if city else name
    if reason == "practice" and practice:
        return words.say("{who} (has {practice})", who=who, practice=practice)
    if reason == "practice":
        return words.say("{who} (has a practice like it)", who=who)
    return words.say("{who} (wrote on it)", who=who)


def _talk(words: Words, one: Line) -> list[Inline]:
    bucket, number = Bucket(one.facts["bucket"]), int(one.facts["answers"])
    cities = list(one.facts["cities"])
    if bucket is Bucket.ANSWERED_QUESTION and cities:
        return [words.say("answered by {cities}", cities=words.listing(cities))]
    why = [words.say(TALK[bucket])]
    if number:
        why.append(words.plural("{number} reply", "{number} replies", number))
    return why


def _promise(words: Words, one: Line) -> list[Inline]:
    due = one.facts.get("due")
    day = words.date(date.fromisoformat(due)) if due else ""
    why = [words.say(PROMISES[one.facts["state"]], day=day)]
    if one.facts["state"] == "dropped" and one.facts.get("why"):
        why = [words.say("dropped, because: {why}", why=Text(one.facts["why"]))]
    return why


def _transfer(words: Words, one: Line) -> tuple[Inline, list[Inline]]:
    title = one.facts["practice"]
    practice: Inline = (Strong(title),)
    if one.text:
        practice = words.say("{name} “{text}”", name=Strong(title), text=Text(one.text))
    told = words.say(
        TRANSFERS[one.facts["state"]],
        city=one.facts["city"],
        practice=practice,
        giver=one.facts["giver"],
    )
    why: list[Inline] = []
    if one.facts.get("why"):
        why.append(words.say("“{text}”", text=Text(one.facts["why"])))
    thanks = words.say("thank you, {giver}", giver=one.facts["giver"])
    return told, [*why, thanks] if one.facts["giver"] else why


def _span(words: Words, one: Line, start: str = "start", last: str = "last") -> str:
    first, end = one.facts.get(start), one.facts.get(last)
    return words.days(date.fromisoformat(first), date.fromisoformat(end)) if first and end else ""


def _visit(words: Words, one: Line) -> tuple[Inline, list[Inline]]:
    name, host = Strong(one.facts["name"]), one.facts["host"]
    told = words.say("{name} to {host}", name=name, host=host)
    days = int(one.facts.get("days") or 0)
    match one.what:
        case What.DATES_OPEN:
            closes = words.moment(datetime.fromisoformat(one.facts["closes"]))
            return told, [
                words.say("dates close on {when}", when=closes),
                words.plural(
                    "{answered} of {number} city has answered",
                    "{answered} of {number} cities have answered",
                    int(one.facts["cities"]),
                    answered=int(one.facts["answered"]),
                ),
            ]
        case What.DATES_CLOSED:
            return told, [words.say("the dates are counted: somebody has to decide")]
        case What.CLASH:
            other = words.say(
                "{name} to {host}, {days}",
                name=Strong(one.facts["other"]),
                host=one.facts["other_host"],
                days=_span(words, one, "other_start", "other_last"),
            )
            told = words.say(
                "{name} to {host}, {days}", name=name, host=host, days=_span(words, one)
            )
            who = words.listing(list(one.facts["who"]))
            return told, [
                words.say("clashes with {other}", other=other),
                words.say("both need {who}", who=who),
            ]
        case What.REPORT_OVERDUE:
            return told, [
                words.plural(
                    "held {number} day ago, without a report yet",
                    "held {number} days ago, without a report yet",
                    days,
                )
            ]
        case What.VISIT_DECIDED:
            return told, [words.say("decided: {days}", days=_span(words, one))]
        case _:
            return told, [
                (Text(_span(words, one)),),
                words.plural("in {number} day", "in {number} days", days),
            ]


def _hint(words: Words, one: Line) -> tuple[Inline, list[Inline]]:
    facts = one.facts
    match one.what:
        case What.QUIET_CITY:
            days = int(facts["days"])
            why = (
                words.say("no sign yet")
                if days < 0
                else words.plural("no sign for {number} day", "no sign for {number} days", days)
            )
            people = list(facts["who"])
            more = [words.say("maybe ring {who}", who=words.listing(people))] if people else []
            return (Strong(facts["city"]),), [why, *more]
        case What.LACKS:
            return words.say("{name} of {city}", name=Strong(facts["name"]), city=facts["city"]), [
                words.say("lacks one answer")
            ]
        case What.COORDINATOR_GONE:
            told = words.say(
                "{who}, who coordinates {cluster}, has left its room",
                who=facts["who"],
                cluster=facts["cluster"],
            )
            alone = words.say("nobody else coordinates it: who takes over?")
            return told, [] if facts["others"] else [alone]
        case _:
            joined, left = int(facts["joined"]), int(facts["left"])
            parts = [words.plural("{number} person joined", "{number} people joined", joined)]
            gone = words.plural("{number} left", "{number} left", left)
            told = parts[0] if joined else gone
            return told, [gone] if joined and left else []
