"""Every word that a person reads is translated: a pseudo-language shows what was missed."""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from commands import apologies
from commands import replies as shared
from commands.admin import replies as admin
from commands.archive import purge_words
from commands.archive import replies as archive
from commands.archive import rules as archive_rules
from commands.catalogue import CATALOGUE
from commands.clusters import replies as clusters
from commands.digests import line_words
from commands.digests import replies as digest_words
from commands.doctor import findings, room_findings
from commands.doctor import replies as doctor
from commands.doctor.rules import Finding, Level
from commands.help import replies as help_
from commands.members import erasure_words
from commands.members import replies as members
from commands.posts import Say, Tell
from commands.practices import card as practice_card
from commands.practices import replies as practices
from commands.practices import review_replies as practice_reviews
from commands.practices import transfer_replies as practice_transfers
from commands.practices.details import Detail
from commands.practices.fields import NotOneOf
from commands.practices.rules import Reviewed
from commands.questions import replies as question_words
from commands.reply import (
    CodeBlock,
    Items,
    MessageLink,
    Paragraph,
    Part,
    Reply,
    RoomLink,
    Text,
    paragraphs,
)
from commands.search import replies as search
from commands.search.rules import Hint, HintKind, Refusal
from commands.words import PSEUDO, words_in
from storage import people
from storage.records import (
    Answered,
    ArchivedMessage,
    Degree,
    EventId,
    FilesHeld,
    Person,
    Practice,
    PracticeField,
    PracticeState,
    ReviewAnswer,
    ReviewQuestion,
    Role,
    RoomId,
    Transfer,
    TransferNote,
    TransferState,
    UserId,
    Verdict,
)
from storage.search.query import Field, Filter
from tests.commands import digest_samples
from tests.commands import visit_samples as samples
from tests.commands.conftest import HOUSING, OTTO, Hall, direct

ROOT = Path(__file__).parents[2]
POT = ROOT / "commands" / "locale" / "moothall.pot"
KEYWORDS: dict[str, Any] = {"say": None, "text": None, "plural": (1, 2), "N_": None}
WORDS = words_in(PSEUDO)

ILL = [Finding("1", level, "⟦⟧", "⟦⟧") for level in Level]

# ── what people read in a reply ───────────────────────────────────────────────────────────────


def lines_of(reply: Reply) -> Iterator[Sequence[Part]]:
    for block in reply.blocks:
        match block:
            case CodeBlock(text):
                yield (Text(text),)
            case Items(items):
                for item in items:
                    yield from item
            case _:
                yield block.parts


def untranslated(reply: Reply) -> list[str]:
    """Letters in Text parts that no translated sentence holds."""
    missed = []
    for line in lines_of(reply):
        text = "".join(part.text for part in line if isinstance(part, Text))
        while text != (text := re.sub(r"⟦[^⟦⟧]*⟧", "", text)):
            pass
        if any(letter.isalpha() for letter in text):
            missed.append(text)
    return missed


def test_the_check_itself_sees_a_word_that_was_missed() -> None:
    good = Reply(
        (Paragraph(WORDS.say("Hello {name}, {day}", name=Text("1"), day=WORDS.date(DAY))),)
    )
    assert untranslated(good) == []
    assert untranslated(Reply((Paragraph((Text("Hello"),)),))) == ["Hello"]
    assert untranslated(Reply((Paragraph((*WORDS.say("Hello"), Text(" there"))),))) == [" there"]


# ── every function of every replies module ────────────────────────────────────────────────────

DAY = date(2026, 3, 9)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CARD = members.Card("1", "@1:2", "3", frozenset(Role), "de", "4/5", NOW, digest=True, archive=True)
ENTRY = members.Entry("1", "@1:2", "3", frozenset({Role.CITY_LEAD}))
SAID = ArchivedMessage(EventId("$1"), RoomId("!1"), UserId("@1:2"), "3", NOW, "4", None)
POINT = archive_rules.Point("1", SAID)
SUMMARY = archive_rules.Summary(
    2, (("1", 2),), NOW, NOW, POINT, (POINT,), (POINT,), (POINT,), (POINT,)
)
HELD = archive.Holdings("1", True, 2, 3, 4, 5, NOW, NOW)
HIT = search.Hit((("1", False), ("2", True)), "3", "4", NOW, RoomId("!1"), EventId("$1"), ())
POSTED = MessageLink(RoomId("!1"), EventId("$1"), "1")
DOCUMENTS = tuple(
    search.DocumentHit((("1", True),), "1", kind, city, DAY, link, "1")
    for kind in ("practice", "summary", "visit")
    for city in ("", "2")
    for link in (None, POSTED)
)
FILTERED = {"has": "file", "kind": "message", "is": "question", "lang": "de"}
NARROWED = tuple(
    Filter(field, FILTERED.get(field, "3"), negated) for field in Field for negated in (False, True)
)
WHERE = search.Understood("1", "2", NARROWED, DAY, DAY)
ANYWHERE = search.Understood("", None, (), DAY, DAY + timedelta(days=1))
STATE = admin.State("1", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, NOW, 1, 1)
WELL = admin.State("1", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, 0, 0)
CARD = replace(CARD, organisation="6")
STORED = members.Stored(
    CARD, 1, (("1", None), ("2", timedelta(days=30))), "2", "3", timedelta(days=730), ("1",),
    ("2", "3"), 4, entries=5, votes=6, written=7, asked=8, files=9, whole_files=8, reactions=7,
)  # fmt: skip
CITY = clusters.CityCard("1", "NO", "2", ("de",), NOW, ("3",), ("4",))
FULL_CITY = replace(
    CITY,
    visits=(
        clusters.HostedVisit("1", "2", (DAY, DAY)),
        clusters.HostedVisit("1", "", None),
    ),
    promises=tuple(
        clusters.CityPromise("1", text, "2", due, late)
        for text, due, late in (("3", DAY, True), ("3", DAY, False), ("", None, False))
    ),
    unanswered=(("1", "2"), ("1", "")),
)
HELP = help_.Card("1", "2", "3", ("4",), "operators", True, ("5",), (("6", "7"),), (("8", "9"),))
HINTS = (
    *(Hint(kind, "1", "has") for kind in HintKind),
    Hint(HintKind.UNKNOWN_CITY, "1", "2 3"),
    Hint(HintKind.UNKNOWN_CITY, "1"),
)
FOUND: dict[str, Any] = {"total": 1, "capped": True, "first": 1, "hints": HINTS, "renewing": True}

SOMEBODY = Person(1, UserId("@1:2"), "1")
PRACTICE = Practice(1, PracticeState.DRAFT, SOMEBODY, "1", "2", "de", NOW, NOW)
OF_PRACTICES = [replace(PRACTICE, state=state) for state in PracticeState]
LINK = MessageLink(RoomId("!1"), EventId("$1"), "1")
F = PracticeField
WHOLE = replace(
    PRACTICE,
    reason="1",
    fields={
        **{field: Answered("1") for field in F},
        F.EVIDENCE: Answered("none_yet"),
        F.COST_BAND: Answered("low"),
        F.MAY_BE_VISITED: Answered("yes"),
    },
)
OPINIONS = tuple(
    (ReviewAnswer(SOMEBODY, question, verdict, "1", "2", facilitator), "2")
    for question in ReviewQuestion
    for verdict, facilitator in ((Verdict.YES, False), (Verdict.NO, True), (Verdict.PARTLY, False))
)
TAKEN = tuple(
    practice_card.Taken(
        Transfer(1, 1, "1", SOMEBODY, state, RoomId("!1"), NOW, NOW, NOW, degree), "1", "2", None
    )
    for state in TransferState
    for degree in Degree
)
KIN = practice_card.Kin("1", "2", "3", LINK)
VIEW = practice_card.View(
    WHOLE, "1", DAY, LINK, Reviewed((), False, tuple(ReviewQuestion)), OPINIONS, TAKEN, KIN, (KIN,)
)

JOURNEYS = [
    practice_transfers.Journey(
        taken.transfer, PRACTICE, "1", "2", "3", link, told,
        tuple(
            ("1", TransferNote(SOMEBODY, "1", NOW, RoomId("!1"), EventId("$1"), state))
            for state in (*TransferState, None)
        ),
    )
    for taken in TAKEN
    for link, told in ((None, ""), (LINK, "1"))
]  # fmt: skip
TRANSFER = JOURNEYS[0].transfer

GONE = dict.fromkeys(
    ("messages", "edits", "files", "reactions", "practices", "kept", "reviews", "notes", "votes",
     "lines", "recommendations", "promises", "answers", "unanswered"),
    2,
)  # fmt: skip
PURGED = ("messages", "threads", "people", "files")
ONE_LINK = MessageLink(RoomId("!1"), EventId("$2"), "3")

SHOWN: dict[ModuleType, dict[str, list[Reply]]] = {
    shared: {
        "unknown_command": [
            shared.unknown_command(WORDS, "1", close, "2") for close in ((), "1", "12", "123")
        ],
        "in_its_room": [shared.in_its_room(WORDS, "1")],
        "not_allowed": [shared.not_allowed(WORDS, "1", who) for who in shared.ONLY],
        "not_yours": [shared.not_yours(WORDS, who) for who in shared.NOT_YOURS],
        "too_many": [shared.too_many(WORDS)],
        "not_encrypted": [shared.not_encrypted(WORDS)],
        "question": [shared.question(WORDS, "1?")],
        "cancelled": [shared.cancelled(WORDS)],
        "unknown_city": [
            shared.unknown_city(WORDS, "1", close, ["2", "3"]) for close in ([], ["2"])
        ],
        "unknown_cluster": [shared.unknown_cluster(WORDS, "1", [], ["2"])],
        "unknown_person": [shared.unknown_person(WORDS, "1")],
        "ambiguous_person": [shared.ambiguous_person(WORDS, "1", ["2", "3"])],
        "unknown_choice": [
            shared.unknown_choice(WORDS, "1", close, ["2", "3"]) for close in ([], ["2"])
        ],
        "unknown_option": [shared.unknown_option(WORDS, "1", ["2", "3"])],
        "unknown_language": [
            shared.unknown_language(WORDS, "1", close) for close in ([], ["2", "3"])
        ],
        "unknown_time_zone": [shared.unknown_time_zone(WORDS, "1", close) for close in ([], ["2"])],
        "took_back": [shared.took_back(WORDS)],
        "words_changed": [shared.words_changed(WORDS)],
        "commands_missed": [
            shared.commands_missed(WORDS, 2, NOW, NOW + timedelta(hours=n)) for n in (0, 1)
        ],
        "room_moved": [
            shared.room_moved(WORDS, RoomLink(RoomId("!1"), "2"), archived=a) for a in (True, False)
        ],
        "invitation_declined": [
            Reply((Paragraph((Text(shared.invitation_declined(WORDS, "1")),)),))
        ],
    },
    apologies: {"something_went_wrong": [apologies.something_went_wrong(PSEUDO)]},
    help_: {
        "overview": [
            help_.overview(WORDS, [help_.Line("1", "2", ("3", "4"))], help_="5", direct=d)
            for d in (True, False)
        ],
        "about": [
            help_.about(WORDS, replace(HELP, who=who))
            for who in ("everyone", "coordinators", "room admins", "operators")
        ],
        "unknown": [help_.unknown(WORDS, "1", close, "2") for close in (None, "3")],
    },
    members: {
        "whoami": [
            members.whoami(WORDS, card, sign="!")
            for card in (CARD, replace(CARD, city=None, digest=False, archive=False))
        ],
        "settings": [members.settings(WORDS, CARD, sign="!")],
        "language_set": [members.language_set(WORDS, "de")],
        "time_zone_set": [members.time_zone_set(WORDS, "1", NOW)],
        "digest_set": [members.digest_set(WORDS, on=on) for on in (True, False)],
        "member_set": [members.member_set(WORDS, ENTRY, language=code) for code in (None, "de")],
        "member_list": [
            members.member_list(WORDS, entries, place="1", hidden=2) for entries in ([], [ENTRY])
        ],
        "nothing_to_set": [members.nothing_to_set(WORDS, "1")],
        "not_your_cluster": [members.not_your_cluster(WORDS)],
        "not_yours_to_grant": [members.not_yours_to_grant(WORDS, role) for role in Role],
        "privacy": [
            members.privacy(WORDS, stored, sign="!")
            for stored in (
                STORED,
                replace(STORED, kept=(), contact="", retention=None),
                replace(STORED, kept=(("1", timedelta(days=30)),)),
                replace(STORED, controller="", card=replace(CARD, archive=False)),
            )
        ],
        "archive_on": [members.archive_on(WORDS)],
        "archive_off": [members.archive_off(WORDS, erase="1")],
    },
    erasure_words: {
        "preview": [
            erasure_words.preview(WORDS, counts, yes="1", keep="2", export="3")
            for counts in ({}, GONE)
        ],
        "begun": [erasure_words.begun(WORDS)],
        "going_on": [erasure_words.going_on(WORDS)],
        "receipt": [
            erasure_words.receipt(
                WORDS, GONE, named=[ONE_LINK] * n, more=n, present=bool(n), on="1"
            )
            for n in (0, 1)
        ],
    },
    clusters: {
        "city_card": [
            clusters.city_card(WORDS, card)
            for card in (CITY, replace(CITY, leads=(), members=()), FULL_CITY)
        ],
        "no_city_of_your_own": [clusters.no_city_of_your_own(WORDS, "1")],
        "welcome": [clusters.welcome(WORDS, "1", topic, prefix="!") for topic in ("", "2")],
        "welcome_to_coordinators": [clusters.welcome_to_coordinators(WORDS, prefix="!")],
        "renamed": [clusters.renamed(WORDS, "1")],
        "removed": [clusters.removed(WORDS, "1", contact=contact) for contact in ("", "2")],
        "restored": [clusters.restored(WORDS, "1")],
        "paused_until": [clusters.paused_until(WORDS, "1", when, "2") for when in (None, NOW)],
        "how_many_days": [clusters.how_many_days(WORDS, "1", 2)],
        "which_cluster": [clusters.which_cluster(WORDS, ["1", "2"])],
        "not_your_cluster": [clusters.not_your_cluster(WORDS, "1")],
        "status": [
            clusters.status(WORDS, clusters.Status("1", 2, 3, who, archived, 4, paused, until))
            for who, archived, paused, until in (
                ((), False, False, None),
                (("5",), True, True, None),
                (("5", "6"), True, True, NOW),
            )
        ],
        "greeting": [
            clusters.greeting(WORDS, "1", topic, ask, archived=archived)
            for topic, ask, archived in (("", "", False), ("2", "3", True))
        ],
        "coordinator_left": [
            clusters.coordinator_left(WORDS, "1", "2", others, "3") for others in ([], ["4"])
        ],
        "resumed": [clusters.resumed(WORDS, "1")],
    },
    archive: {
        "notice": [
            archive.notice(
                WORDS,
                controller=who,
                contact=mail,
                retention=kept,
                encrypted=True,
                prefix="!",
                files_mb=size,
            )
            for who, mail, kept, size in (
                ("1", "2", None, None),
                ("1", "", timedelta(days=9), 3),
                ("", "", None, None),
            )
        ],
        "already_on": [archive.already_on(WORDS)],
        "already_off": [archive.already_off(WORDS)],
        "switched_off": [archive.switched_off(WORDS, on="1", purge="2")],
        "not_here": [archive.not_here(WORDS)],
        "not_a_day": [archive.not_a_day(WORDS, "1", "2")],
        "off_here": [archive.off_here(WORDS, "1")],
        "kept_already": [archive.kept_already(WORDS, NOW.date())],
        "thrown_away": [archive.thrown_away(WORDS, NOW.date())],
        "too_old": [archive.too_old(WORDS, timedelta(days=2))],
        "amount": [Reply((Items(tuple((line,) for line in archive.amount(WORDS, HELD))),))],
        "past_preview": [archive.past_preview(WORDS, NOW.date(), NOW.date(), yes="1")],
        "past_notice": [archive.past_notice(WORDS, NOW.date(), NOW.date(), off="1", stop="2")],
        "past_progress": [
            archive.past_progress(
                WORDS, archive.OlderHistory(NOW.date(), NOW.date(), 7, number, number), stage
            )
            for stage in archive.Stage
            for number in (0, 1, 7)
        ],
        "past_stopped": [archive.past_stopped(WORDS)],
        "past_not_asked": [archive.past_not_asked(WORDS)],
        "nothing_to_export": [archive.nothing_to_export(WORDS)],
        "status": [
            archive.status(WORDS, held)
            for held in (
                [],
                [HELD],
                [replace(HELD, on=False)],
                [replace(HELD, expired=2, kept_for=timedelta(days=2), soon=3)],
                [replace(HELD, past_from=NOW.date(), past_read=4)],
                [replace(HELD, files=FilesHeld(1, 2_000_000, 3, 4, 5))],
                [replace(HELD, files=FilesHeld(2, 3_000, 1, 1, 1, 1))],
                [replace(HELD, files=FilesHeld(no_room=2))],
            )
        ],
        "no_thread": [archive.no_thread(WORDS, "1")],
        "no_archive": [archive.no_archive(WORDS, "1")],
        "nothing_kept": [archive.nothing_kept(WORDS)],
        "thread_summary": [archive.thread_summary(WORDS, SUMMARY, ())],
        "confirmed": [archive.confirmed(WORDS, "1", "2")],
        "summary_title": [paragraphs((Text(archive.summary_title(WORDS, SUMMARY)),))],
    },
    purge_words: {
        "preview": [
            purge_words.preview(WORDS, held, files=files, yes="1", export="2")
            for held, files in ((HELD, 0), (replace(HELD, messages=1), 1), (HELD, 2))
        ],
        "nothing_kept": [purge_words.nothing_kept(WORDS)],
        "begun": [purge_words.begun(WORDS)],
        "going_on": [purge_words.going_on(WORDS)],
        "receipt": [
            purge_words.receipt(WORDS, dict.fromkeys(PURGED, number), on="1")
            for number in (0, 1, 7)
        ],
        "done_again": [purge_words.done_again(WORDS, on="1")],
        "ahead": [
            purge_words.ahead(WORDS, "1", {"messages": number}, DAY, DAY) for number in (0, 1, 7)
        ],
        "left_room": [
            purge_words.left_room(WORDS, "1", {"messages": number}, timedelta(days=2))
            for number in (0, 1, 7)
        ],
    },
    search: {
        "refused": [search.refused(WORDS, refusal, HINTS) for refusal in Refusal],
        "found": [
            search.found(WORDS, where, [HIT, *DOCUMENTS], more=more, widened=wide, **FOUND)
            for where, more, wide in ((WHERE, "1", True), (ANYWHERE, None, False))
        ],
        "nothing": [
            search.nothing(
                WORDS,
                WHERE,
                elsewhere=there,
                hints=HINTS,
                better=better,
                renewing=there,
                rooms=("1",) * 11 if there else (),
            )
            for there in (True, False)
            for better in (None, "1")
        ],
        "no_more": [search.no_more(WORDS, "1", direct=direct) for direct in (False, True)],
        "no_thread": [search.no_thread(WORDS, "1")],
        "no_thread_here": [search.no_thread_here(WORDS)],
        "no_archive": [search.no_archive(WORDS, "1")],
    },
    practice_card: {
        "card": [
            practice_card.card(WORDS, replace(VIEW, practice=practice), "!")
            for practice in (WHOLE, *OF_PRACTICES, replace(WHOLE, state=PracticeState.RETIRED))
        ],
    },
    practices: {
        "field_names": [paragraphs((Text(practices.field_names(WORDS, list(F))),))],
        "overview": [
            practices.overview(WORDS, "!", drafts=drafts, typed=typed)
            for drafts, typed in (((), ""), (("1", "2"), "3"))
        ],
        "no_number": [practices.no_number(WORDS, "1", "2")],
        "unknown_practice": [practices.unknown_practice(WORDS, 1, "2")],
        "not_yours": [practices.not_yours(WORDS, PRACTICE)],
        "begins": [paragraphs(practices.begins(WORDS, PRACTICE, title)) for title in ("", "1")],
        "question": [
            practices.question(WORDS, field, now=now) for field in list(F)[:5] for now in ("", "1")
        ],
        "one_field": [practices.one_field(WORDS, field, "1") for field in F],
        "noted": [paragraphs(practices.noted(WORDS, list(F)))],
        "too_long": [
            paragraphs(practices.too_long(WORDS, field, "1", "2", 3))
            for field in (F.TITLE, F.ENGLISH_SUMMARY)
        ],
        "words_please": [paragraphs(practices.words_please(WORDS))],
        "first_already": [paragraphs(practices.first_already(WORDS))],
        "strange_field": [
            paragraphs(practices.strange_field(WORDS, "1", meant)) for meant in ("", "2")
        ],
        "not_one_of": [paragraphs(practices.not_one_of(WORDS, NotOneOf(F.EVIDENCE, "1", ("2",))))],
        "stopped": [
            practices.stopped(WORDS, PRACTICE, "!", empty=empty) for empty in (True, False)
        ],
        "kept_as_draft": [practices.kept_as_draft(WORDS, PRACTICE, list(F), "!")],
        "no_cluster": [practices.no_cluster(WORDS, PRACTICE, "!")],
        "shared": [
            practices.shared(WORDS, PRACTICE, "1", lacking, "!") for lacking in ([], list(F))
        ],
        "details_seen": [
            practices.details_seen(WORDS, PRACTICE, "1", seen)
            for seen in ([Detail.PHONE], list(Detail))
        ],
        "changed": [practices.changed(WORDS, PRACTICE, fields) for fields in ([], list(F))],
        "which_field": [practices.which_field(WORDS, PRACTICE, "!")],
        "taken_out": [paragraphs(practices.taken_out(WORDS, PRACTICE, list(F)))],
        "capture_what": [practices.capture_what(WORDS, "!")],
        "nothing_to_capture": [practices.nothing_to_capture(WORDS, "!")],
        "captured_already": [practices.captured_already(WORDS, 1)],
        "asked_author": [practices.asked_author(WORDS, "1")],
        "may_i": [practices.may_i(WORDS, "1", "2", LINK)],
        "yes_or_no": [practices.yes_or_no(WORDS)],
        "stays_talk": [practices.stays_talk(WORDS)],
        "would_rather_not": [practices.would_rather_not(WORDS, "1")],
        "captured": [paragraphs(practices.captured(WORDS, PRACTICE))],
        "cannot": [practices.cannot(WORDS, one, "!") for one in OF_PRACTICES],
        "lacks": [practices.lacks(WORDS, PRACTICE, list(F), "!")],
        "not_reviewed": [
            practices.not_reviewed(WORDS, PRACTICE, Reviewed(cities, facilitator), "!")
            for cities, facilitator in (((), False), (("1",), True), (("1", "2"), False))
        ],
        "published": [practices.published(WORDS, PRACTICE)],
        "retired": [practices.retired(WORDS, PRACTICE)],
        "surely": [practices.surely(WORDS, PRACTICE, "!")],
        "withdrawn": [practices.withdrawn(WORDS, "1")],
        "withdrawn_with_its_message": [practices.withdrawn_with_its_message(WORDS, "1")],
        "listing": [
            practices.listing(WORDS, rows, what=what, more=more, sign="!")
            for rows, what, more in (
                ([], "", 0),
                ([], "1", 0),
                ([(WHOLE, "1", LINK), (PRACTICE, "", None)], "1", 2),
            )
        ],
        "shelf": [
            practices.shelf(WORDS, [], []),
            practices.shelf(WORDS, [(WHOLE, "1")], [("1", "2", "3", "4")]),
        ],
        "suggestions": [practices.suggestions(WORDS, on=on) for on in (True, False)],
        "looks_close": [practices.looks_close(WORDS, "1", "2", "3", link) for link in (None, LINK)],
        "exported": [practices.exported(WORDS, 2)],
    },
    practice_reviews: {
        "question": [practice_reviews.question(WORDS, asked) for asked in ReviewQuestion],
        "begins": [paragraphs(practice_reviews.begins(WORDS, PRACTICE, "1"))],
        "begin_with_a_verdict": [paragraphs(practice_reviews.begin_with_a_verdict(WORDS))],
        "thanks": [practice_reviews.thanks(WORDS, PRACTICE)],
        "later": [practice_reviews.later(WORDS, PRACTICE, "!")],
        "opened": [practice_reviews.opened(WORDS, PRACTICE, "!")],
        "own_city": [practice_reviews.own_city(WORDS, PRACTICE)],
        "no_city": [practice_reviews.no_city(WORDS, "!")],
        "needs_what": [practice_reviews.needs_what(WORDS, PRACTICE, "!")],
        "asked": [practice_reviews.asked(WORDS, PRACTICE)],
        "please_add": [practice_reviews.please_add(WORDS, PRACTICE, "1", "2")],
        "supplied": [practice_reviews.supplied(WORDS, PRACTICE)],
        "told_author": [
            practice_reviews.told_author(WORDS, PRACTICE, "1", city, reviewed, lacking=lacking)
            for city, reviewed, lacking in (
                ("", Reviewed((), False), True),
                ("1", Reviewed(("1", "2"), True), False),
                ("1", Reviewed(("1", "2"), True), True),
            )
        ],
    },
    practice_transfers: {
        "card": [practice_transfers.card(WORDS, one, "!", most=9) for one in JOURNEYS],
        "begun": [
            practice_transfers.begun(WORDS, TRANSFER, PRACTICE, giver, "!") for giver in ("", "1")
        ],
        "moved": [
            practice_transfers.moved(WORDS, one.transfer, one.told, link=one.source)
            for one in JOURNEYS
        ],
        "own_practice": [practice_transfers.own_practice(WORDS, PRACTICE)],
        "retired": [practice_transfers.retired(WORDS, PRACTICE, "!")],
        "not_shared_yet": [practice_transfers.not_shared_yet(WORDS, PRACTICE, "!")],
        "under_way": [practice_transfers.under_way(WORDS, TRANSFER, "!")],
        "unknown_transfer": [practice_transfers.unknown_transfer(WORDS, 1)],
        "not_yours": [practice_transfers.not_yours(WORDS, TRANSFER, "1")],
        "cannot_move": [
            practice_transfers.cannot_move(WORDS, TRANSFER, states, "!")
            for states in ([], list(TransferState))
        ],
        "how_is_it_going": [
            practice_transfers.how_is_it_going(WORDS, TRANSFER, "1", link) for link in (None, LINK)
        ],
        "in_the_diary": [practice_transfers.in_the_diary(WORDS, TRANSFER)],
        "told_giver": [practice_transfers.told_giver(WORDS, one) for one in JOURNEYS],
    },
    **samples.by_module(),
    digest_words: digest_samples.SHOWN,
    line_words: digest_samples.LINE_WORDS,
    question_words: digest_samples.QUESTIONS,
    admin: {"status": [admin.status(WORDS, STATE), admin.status(WORDS, WELL)]},
    doctor: {
        "report": [doctor.report(WORDS, found) for found in ([], ILL[:1], ILL)],
        "troubles": [doctor.troubles(WORDS, ILL, ["⟦⟧"]), doctor.troubles(WORDS, (), ["⟦⟧"])],
    },
}


@pytest.mark.parametrize("module", SHOWN, ids=lambda module: module.__name__)
def test_every_reply_is_shown_to_the_pseudo_language(module: ModuleType) -> None:
    public = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert set(SHOWN[module]) == public


def test_every_feature_with_replies_is_looked_at() -> None:
    found = [*ROOT.glob("commands/**/replies.py"), *ROOT.glob("commands/**/*_words.py")]
    files = sorted(str(p.relative_to(ROOT)) for p in found)
    looked_at = {f"{m.__name__.replace('.', '/')}.py" for m in SHOWN}
    assert set(files) <= looked_at


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        (f"{module.__name__}.{name}", reply)
        for module, functions in SHOWN.items()
        for name, replies in functions.items()
        for reply in replies
    ],
)
def test_no_reply_has_a_word_that_is_not_translated(name: str, reply: Reply) -> None:
    assert untranslated(reply) == [], name


LONG = timedelta(days=2)
VALUES: dict[Any, object] = {
    str: "1",
    int: 7,
    bool: True,
    timedelta: LONG,
    timedelta | None: LONG,
    str | None: "0",
    Sequence[str]: tuple("1234567"),
}


@pytest.mark.parametrize(
    "find",
    [
        function
        for module in (findings, room_findings)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and name not in ("judged", "well", "_named")
    ],
    ids=lambda function: function.__name__,
)
def test_no_finding_has_a_word_that_is_not_translated(find: Any) -> None:
    given = {
        name: VALUES[parameter.annotation]
        for name, parameter in inspect.signature(find).parameters.items()
        if name != "words"
    }
    found = find(WORDS, **given)
    for text in (found.said, found.cure):
        assert not text or text.startswith("⟦"), text


# ── every command, through the whole hall ─────────────────────────────────────────────────────


@pytest.fixture
async def pseudo(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> Hall:
    """A hall that speaks the pseudo-language, to people whose names have no letters."""
    # Who chooses a language is answered in it, now and later.
    monkeypatch.setattr("commands.members.handlers.words_in", lambda _language: WORDS)
    monkeypatch.setattr("commands.context.words_in", lambda _language: WORDS)
    community = replace(hall.settings.community, language=PSEUDO)
    hall.settings = replace(hall.settings, community=community)
    for number, who in enumerate(("ann", "ben", "cora", "paula", "otto")):
        user_id = UserId(f"@{who}:hs")
        name = str(number)
        await hall.do(lambda c: people.change(c, user_id, display_name=name))  # noqa: B023 — awaited at once
    return hall


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.name)
async def test_no_command_answers_a_word_that_is_not_translated(pseudo: Hall, command: Any) -> None:
    await pseudo.keeps_archive()
    root = await pseudo.talks(UserId("@ann:hs"), "1 2 3?")
    for room in (HOUSING, direct(OTTO)):
        for typed in (command.example, command.name, f"{command.name} 1"):
            pseudo.later(timedelta(minutes=2))
            posts = await pseudo.says(OTTO, f"!{typed}", room, thread_root=root)
            for post in posts:
                if isinstance(post, Say | Tell):
                    assert untranslated(post.reply) == [], typed


# ── the catalogue ─────────────────────────────────────────────────────────────────────────────


def extracted() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(ROOT / "commands", method_map=[("**.py", "python")], keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


def test_the_template_of_the_catalogues_is_up_to_date() -> None:
    """If this fails: the command is in babel.cfg."""
    template = read_po(BytesIO(POT.read_bytes()))
    assert {message.id for message in template if message.id} == extracted()


def test_sentences_are_found_where_they_are_written() -> None:
    found = extracted()
    assert len(found) > 200
    assert "This room keeps an archive" in found
    assert "who you are to me: city, roles, language, time zone" in found
    assert ("{number} message", "{number} messages") in found


def test_the_pseudo_language_brackets_dates_lists_and_names_as_well() -> None:
    moment = NOW.astimezone(ZoneInfo("Europe/Oslo"))
    for text in (
        WORDS.date(DAY),
        WORDS.moment(moment),
        WORDS.duration(timedelta(days=2)),
        WORDS.listing(["1", "2"]),
        WORDS.country_name("NO"),
        WORDS.language_name("de"),
    ):
        assert text.startswith("⟦")


def test_moments_are_written_as_europe_writes_them() -> None:
    moment = datetime(2026, 3, 2, 15, 5, tzinfo=ZoneInfo("Europe/Oslo"))
    assert words_in("en").moment(moment) == "2 Mar 2026, 15:05"
    assert words_in("en").clock(moment) == "15:05"
    assert words_in("de").moment(moment) == "02.03.2026, 15:05"
    with pytest.raises(ValueError, match="time zone"):
        words_in("en").moment(moment.replace(tzinfo=None))
