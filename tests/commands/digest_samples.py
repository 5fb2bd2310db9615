"""Every reply of digests and questions, for the pseudo-language that finds untranslated words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from commands.digests import line_words, replies
from commands.digests.replies import Plan, Shown, Status
from commands.digests.rules import Digest, LeftOut, Line, Section, What
from commands.digests.talk import Bucket
from commands.questions import replies as questions
from commands.questions.replies import Asked, Expert, Suggested
from commands.reply import Mention, MessageLink, Reply, paragraphs
from commands.words import PSEUDO, words_in
from storage.records import EventId, RoomId, UserId

WORDS = words_in(PSEUDO)
AT = datetime(2026, 3, 9, 7, tzinfo=UTC)
LINK = MessageLink(RoomId("!1:1"), EventId("$1"), WORDS.text("message"))
VISIT = {"name": "1", "host": "2", "start": "2026-03-09", "last": "2026-03-11", "days": 3}
KNOWS = [["1", "2", "wrote", ""], ["3", "", "practice", "4"], ["5", "6", "practice", ""]]


def line(section: Section, what: What, facts: Mapping[str, Any], **more: Any) -> Line:
    key = f"{what}/{facts}/{more}"
    return replace(Line(key, section, what, facts, text="1"), **more)


LINES = (
    line(Section.QUESTIONS, What.QUESTION, {"city": "2", "days": 3, "knows": KNOWS}),
    line(
        Section.QUESTIONS, What.QUESTION, {"city": "", "days": 1, "partly": True, "routes": ["1"]}
    ),
    line(Section.QUESTIONS, What.QUESTION, {"city": "", "days": 0}),
    line(Section.DECIDE, What.DATES_CLOSED, VISIT),
    line(
        Section.DECIDE,
        What.DATES_OPEN,
        {**VISIT, "closes": AT.isoformat(), "cities": 4, "answered": 2},
    ),
    line(
        Section.DECIDE,
        What.CLASH,
        {**VISIT, "other": "3", "other_host": "4", "other_start": "2026-03-10",
         "other_last": "2026-03-12", "who": ["5"]},
    ),
    *(line(Section.VISITS, one, VISIT)
      for one in (What.VISIT_SOON, What.VISIT_DECIDED, What.REPORT_OVERDUE)),
    *(line(Section.PROMISES, What.PROMISE,
           {"name": "1", "city": city, "state": state, "due": "2026-03-09", "why": why})
      for city in ("2", "") for state in ("due", "overdue", "done", "dropped")
      for why in ("", "3")),
    *(line(Section.PRACTICES, What.PRACTICE, {"name": "1", "city": "2", "state": state})
      for state in ("shared", "published")),
    *(line(Section.PRACTICES, What.TRANSFER,
           {"name": "1", "city": "2", "state": state, "giver": "3", "practice": "4", "why": why},
           text=text)
      for state in line_words.TRANSFERS for why in ("", "5") for text in ("", "6")),
    *(line(Section.FINDINGS, What.TALK,
           {"bucket": bucket, "city": "2", "answers": number, "cities": cities})
      for bucket in line_words.TALK for number in (0, 2) for cities in ([], ["3", "4"])),
    line(Section.FINDINGS, What.SUMMARY, {}),
    *(line(Section.QUIET, What.QUIET_CITY, {"city": "1", "days": days, "who": who}, staff=True)
      for days in (-1, 20) for who in ([], ["2"])),
    line(Section.HOUSEKEEPING, What.LACKS, {"name": "1", "city": "2"}, staff=True),
    *(line(Section.HOUSEKEEPING, What.MOVED, {"joined": joined, "left": left})
      for joined, left in ((1, 0), (0, 2), (2, 1))),
    *(line(Section.HOUSEKEEPING, What.COORDINATOR_GONE,
           {"who": "1", "cluster": "2", "others": others}, staff=True) for others in (0, 1)),
    line(Section.FINDINGS, What.TALK, {}, own="3"),
    line(Section.FINDINGS, What.TALK, {"bucket": Bucket.LESSON, "city": "", "answers": 1,
                                       "cities": []}, dropped=True),
)  # fmt: skip
DIGEST = Digest(LINES, dict.fromkeys(LeftOut, 2))
FULL = Shown(DIGEST, "1", AT, AT, {one.key: LINK for one in LINES[::2]}, late_for=AT, long=True)
WEEK = replace(FULL, late_for=None, long=False)
QUIET = Shown(Digest(), "1", AT, AT)
STATES = (
    Status(),
    Status(sends_at=AT, for_whom=(Mention(UserId("@1:1"), "1"), Mention(UserId("@2:2"), "2"))),
    Status("sent", "1", AT),
    Status("sent", "", AT),
    Status("skipped", "1", AT),
    Status("replaced"),
)
OWN = replace(FULL, digest=Digest(LINES[:5], {LeftOut.OVER: 1}))

LINE_WORDS: dict[str, list[Reply]] = {
    "line": [paragraphs(line_words.line(WORDS, one, FULL.links)) for one in LINES],
    "joined": [paragraphs(line_words.joined([WORDS.say("published"), WORDS.say("answered")]))],
}
SHOWN: dict[str, list[Reply]] = {
    "digest": [
        replies.digest(WORDS, one) for one in (FULL, WEEK, QUIET, replace(QUIET, late_for=AT))
    ],
    "draft": [replies.draft(WORDS, one, state) for one in (FULL, QUIET) for state in STATES],
    "preview": [
        replies.preview(WORDS, one, staff=staff) for one in (WEEK, QUIET) for staff in (True, False)
    ],
    "not_yours": [replies.not_yours(WORDS, "1")],
    "which_line": [replies.which_line(WORDS, 3, drop=drop) for drop in (True, False)],
    "no_such_line": [replies.no_such_line(WORDS, 9, lines) for lines in (1, 3)],
    "was_replaced": [replies.was_replaced(WORDS, "1")],
    "was_sent": [replies.was_sent(WORDS, "1", AT)],
    "sent": [replies.sent(WORDS, "1")],
    "skipped": [replies.skipped(WORDS, "1")],
    "no_room": [replies.no_room(WORDS, "1")],
    "no_draft": [replies.no_draft(WORDS, "1", when, "2") for when in (None, AT)],
    "which_digest": [replies.which_digest(WORDS, ["1", "2"], "3")],
    "schedule": [
        replies.schedule(
            WORDS, [Plan("1", None, None), Plan("2", AT, None), Plan("3", AT, AT)], "!"
        )
    ],
    "own_on": [replies.own_on(WORDS, AT, "!")],
    "own_off": [replies.own_off(WORDS, "!")],
    "unread_hour": [replies.unread_hour(WORDS, "1", "2")],
    "own": [replies.own(WORDS, OWN, edition, "!") for edition in replies.OWN_TITLES],
}  # fmt: skip


# ── questions ─────────────────────────────────────────────────────────────────────────────────

ASKED = Asked("1", "2", "3", "4", "5", 6, LINK)
BARE = Asked("1", "2")
EXPERTS = (
    Expert("1", "2", "wrote"),
    Expert("1", "", "practice", "3"),
    Expert("1", "2", "practice"),
)
WHO = Mention(UserId("@1:1"), "1")

QUESTIONS: dict[str, list[Reply]] = {
    "noted": [questions.noted(WORDS, "1")],
    "reworded": [questions.reworded(WORDS, "1")],
    "offered": [questions.offered(WORDS, WHO)],
    "ask_in_a_room": [questions.ask_in_a_room(WORDS, rooms, "3") for rooms in ([], ["1", "2"])],
    "unknown": [questions.unknown(WORDS, "1")],
    "no_number": [questions.no_number(WORDS, "1")],
    "not_yours": [questions.not_yours(WORDS, "1")],
    "where_else": [
        questions.where_else(WORDS, asked, there)
        for asked in (ASKED, BARE)
        for there in (Suggested("1", EXPERTS, ("2",), asker_gone=True), Suggested("", (), ("2",)))
    ],
    "settled": [
        questions.settled(WORDS, outcome, "1", cluster="2", who="3")
        for outcome in questions.OUTCOMES
    ],
    "over": [questions.over(WORDS, "1")],
    "asked_there_already": [questions.asked_there_already(WORDS, "1", "2")],
    "no_room": [questions.no_room(WORDS, "1")],
    "there": [
        questions.there(WORDS, asked, who) for asked in (ASKED, BARE) for who in ((), (WHO, WHO))
    ],
    "asked_elsewhere": [questions.asked_elsewhere(WORDS, "1", "2")],
    "carried": [questions.carried(WORDS, "1", city, "3", "4") for city in ("2", "")],
    "answered": [questions.answered(WORDS, "1", "2")],
    "closed": [questions.closed(WORDS, "1", answered=answered) for answered in (True, False)],
    "nobody_knew": [questions.nobody_knew(WORDS, "1")],
    "listed": [
        questions.listed(WORDS, found) for found in ([], [(ASKED, "open"), (BARE, "partly")])
    ],
}
