"""Every command, asked as a person would and answered where they see it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from commands.catalogue import CATALOGUE
from demo.homeserver import Homeserver
from demo.people import Person
from demo.timeline import MESSAGE, Heard
from tests.conftest import NewPerson, new_account
from tests.hall import (
    CLEAR,
    CLUSTERS,
    SEALED,
    RunningHall,
    answers,
    running_hall,
    setup_for,
)
from tests.journeys.conftest import Arrive, Meet, everywhere, in_rooms_of_their_own

# What each command of the catalogue answers, said in a thread of a cluster's room.
UNKNOWN = "I don't know V-999 here"
ASKED = {
    "help": ("!help", "You can ask me"),
    "search": ("!search ringelblume", "Found 1 for ringelblume"),
    "more": ("!more", "nothing more to show"),
    "thread summary": ("!thread summary", "This thread so far: 1 message"),
    "visit propose": ("!visit propose Havnvoll soonish", "I can't read soonish as a date"),
    "vote": ("!vote V-999 yes", UNKNOWN),
    "visit list": ("!visit list", "."),
    "visit confirm": ("!visit confirm V-999 1", UNKNOWN),
    "visit reopen": ("!visit reopen V-999 2099-01-01", UNKNOWN),
    "visit move": ("!visit move V-999 2099-01-01", UNKNOWN),
    "visit online": ("!visit online V-999", UNKNOWN),
    "visit host": ("!visit host V-999 Havnvoll", UNKNOWN),
    "visit place": ("!visit place V-999 here", UNKNOWN),
    "visit speaker": ("!visit speaker V-999 {member}", UNKNOWN),
    "visit agenda": ("!visit agenda V-999 tea", UNKNOWN),
    "visit task": ("!visit task V-999 tea", UNKNOWN),
    "visit done": ("!visit done V-999 1", UNKNOWN),
    "visit delegation": ("!visit delegation V-999 1 Ann", UNKNOWN),
    "visit travel": ("!visit travel V-999 tram 4", UNKNOWN),
    **{
        f"visit {verb}": (f"!visit {verb} V-999", UNKNOWN)
        for verb in (
            "open",
            "show",
            "remind",
            "close",
            "cancel",
            "postpone",
            "ics",
            "report",
            "mute",
        )
    },
    "visit feed": ("!visit feed on", "serves no calendars"),
    "recommend": ("!recommend V-999 more tea", UNKNOWN),
    "recommend accept": ("!recommend accept R-999", "I don't know R-999"),
    "recommend decline": ("!recommend decline R-999 no tea", "I don't know R-999"),
    "action add": ("!action add sow the seeds", "sow the seeds"),
    "action start": ("!action start A-999", "I don't know A-999"),
    "action done": ("!action done A-999", "I don't know A-999"),
    "action drop": ("!action drop A-999 too dry", "I don't know A-999"),
    "action mute": ("!action mute A-999", "I don't know A-999"),
    "action list": ("!action list", "sow the seeds"),
    "ask": ("!ask Who insures volunteers on tours?", "is noted"),
    "question list": ("!question list", "Waiting for an answer:"),
    "question close": ("!question close Q-999", "I have no Q-999"),
    "digest preview": ("!digest preview", "This is how the digest would read now"),
    "digest send": ("!digest send", "has no draft now"),
    "digest skip": ("!digest skip", "has no draft now"),
    "digest schedule": ("!digest schedule", "sent by you"),
    "digest me": ("!digest me off", "no digest of your own"),
    "practice": ("!practice", "five short questions"),
    "practice share": ("!practice share", "1/5"),
    "practice capture": ("!practice capture", "Reply with !practice capture"),
    **{
        f"practice {verb}": (f"!practice {verb} P-999{more}", "I have no P-999 for you")
        for verb, more in (
            ("show", ""),
            ("edit", ""),
            ("review", ""),
            ("publish", ""),
            ("withdraw", ""),
            ("retire", " it is too wet"),
            ("transfer", ""),
            ("export", ""),
        )
    },
    "practice list": ("!practice list", "."),
    "practice suggest": ("!practice suggest on", "."),
    "transfer": ("!transfer T-999", "T-999"),
    "city": ("!city havnvoll", "Havnvoll, Norway"),
    "cluster status": ("!cluster status", "Coordinated by"),
    "cluster pause": ("!cluster pause days:1", "takes a break"),
    "cluster resume": ("!cluster resume", "goes on"),
    "whoami": ("!whoami", "You are "),
    "settings": ("!settings", "Your settings"),
    "settings language": ("!settings language English", "I speak English with you now"),
    "settings timezone": ("!settings timezone Riga", "Europe/Riga"),
    "settings digest": ("!settings digest off", "no digest of your own"),
    "privacy": ("!privacy", "This is what is stored about you"),
    "privacy archive": ("!privacy archive on", "From now on your words are kept"),
    "privacy export": ("!privacy export", "about-me-"),
    "privacy erase": ("!privacy erase", "I would erase this of you"),
    "archive export": ("!archive export", "archive-"),
    "archive backfill": ("!archive backfill soonish", "I can't read soonish as a day"),
    "archive status": ("!archive status", "the archive is on"),
    "archive on": ("!archive on", "is on already"),
    "archive off": ("!archive off", "is off already"),
    "archive purge": ("!archive purge", "It cannot be undone"),
    "member set": ("!member set {member} city:lipohrad", "Noted: "),
    "member list": ("!member list Lipohrad", "in Lipohrad:"),
    "admin status": ("!admin status", "Moothall "),
    "admin doctor": ("!admin doctor", "Fine: "),
}


def test_each_command_of_the_catalogue_is_asked_here() -> None:
    assert set(ASKED) == {command.name for command in CATALOGUE}


@pytest.mark.promise("Every command is answered in the thread where it was asked.")
@everywhere
async def test_every_command_is_answered_in_the_thread_where_it_was_asked(
    hall: RunningHall, arrive: Arrive, olaf: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    member = (await arrive("membery", slug)).user_id
    root = await olaf.say(room, "Who has seeds of Ringelblume?")

    for command in (one for one in CATALOGUE if not one.private and one.name != "archive off"):
        typed, expected = ASKED[command.name]
        answer = await hall.asks(olaf, room, typed.format(member=member), thread=root)
        assert expected in answer.body, command.name
        assert answer.thread_root == root, command.name
        assert answer.is_notice
        assert answer.encrypted == (slug == SEALED)
        assert answer.content["m.mentions"] == {}
    await olaf.redact(room, root)  # the next database's hall looks for it, too
    await olaf.hears(lambda h: "I took back" in h.body, room=room, sender=hall.me)


async def test_what_concerns_one_person_alone_is_answered_in_the_direct_chat(
    hall: RunningHall, arrive: Arrive, paula: Person, olaf: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await arrive("ann", slug)
    await hall.asks(paula, room, f"!member set {ann.user_id} city:lipohrad")
    await olaf.catch_up()  # he hears that answer, too
    olaf.forget()
    for command in (one for one in CATALOGUE if one.private):
        typed, expected = ASKED[command.name]
        asked = await olaf.say(room, typed)
        told = await olaf.hears(lambda h: h.room_id not in hall.rooms.values(), sender=hall.me)
        assert expected in told.body, command.name
        assert told.encrypted
        mark = await olaf.hears(room=room, sender=hall.me, type="m.reaction")
        assert (mark.reacts_to, mark.key) == (asked, "✉️")
    await hall.keeps_quiet(olaf, room)


async def test_an_archive_that_is_off_is_not_switched_off_again(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann = await meet("ann")
    room = await ann.create_room("Seeds", invite=[hall.me], encrypted=encrypted)
    await hall.comes_into(ann, room)
    typed, expected = ASKED["archive off"]

    answer = await hall.asks(ann, room, typed)

    assert expected in answer.body


# ── help, typing errors, questions ────────────────────────────────────────────────────────────


async def test_help_shows_what_the_asker_may_use_and_nothing_else(
    hall: RunningHall, meet: Meet, olaf: Person, paula: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await meet("ann")

    for_ann = await hall.asks(ann, room, "!help")
    for_paula = await hall.asks(paula, room, "!help")
    for_olaf = await hall.asks(olaf, room, "!help")

    for everybodys in ("!search", "!city", "!whoami", "!settings language", "!privacy archive"):
        assert everybodys in for_ann.body
    assert "!member" not in for_ann.body
    assert "!archive on" not in for_ann.body
    assert "!admin" not in for_ann.body
    assert "!member set" in for_paula.body
    assert "!admin" not in for_paula.body
    assert "!admin status" in for_olaf.body


async def test_help_about_a_command_shows_its_example(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]

    assert "!search <words>" in (await hall.asks(ann, room, "!help search")).body
    assert (
        "!settings timezone Europe/Oslo"
        in (await hall.asks(ann, room, "!help settings timezone")).body
    )
    assert "!help search" in (await hall.asks(ann, room, "!help serch")).body
    hidden = await hall.asks(ann, room, "!help admin status")
    missing = await hall.asks(ann, room, "!help flying carpets")
    assert hidden.body.replace("admin status", "…") == missing.body.replace("flying carpets", "…")


@everywhere
async def test_a_typo_gets_did_you_mean_and_the_corrected_message_is_answered(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await meet("ann")
    typed = await ann.say(room, "!serch apples")
    refused = await hall.answer_to(ann, room, typed)
    assert refused.body == "I don't know !serch. Did you mean !search?"
    assert refused.thread_root == typed

    await ann.edit(room, typed, "!search apples")

    answer = await hall.answer_to(ann, room, typed)
    assert answer.body.startswith("Nothing found for apples")
    assert answer.thread_root == typed


async def test_an_edit_of_ordinary_talk_is_not_answered(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    said = await ann.say(room, "Good morning")
    await ann.edit(room, said, "Good morning, all of you!")
    await hall.keeps_quiet(ann, room)


@everywhere
async def test_a_missing_argument_is_asked_for_and_the_next_words_in_the_thread_answer(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann, ben = await meet("ann"), await meet("ben")
    asked = await ann.say(room, "!settings timezone")
    question = await hall.answer_to(ann, room, asked)
    assert question.body.startswith("Which time zone are you in?")
    assert question.thread_root == asked

    await ben.say(room, "Berlin, isn't it?", thread=asked)  # nobody asked him
    await ann.say(room, "Lunch?")  # and this is another matter
    told = await ann.say(room, "Athens", thread=asked)

    answer = await ann.hears(room=room, sender=hall.me, timeout=20.0)
    assert answers(answer) == told
    assert "Europe/Athens" in answer.body
    await ann.say(room, "Madrid", thread=asked)  # the question is answered: this is talk
    await hall.keeps_quiet(ann, room)


async def test_a_question_can_be_cancelled_or_left_for_another_command(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    asked = await ann.say(room, "!settings timezone")
    await hall.answer_to(ann, room, asked)
    assert (await hall.asks(ann, room, "cancel", thread=asked)).body == (
        "All right, nothing is done."
    )

    asked = await ann.say(room, "!settings timezone")
    await hall.answer_to(ann, room, asked)
    assert "You are" in (await hall.asks(ann, room, "!whoami", thread=asked)).body
    await ann.say(room, "Athens", thread=asked)
    await hall.keeps_quiet(ann, room)


async def test_a_wrong_answer_to_a_question_is_explained(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann = await meet("ann")
    chat = await hall.chats_with(ann, encrypted=encrypted)
    await hall.asks(ann, chat, "settings timezone")

    refused = await hall.asks(ann, chat, "Atlantis/Sunken")

    assert "I don't know the time zone" in refused.body


# ── ways to speak to the hall ─────────────────────────────────────────────────────────────────


def pill(hall: RunningHall, name: str) -> str:
    return f'<a href="https://matrix.to/#/{hall.me}">{name}</a>'


async def test_a_mention_is_a_command_as_each_client_sends_it(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await meet("ann")
    name, me = hall.hall.name, hall.me
    local = me[1:].split(":")[0]
    shapes: dict[str, tuple[str, str | None, list[str]]] = {
        "Element": (f"{name}: whoami", f"{pill(hall, name)}: whoami", [me]),
        "Element, without the colon": (f"{name}  whoami", f"{pill(hall, name)}  whoami", [me]),
        "Cinny": (f"{me}  whoami", f"{pill(hall, me)}  whoami", [me]),
        "a pill and one blank": (f"{name} whoami", f"{pill(hall, name)} whoami", [me]),
        "by hand": (f"@{local} whoami", None, []),
        "by hand, the name": (f"@{name.lower()} whoami", None, []),
        "by hand, the address": (f"{me} whoami", None, []),
    }
    for client, (body, html, mentions) in shapes.items():
        said = await ann.say(room, body, html=html, mentions=mentions)
        answer = await hall.answer_to(ann, room, said)
        assert answer.body.startswith("You are "), client


async def test_a_mention_that_is_no_command_gets_a_hint(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]

    hint = await hall.asks(ann, room, f"{hall.hall.name}: tell me a joke")

    assert "!help" in hint.body


async def test_a_slash_is_as_good_as_the_prefix(hall: RunningHall, meet: Meet, slug: str) -> None:
    ann = await meet("ann")
    for sign in ("/", "//"):
        answer = await hall.asks(ann, hall.rooms[slug], f"{sign}city havnvoll")
        assert answer.body.startswith("Havnvoll, Norway"), sign


async def test_a_command_from_a_client_s_own_menu_is_carried_out(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await meet("ann")
    for command, given, expected in (
        ("city", {"city": "Havnvoll"}, "Havnvoll, Norway"),
        ("settings timezone", {"zone": "Europe/Athens"}, "Your time zone is Europe/Athens"),
        ("whoami", {}, "Europe/Athens"),
    ):
        block = {"command": command, "arguments": given}
        content = {
            "msgtype": "m.text",
            "body": "/something a client shows where commands are unknown",
            "m.mentions": {"user_ids": [hall.me]},
            "org.matrix.msc4391.command": block,
        }
        said = await ann.send_raw(room, MESSAGE, content)
        assert expected in (await hall.answer_to(ann, room, said)).body


async def test_a_client_s_menu_for_another_bot_is_left_alone(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    content = {
        "msgtype": "m.text",
        "body": "whoami",
        "m.mentions": {"user_ids": ["@other-bot:localhost"]},
        "org.matrix.msc4391.command": {"command": "whoami", "arguments": {}},
    }
    await ann.send_raw(room, MESSAGE, content)
    await hall.keeps_quiet(ann, room)


async def test_a_direct_chat_needs_no_prefix(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann = await meet("ann")
    chat = await hall.chats_with(ann, encrypted=encrypted)

    answer = await hall.asks(ann, chat, "whoami")
    assert answer.body.startswith("You are ")
    assert answer.thread_root is None, "a direct chat is one conversation"
    assert answer.encrypted == encrypted
    assert "!privacy" not in answer.body  # it is typed without the sign here
    assert "Havnvoll" in (await hall.asks(ann, chat, "!city havnvoll")).body
    assert "Did you mean search?" in (await hall.asks(ann, chat, "serch apples")).body
    question = await hall.asks(ann, chat, "settings language")
    assert question.body.startswith("Which language")
    assert "I speak English" in (await hall.asks(ann, chat, "English")).body


async def test_a_command_inside_a_thread_is_answered_there(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    root = await ann.say(room, "Who is in Havnvoll?")
    answer = await hall.asks(ann, room, "!city havnvoll", thread=root)
    assert answer.thread_root == root


async def test_commands_in_one_room_are_answered_in_their_order(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann, ben = await meet("ann"), await meet("ben")
    room = hall.rooms[slug]
    asked = [await who.say(room, "!whoami") for who in (ann, ben, ann, ben, ann)]

    answered = [await ann.hears(room=room, sender=hall.me, timeout=20.0) for _ in asked]

    assert [answers(one) for one in answered] == asked


# ── when to be quiet ──────────────────────────────────────────────────────────────────────────

TALK = [
    "!!!",
    "Hurrah!",
    "!= is not the same as =",
    "! important: bring your seeds",
    "!important bring your seeds",
    "!?",
    "/etc/hosts is a file",
    "moothall is a fine word",
    "What does !whoami do?",
    "> !whoami",
]


async def test_ordinary_talk_is_not_answered(hall: RunningHall, meet: Meet, slug: str) -> None:
    room = hall.rooms[slug]
    ann = await meet("ann")
    for words in TALK:
        await ann.say(room, words)
    await ann.react(room, await ann.say(room, "!"), "!whoami")
    await hall.keeps_quiet(ann, room)


async def test_notices_and_other_bots_never_trigger(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    bot = await meet("mallory")
    root = await bot.say(room, "Today's news")
    for content in (
        {"msgtype": "m.notice", "body": "!whoami", "m.mentions": {"user_ids": [hall.me]}},
        {"msgtype": "m.emote", "body": "!whoami"},
        {"msgtype": "m.image", "body": "!whoami", "url": "mxc://localhost/none"},
        {"msgtype": "m.text", "body": ""},
        {"msgtype": "m.text", "body": {"not": "words"}},
        {"msgtype": "m.text"},
    ):
        if slug == CLEAR and not isinstance(content.get("body"), str):
            continue  # the homeserver refuses it where it can read it
        await bot.send_raw(room, MESSAGE, content)
    await bot.send_raw(room, "m.sticker", {"body": "!whoami", "info": {}, "url": "mxc://l/n"})
    edit = {
        "msgtype": "m.notice",
        "body": "* !whoami",
        "m.new_content": {"msgtype": "m.notice", "body": "!whoami"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": root},
    }
    await bot.send_raw(room, MESSAGE, edit)
    chat = await hall.chats_with(bot)
    await bot.send_raw(chat, MESSAGE, {"msgtype": "m.notice", "body": "whoami"})

    await hall.keeps_quiet(bot, room)
    await hall.keeps_quiet(bot, chat)


async def test_an_answer_to_the_hall_that_mentions_it_is_no_command(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    answer = await hall.asks(ann, room, "!city havnvoll")
    # Element mentions the author of what one replies to.
    await ann.say(room, "search me, that is far away", reply_to=answer.event_id)
    await ann.say(room, "whoami, one wonders", thread=answer.thread_root)
    await hall.keeps_quiet(ann, room)


async def test_a_command_that_is_taken_back_before_it_is_answered_leaves_nothing(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    said = await ann.say(room, "!search Lottoschein")
    await ann.redact(room, said)
    # Whether the answer was quicker or not: in the end it is not there.
    await hall.asks(ann, room, "!whoami")
    await ann.catch_up()
    standing = [
        one
        for one in ann.heard(lambda one: answers(one) == said, room=room, sender=hall.me)
        if not ann.is_redacted(one.event_id) and "Lottoschein" in one.body
    ]
    assert standing == []


# ── who may ───────────────────────────────────────────────────────────────────────────────────


async def test_a_member_who_may_not_is_refused_kindly(
    hall: RunningHall, meet: Meet, paula: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await meet("ann")
    for typed, named, who in (
        ("!member set paula city:havnvoll", "!member set", "coordinators"),
        ("!member list", "!member list", "coordinators"),
        ("!admin status", "!admin status", "operators"),
        ("!archive off", "!archive off", "the admins of this room"),
    ):
        refused = await hall.asks(ann, room, typed)
        assert refused.body == f"{named} is for {who}. One of them can do it for you."
        assert refused.thread_root is not None
    refused = await hall.asks(paula, room, "!admin status")
    assert "is for operators" in refused.body
    assert "the archive is on" in (await hall.asks(ann, room, "!archive status")).body


@everywhere
async def test_member_set_is_seen_in_whoami_city_and_member_list(
    hall: RunningHall, arrive: Arrive, paula: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    name = f"Ann {uuid4().hex[:6]}"
    ann = await arrive("ann", slug, display_name=name)
    before = await hall.asks(ann, room, "!whoami")
    assert "City: not known yet" in before.body
    assert "Roles: member" in before.body

    noted = await hall.asks(paula, room, f"!member set {name} city:Havnvoll role:city-lead")

    assert name in noted.body
    after = await hall.asks(ann, room, "!whoami")
    assert "City: Havnvoll" in after.body
    assert "city lead" in after.body
    assert "Europe/Oslo" in after.body  # the clock of her city now
    assert name in (await hall.asks(ann, room, "!city havnvoll")).body
    await paula.say(room, "!member list havnvoll")
    listed = await paula.hears(lambda h: h.room_id != room, sender=hall.me)
    assert ann.user_id in listed.body
    taken = await hall.asks(paula, room, f"!member set {ann.user_id} role:-city-lead")
    assert "city lead" not in taken.body


async def test_a_person_can_be_named_by_pill(
    hall: RunningHall, arrive: Arrive, paula: Person, slug: str
) -> None:
    ann = await arrive("ann", slug, display_name="Ann Pill")
    await arrive("ann", slug, display_name="Ann Pill")
    room = hall.rooms[slug]
    many = await hall.asks(paula, room, "!member set Ann Pill city:lipohrad")
    assert "More than one person is called" in many.body

    said = await paula.say(
        room,
        "!member set Ann Pill city:lipohrad",
        html=f'!member set <a href="https://matrix.to/#/{ann.user_id}">Ann Pill</a> city:lipohrad',
        mentions=[ann.user_id],
    )

    assert ann.user_id in (await hall.answer_to(paula, room, said)).body
    assert "City: Lipohrad" in (await hall.asks(ann, room, "!whoami")).body


async def test_a_room_s_own_admin_decides_about_its_archive_and_no_other_member(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann, ben = await meet("ann"), await meet("ben")
    room = await ann.create_room("Seeds", invite=[hall.me, ben.user_id], encrypted=encrypted)
    await hall.comes_into(ann, room)
    await ben.enters(room)

    assert "is for the admins of this room" in (await hall.asks(ben, room, "!archive on")).body
    await ann.catch_up()  # she hears that answer, too
    ann.forget(room=room)
    await ann.say(room, "!archive on")
    assert "This room keeps an archive" in (await ann.hears(room=room, sender=hall.me)).body


# ── settings ──────────────────────────────────────────────────────────────────────────────────


@in_rooms_of_their_own
async def test_settings_are_kept_and_shown(
    hall: RunningHall, arrive: Arrive, encrypted: bool
) -> None:
    ann = await arrive("ann")
    chat = await hall.chats_with(ann, encrypted=encrypted)

    assert "Europe/Athens" in (await hall.asks(ann, chat, "settings timezone athens")).body
    assert "your own digest" in (await hall.asks(ann, chat, "settings digest on")).body
    assert "Deutsch" in (await hall.asks(ann, chat, "settings language Deutsch")).body
    shown = (await hall.asks(ann, chat, "settings")).body

    assert "Europe/Athens" in shown
    assert "Digest: on" in shown
    assert "Language: Deutsch" in shown  # until there is a German catalogue


async def test_a_setting_that_is_not_known_is_explained(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    assert (
        "Did you mean Europe/Brussels"
        in (await hall.asks(ann, room, "!settings timezone Europe/Brusels")).body
    )
    assert (
        "I don't know the language"
        in (await hall.asks(ann, room, "!settings language Klingonish")).body
    )
    assert "It can be on or off" in (await hall.asks(ann, room, "!settings digest perhaps")).body
    assert "Did you mean Havnvoll?" in (await hall.asks(ann, room, "!city Havnvol")).body


async def test_whoever_knows_the_pseudo_language_sees_that_every_word_is_translated(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann = await meet("ann")
    chat = await hall.chats_with(ann, encrypted=encrypted)
    await hall.asks(ann, chat, "settings language en")
    for typed in ("whoami", "help", "help search", "settings", "city havnvoll", "privacy"):
        english = (await hall.asks(ann, chat, typed)).body
        assert "⟦" not in english, typed


# ── hostile words ─────────────────────────────────────────────────────────────────────────────

HOSTILE = '<img src="x" onerror="alert(1)"><b>@room</b> [x](javascript:alert(1)) `@room` ‮ \x07'


def harmless(answer: Heard) -> bool:
    """Whether an answer shows strange words as words, and calls nobody."""
    html = answer.html or ""
    return (
        "<img" not in html
        and "<script" not in html
        and "javascript:" not in "".join(part.split('"')[0] for part in html.split('href="')[1:])
        and "@room" not in answer.body.lower()
        and "@room" not in html.lower()
        and "‮" not in answer.body + html
        and answer.content["m.mentions"] == {}
    )


async def test_hostile_words_are_shown_as_words_and_call_nobody(
    hall: RunningHall, arrive: Arrive, paula: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    name = f"<script>alert(1)</script> @room {uuid4().hex[:6]}"
    mallory = await arrive("mallory", slug, display_name=name)
    await mallory.say(room, f"Zaubernuss {HOSTILE}")
    for typed in (
        "!whoami",
        f"!city {HOSTILE}",
        f"!help {HOSTILE}",
        f"!search {HOSTILE}",
        "!search zaubernuss",
        f'!search zaubernuss from:"{name}"',
        f"!settings timezone {HOSTILE}",
        f"!settings language {HOSTILE}",
        f"!privacy archive {HOSTILE}",
        "!serch @room",
        "!city @room",
    ):
        answer = await hall.asks(mallory, room, typed)
        assert harmless(answer), (typed, answer.body, answer.html)
    noted = await hall.asks(paula, room, f"!member set {mallory.user_id} city:havnvoll")
    assert harmless(noted)
    assert harmless(await hall.asks(paula, room, "!city havnvoll"))
    # Out of the way of other tests, who look at this city, too.
    await hall.asks(paula, room, f"!member set {mallory.user_id} city:lipohrad")


async def test_a_summary_of_hostile_words_is_harmless(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    mallory = await arrive("mallory", slug, display_name="<u>@room</u>")
    room = hall.rooms[slug]
    root = await mallory.say(room, f"Is this a question {HOSTILE}?")
    assert harmless(await hall.asks(mallory, room, "!thread summary", thread=root))


# ── who is nobody's neighbour, and who asks too much ──────────────────────────────────────────


@everywhere
async def test_somebody_in_no_room_of_ours_is_answered_and_learns_nothing(
    hall: RunningHall, meet: Meet, stranger: Person, slug: str
) -> None:
    word = f"geheim{uuid4().hex[:6]}"
    ann = await meet("ann")
    await ann.say(hall.rooms[slug], f"The {word} lies under the mat")
    await hall.asks(ann, hall.rooms[slug], "!whoami")
    chat = await hall.chats_with(stranger, encrypted=True)

    assert stranger.user_id in (await hall.asks(stranger, chat, "whoami")).body
    nothing = await hall.asks(stranger, chat, f"search {word}")
    assert nothing.body.startswith(f"Nothing found for {word}")
    assert "mat" not in nothing.body
    assert "No room" in (await hall.asks(stranger, chat, "archive status")).body
    assert ann.user_id not in (await hall.asks(stranger, chat, "city havnvoll")).body


@pytest.fixture
async def strict_hall(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[RunningHall]:
    """A hall that carries out five commands a minute."""
    bot, coordinator = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    setup = setup_for(
        homeserver.url,
        bot,
        coordinator,
        slug=f"j{uuid4().hex[:8]}",
        clusters=CLUSTERS[:1],
        cities=(),
        limits={"commands_a_minute": 5},
    )
    async with running_hall(setup, tmp_path / "strict") as hall:
        yield hall


@pytest.mark.promise("Whoever floods is refused once, kindly, and nobody else waits for it.")
async def test_a_flood_is_refused_once_and_another_person_is_answered_meanwhile(
    strict_hall: RunningHall, new_person: NewPerson
) -> None:
    hall = strict_hall
    ann = await new_person("ann")
    for encrypted in (False, True):
        mallory = await new_person("mallory")
        room = await ann.create_room(
            "Seeds", invite=[hall.me, mallory.user_id], encrypted=encrypted
        )
        await hall.comes_into(ann, room)
        await mallory.enters(room)
        await mallory.catch_up()

        flood = [await mallory.say(room, "!whoami") for _ in range(20)]
        answer = await hall.asks(ann, room, "!whoami")

        assert ann.user_id in answer.body
        answered: dict[Any, Heard] = {answers(one): one for one in ann.heard(sender=hall.me)}
        assert [said for said in flood if said in answered] == flood[:6]
        assert "You are" in answered[flood[4]].body
        assert "Give me a minute" in answered[flood[5]].body
