"""Malformed events and hostile command lines, by the thousand and the same each time.

Hypothesis makes the odd values; they are then put where events and commands have values.
"""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from commands.catalogue import CATALOGUE
from storage.records import UserId
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, OTTO, PAULA, WELCOME
from tests.fuzz.wire import PAYLOAD, now_ms, raw_event

T = TypeVar("T")
SEED = 20260402

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "<font data-mx-color=red>x",
    "</p></blockquote>",
    "<mx-reply>x</mx-reply>",
    "&lt;b&gt;&#x27;",
    "[x](javascript:alert(1))",
    "<!--",
    "<![CDATA[",
    "**bold** `code`\n```\n",
)
PINGS = (
    "@room",
    "@ROOM everybody",
    "@\u200broom",
    "https://matrix.to/#/@ann:hs",
    '<a href="https://matrix.to/#/@ann:hs">Ann</a>',
    "https://matrix.to/#/!housing:hs/$root?via=hs",
    "@ann:hs",
    "@room" * 50,
)
CURSED = (
    "\x00",
    "\ud800",
    "\u202eevil",
    "\u2066\u2067",
    "\u200b",
    "\ufeff",
    "İıßŉ",
    "²³½",
    "١٢٣",
    "👍🏽",
    "a\u0301" * 200,
    "\r\n\n\n",
    "\u2028",
    "%s %d {0} {name} %(x)s",
    "'; DROP TABLE message; --",
    "$(reboot) `id`",
    "../../etc/passwd",
)
QUERIES = (
    '"',
    '"unclosed',
    '""',
    '" "',
    "-",
    "--",
    "-from:",
    "from:",
    "from:me from:me",
    "in:",
    "in:housing in:welcome",
    "before:9999-99-99",
    "after:0000-00-00",
    "before:2026-02-30 after:2026-02-29",
    "before:99999999999999999999",
    "after:-1",
    "*",
    "a*",
    "**",
    "NEAR(a b, 2)",
    "a AND NOT b OR",
    "^a",
    "a:b:c",
    "{a b}: c",
    "a & b | !c <-> d",
    "a:*",
    "(((((",
    "\\",
    "' OR 1=1",
    "city:",
    "city:Havnvoll city:Havnvoll",
    "role:-",
    "role:operator",
    "role:project-coordinator",
    "language:xx",
    "x" * 20_000,
    "a " * 3_000,
    "-a " * 500,
    '"a b" ' * 300,
    "from:ann " * 100,
    "(" * 1_000,
)
SIGNS = ("!", "!", "!", "/", "//", "! ", "!!", "Moothall: ", "@moothall:hs ", "moothall, ", "")


# ── odd values ────────────────────────────────────────────────────────────────────────────────

_TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    [*MARKUP, *PINGS, *CURSED]
)
_NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31, 2**53, 2**63, -(2**64), 10**30, 0.5, -0.0, 1e308, float("inf"), float("nan")]
)
_ODD = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.integers() | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            _TEXTS
            | st.sampled_from(
                ["body", "msgtype", "event_id", "user_ids", "rel_type", "membership"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """That many values of a strategy, always the same."""
    found: list[T] = []

    @seed(SEED)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    collect()
    return found


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def odd_values() -> list[Any]:
    """What no client sends, and everybody can."""
    return [*drawn(_ODD, 400), deep(50), deep(70), deep(250), {"a": "x" * 60_000}, ["x"] * 5_000]


# ── events ────────────────────────────────────────────────────────────────────────────────────


def _relates(rel_type: str, target: str, **more: Any) -> dict[str, Any]:
    return {"rel_type": rel_type, "event_id": target, **more}


def _proper(chance: random.Random, event_id: str, target: str) -> dict[str, Any]:
    """An event as clients send it."""
    sender = chance.choice((ANN, BEN, CORA, PAULA, OTTO, ME, UserId("@mal:elsewhere")))
    words = chance.choice(("!help", "!search tea", "tea", "!whoami"))
    said: dict[str, Any] = {"msgtype": "m.text", "body": words}
    in_thread = _relates("m.thread", target, **{"m.in_reply_to": {"event_id": target}})
    edit = {**said, "m.new_content": said, "m.relates_to": _relates("m.replace", target)}
    tap = {"m.relates_to": _relates("m.annotation", target, key=chance.choice(("👍", "📌")))}
    payload = {"type": "m.room.message", "content": said, "room_id": HOUSING}
    sealed = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "session_id": chance.choice(("s1", "s2")),
        "ciphertext": "x",
        "sender_key": "k",
        "device_id": "D",
    }
    menu: dict[str, Any] = {**said, "m.mentions": {"user_ids": [ME]}}
    menu["org.matrix.msc4391.command"] = {"command": "help", "arguments": {"topic": "search"}}
    poll = {
        "m.text": [{"body": "Tea?"}],
        "m.poll": {"answers": [{"m.id": "a", "m.text": [{"body": "yes"}]}], "max_selections": 1},
    }
    file: dict[str, Any] = {
        "msgtype": "m.file",
        "body": "a.pdf",
        "filename": "a.pdf",
        "url": "mxc://hs/a",
    }
    file |= {"info": {"size": 7, "mimetype": "application/pdf"}}
    who = chance.choice((ANN, *["@zoe:hs"] * 9))
    states: list[tuple[str, str, Any]] = [
        ("m.room.member", who, {"membership": "join", "displayname": "Ann"}),
        ("m.room.power_levels", "", {"users": {ANN: 50}, "events": {"m.room.name": 50}}),
        ("m.room.name", "", {"name": "Housing"}),
        ("m.room.topic", "", {"topic": "A roof"}),
        ("m.room.create", "", {"room_version": "12", "additional_creators": [ANN]}),
        ("m.room.encryption", "", {"algorithm": "m.megolm.v1.aes-sha2"}),
        ("m.room.history_visibility", "", {"history_visibility": "shared"}),
        ("m.room.canonical_alias", "", {"alias": "#x:hs"}),
        ("m.space.child", "!x:hs", {"via": ["hs"]}),
        ("org.moothall.direct", "", {"user_id": ANN}),
        ("m.room.pinned_events", "", {"pinned": [target]}),
    ]
    if chance.random() < 0.25:
        type_, key, content = chance.choice(states)
        return raw_event(event_id, sender, type_, content, state_key=key)
    vote = {"m.selections": ["a"], "m.relates_to": _relates("m.reference", target)}
    talks: list[tuple[str, Any]] = [
        ("m.room.message", said),
        ("m.room.message", said),
        ("m.room.message", {**said, "m.relates_to": in_thread}),
        ("m.room.message", edit),
        ("m.room.message", menu),
        ("m.room.message", file),
        ("m.reaction", tap),
        ("m.room.redaction", {"redacts": target, "reason": "x"}),
        ("m.room.encrypted", sealed),
        ("m.room.encrypted", {**sealed, PAYLOAD: payload}),
        ("m.room.encrypted", {**sealed, PAYLOAD: payload, "m.relates_to": in_thread}),
        ("m.poll.start", poll),
        (
            "m.poll.response",
            {"m.selections": ["a"], "m.relates_to": _relates("m.reference", target)},
        ),
        ("m.poll.response", vote),
        ("m.sticker", {"body": "x", "url": "mxc://hs/a", "info": {}}),
        ("m.room.bot.command", menu),
    ]
    type_, content = chance.choice(talks)
    more = {"redacts": target} if type_ == "m.room.redaction" and chance.random() < 0.5 else {}
    return raw_event(event_id, sender, type_, content, **more)


def _spoil(event: dict[str, Any], odd: Sequence[Any], chance: random.Random) -> Any:
    """Put something odd in one place of an event, or take something away."""
    holder: Any = event
    while True:
        key = chance.choice(list(holder)) if isinstance(holder, dict) else 0
        inner = holder[key]
        if isinstance(inner, dict) and inner and chance.random() < 0.75:
            holder = inner
            continue
        break
    match chance.randrange(6):
        case 0:
            del holder[key]
        case 1:
            text = chance.choice(odd)
            holder[str(text)[:300]] = chance.choice(odd)
        case 2:
            holder[key] = [inner]
        case _:
            holder[key] = chance.choice(odd)
    return event


def malformed_events(count: int) -> Iterator[Any]:
    """Events with one to three things wrong, some of which are no events at all."""
    chance, odd = random.Random(SEED), odd_values()
    known = ["$root", "$nowhere"]
    for number in range(count):
        if chance.random() < 0.02:
            yield copy.deepcopy(chance.choice(odd))
            continue
        event = _proper(chance, f"$m{number}", chance.choice(known))
        known = [*known[-20:], f"$m{number}"]
        for _ in range(chance.choice((1, 1, 2, 3))):
            if event:
                event = _spoil(copy.deepcopy(event), odd, chance)
        if chance.random() < 0.02:
            event["event_id"] = chance.choice(known)  # once more, and with other content
        yield event


def _comes_back(who: str, number: int) -> dict[str, Any]:
    content = {"membership": "join"}
    return raw_event(f"$back{number}{who}", who, "m.room.member", content, state_key=who)


def malformed_answers(events: Sequence[Any], in_one: int) -> Iterator[dict[str, Any]]:
    """The events in sync answers whose own shape is not always right either."""
    chance, odd = random.Random(SEED), odd_values()
    for start in range(0, len(events), in_one):
        # Nobody is sent away for good by the last batch, or the rest would be for deaf ears.
        back = [_comes_back(who, start) for who in (ME, ANN, BEN, CORA, PAULA, OTTO)]
        batch = [*back, *events[start : start + in_one]]
        part: dict[str, Any] = {"timeline": {"events": batch}}
        state = [one for one in batch if isinstance(one, dict) and "state_key" in one]
        if chance.random() < 0.3:
            part["state"] = {"events": state[:5]}
        if chance.random() < 0.1:
            part["timeline"] |= {"limited": True, "prev_batch": chance.choice(("t1", 7, None))}
        if chance.random() < 0.2:
            part[chance.choice(("summary", "ephemeral", "state", "account_data"))] = chance.choice(
                odd
            )
        rooms: dict[str, Any] = {"join": {chance.choice((HOUSING, HOUSING, WELCOME)): part}}
        if chance.random() < 0.2:
            rooms["invite"] = {"!asked:hs": {"invite_state": {"events": state[:3]}}}
        if chance.random() < 0.1:
            rooms["leave"] = {"!gone:hs": {"timeline": chance.choice(odd)}}
        if chance.random() < 0.1:
            rooms["join"]["!odd:hs"] = chance.choice(odd)
        yield {"rooms": rooms}


# ── command lines ─────────────────────────────────────────────────────────────────────────────


def hostile_lines(count: int) -> Iterator[str]:
    """Commands, nearly commands, and words that want to be more than words."""
    chance = random.Random(SEED)
    words: list[str] = [*drawn(_TEXTS, 300), *MARKUP, *PINGS, *CURSED, *QUERIES, *QUERIES]
    words += ["Ann", "Ann Berg", "@cora:hs", "Havnvoll", "housing", "role:volunteer", "tea", "on"]
    names = [name for one in CATALOGUE for name in (one.name, *one.aliases)]
    for _ in range(count):
        name = chance.choice(names)
        match chance.randrange(10):
            case 0:
                name = _misspelt(name, chance)
            case 1:
                name = chance.choice(words)
            case 2:
                name = name.upper().replace(" ", chance.choice(("  ", "\n", "\u00a0", "\t")))
        arguments = [chance.choice(words) for _ in range(chance.choice((0, 1, 1, 2, 3, 6)))]
        yield f"{chance.choice(SIGNS)}{name}{chance.choice((' ', ' ', '', chr(10)))}" + (
            chance.choice((" ", " ", "", "\n")).join(arguments)
        )


def _misspelt(name: str, chance: random.Random) -> str:
    place = chance.randrange(len(name))
    letter: Callable[[], str] = lambda: chance.choice("abcxyz<&\u0430\u200b")  # noqa: E731
    return name[:place] + letter() + name[place + chance.randrange(2) :]


def as_messages(lines: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Lines as people of all roles say them: in rooms, threads, direct chats, typed or edited."""
    chance = random.Random(SEED)
    before = "$l0"
    for number, line in enumerate(lines):
        sender = chance.choice((ANN, BEN, CORA, PAULA, OTTO))
        room = chance.choice((HOUSING, HOUSING, HOUSING, f"!direct-{sender[1:4]}:hs"))
        content: dict[str, Any] = {"msgtype": "m.text", "body": line}
        match chance.randrange(12):
            case 0:
                content["m.relates_to"] = _relates("m.thread", before)
            case 1:
                content["m.relates_to"] = {"m.in_reply_to": {"event_id": before}}
            case 2:
                content |= {"m.new_content": dict(content)}
                content["m.relates_to"] = _relates("m.replace", before)
            case 3:
                content["m.mentions"] = {"user_ids": [ME, ANN], "room": True}
                content["org.matrix.msc4391.command"] = {
                    "command": line[:80],
                    "arguments": {"query": line, "who": line, "x": [line]},
                }
            case 4:
                content["formatted_body"] = line
                content["format"] = "org.matrix.custom.html"
        event = raw_event(f"$l{number}", sender, "m.room.message", content)
        event["origin_server_ts"] = now_ms()
        before = f"$l{number}"
        yield room, event
