"""Every reply about visits, shown to the pseudo-language: names without a letter."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from commands.dates.reader import Span, Trouble, Why
from commands.dates.rules import (
    Because,
    Choice,
    Option,
    Reason,
    Said,
    Standing,
    Status,
    Value,
    Voice,
)
from commands.reply import Mention, Paragraph, Reply, Text
from commands.visits import feed_words, replies
from commands.visits import promise_words as replies_of_promises
from commands.words import PSEUDO, words_in
from storage.records import UserId

WORDS = words_in(PSEUDO)
DAY = date(2026, 3, 9)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPAN = Span(DAY, DAY + timedelta(days=2))
V = replies.Named("1", "2", sign="")
TITLED = replies.Named("1", "2", "3", sign="")
ANN = UserId("@1:2")
WHO = (Mention(ANN, "4"),)
DATES = [(1, SPAN)]
KINDS = ("holiday", "weekend", "clash", "week", "overlap")
REMARKS = tuple(replies.Remark(kind, (DAY,), "1", ("2",)) for kind in KINDS)


def standing(number: int, status: Status, *becauses: Because, **counts: int) -> Standing:
    tally = {"yes": 3, "maybe": 1, "no": 1, "silent": 1, **counts}
    reasons = tuple(Reason(one, ("k",)) for one in becauses)
    odd = Voice(Value.YES, ANN, (Said(ANN, Value.NO, NOW),))
    return Standing(Option(number, SPAN), status, reasons=reasons, voices={"k": odd}, **tally)


BEST = standing(1, Status.POSSIBLE)
OTHERS = [
    standing(2, Status.POSSIBLE, **more) for more in ({"yes": 1}, {"no": 3}, {"yes": 2, "maybe": 2})
]
WAITS = standing(3, Status.WAITING, *Because)
REFUSED = standing(4, Status.OUT, Because.REFUSED)
CHOICES = [
    *(Choice((BEST, one, WAITS), (BEST,), ((WAITS, ("k",)),)) for one in OTHERS),
    Choice((BEST, standing(2, Status.POSSIBLE)), (BEST,)),
    Choice((BEST,), (BEST,)),
    Choice((BEST, BEST), (BEST, BEST)),
    Choice((REFUSED,), ()),
    Choice((WAITS,), ()),
]
NAMES = {"k": "5", ANN: "4"}
CARD = replies.Card(
    V, "polling", NAMES, CHOICES[0], NOW, ("6",), None, (), "7", NOW, "8",
    (("1", "2", DAY, False), ("", "2", None, True)),
    ((DAY, "1"), (None, "")),
    (("1", 2),),
    ("3",),
)  # fmt: skip


def said(text: str) -> Reply:
    return Reply((Paragraph((Text(text),)),))


SHOWN: dict[str, list[Reply]] = {
    "headline": [Reply((Paragraph(replies.headline(WORDS, one)),)) for one in (V, TITLED)],
    "understood": [
        replies.understood(
            WORDS,
            replies.Understood(V, ((SPAN, REMARKS),), ("1",), ("2",), NOW, first, missing),
        )
        for first, missing in ((True, ("3",)), (False, ()))
    ],
    "which_date": [replies.which_date(WORDS, Trouble(why, "1", (DAY, DAY))) for why in Why],
    "no_dates": [replies.no_dates(WORDS, "1")],
    "same_dates": [replies.same_dates(WORDS, SPAN)],
    "too_many_dates": [replies.too_many_dates(WORDS, 20)],
    "late_deadline": [replies.late_deadline(WORDS, NOW, DAY)],
    "quorum_too_large": [replies.quorum_too_large(WORDS, 3)],
    "unknown_visit": [replies.unknown_visit(WORDS, "1")],
    "which_visit": [replies.which_visit(WORDS, some, "1") for some in ([], [V])],
    "not_in_this_state": [replies.not_in_this_state(WORDS, V, state) for state in replies.STATES],
    "not_yours_to_decide": [replies.not_yours_to_decide(WORDS, V)],
    "unread_vote": [replies.unread_vote(WORDS, "1", (1, 2), "")],
    "receipt": [
        replies.receipt(WORDS, replies.Receipt(V, parties, ((1, Value.YES),), NOW))
        for parties in ((), ("1",))
    ],
    "vote_too_late": [replies.vote_too_late(WORDS, V, NOW)],
    "not_a_speaker": [replies.not_a_speaker(WORDS, "1")],
    "card": [
        replies.card(WORDS, one)
        for one in (
            CARD,
            replace(CARD, state="draft", choice=None),
            replace(CARD, state="confirmed", decided=SPAN, comes=("1",)),
            replace(CARD, state="held", decided=SPAN, tasks=(), agenda=(), online=None),
        )
    ],
    "result": [
        replies.result(WORDS, replies.Result(V, choice, NAMES, NOW, planned))
        for choice in CHOICES
        for planned in (None, NOW)
    ],
    "extended": [replies.extended(WORDS, V, who, NOW) for who in (WHO, ("1", "2"))],
    "please_answer": [replies.please_answer(WORDS, V, WHO)],
    "poll_question": [said(replies.poll_question(WORDS, SPAN, 1))],
    "poll_answers": [said(text) for text in replies.poll_answers(WORDS).values()],
    "poll_over": [said(replies.poll_over(WORDS, V))],
    "reminder": [replies.reminder(WORDS, V, DATES, NOW)],
    "asked_first": [replies.asked_first(WORDS, V, DATES, NOW)],
    "opened": [replies.opened(WORDS, V, first=first) for first in (True, False)],
    "none_left": [replies.none_left(WORDS, V, ("1",))],
    "decided": [
        replies.decided(WORDS, replies.Decision(V, SPAN, comes, WHO, why))
        for comes, why in (((), ""), (("1",), "2"))
    ],
    "calendar_caption": [replies.calendar_caption(WORDS, V, n, ()) for n in (0, 2)],
    "summary": [said(replies.summary(WORDS, one)) for one in (V, TITLED)],
    "who_comes": [said(replies.who_comes(WORDS, ("1",)))],
    "local_time": [said(replies.local_time(WORDS, NOW, "1"))],
    "google": [said(replies.google(WORDS))],
    "needs_a_reason": [replies.needs_a_reason(WORDS, V, 1, ("2",))],
    "choose_one": [replies.choose_one(WORDS, V, numbers) for numbers in ((), (1, 2))],
    "already_decided": [replies.already_decided(WORDS, V, SPAN)],
    "moved": [replies.moved(WORDS, V, SPAN, SPAN, who) for who in ((), WHO)],
    "cancelled": [replies.cancelled(WORDS, V, why) for why in ("", "1")],
    "dropped": [replies.dropped(WORDS, V)],
    "postponed": [replies.postponed(WORDS, V)],
    "online": [replies.online(WORDS, V, NOW)],
    "host_changed": [replies.host_changed(WORDS, V)],
    "soon": [replies.soon(WORDS, V, 3, SPAN, undone) for undone in ((), ("1",))],
    "clash_appeared": [replies.clash_appeared(WORDS, V, 1, TITLED, ("2",))],
    "visit_list": [
        replies.visit_list(WORDS, some)
        for some in ([], [(V, "polling", None), (TITLED, "confirmed", SPAN)])
    ],
    "reminded": [replies.reminded(WORDS, V, count) for count in (0, 1, 2)],
    "speaker_set": [replies.speaker_set(WORDS, "1", "2")],
}

ADVICE = replies_of_promises.Advice("1", "2", "3", "4", "made", "5")
TASK = replies_of_promises.Task("1", "2", "3", "open", "4", DAY, False, "5")
NOTE = replies_of_promises.Note("1", "2", "3")
REPORT = replies_of_promises.Report(
    TITLED, (DAY, DAY), ("1",), 2, (NOTE,), (ADVICE,), (TASK,), ("1",), ("2",), False
)
LATE = replace(TASK, overdue=True, text="")
LINE = [Reply((Paragraph(replies_of_promises.task_line(WORDS, one)),)) for one in (TASK, LATE)]

AFTER: dict[str, list[Reply]] = {
    "advice_line": [
        Reply((Paragraph(replies_of_promises.advice_line(WORDS, replace(ADVICE, verdict=v))),))
        for v in replies_of_promises.VERDICTS
    ],
    "task_line": LINE,
    "source_word": [said(replies_of_promises.source_word(WORDS))],
    "how_was_it": [replies_of_promises.how_was_it(WORDS, V, who) for who in ((), WHO)],
    "report": [
        replies_of_promises.report(WORDS, one)
        for one in (
            REPORT,
            replace(REPORT, final=True, notes=(), advice=(), tasks=()),
            replace(REPORT, waiting=(), people=0, cities=()),
        )
    ],
    "report_final": [replies_of_promises.report_final(WORDS, V)],
    "too_early": [replies_of_promises.too_early(WORDS, V)],
    "noted_advice": [replies_of_promises.noted_advice(WORDS, ADVICE, "")],
    "judged": [
        replies_of_promises.judged(WORDS, replace(ADVICE, verdict=v))
        for v in ("accepted", "declined")
    ],
    "noted_task": [replies_of_promises.noted_task(WORDS, TASK, "")],
    "task_changed": [
        replies_of_promises.task_changed(WORDS, replace(TASK, progress=p))
        for p in replies_of_promises.PROGRESS
    ],
    "task_list": [replies_of_promises.task_list(WORDS, some, "") for some in ([], [TASK])],
    "unknown_number": [replies_of_promises.unknown_number(WORDS, "1", "2")],
    "not_your_task": [replies_of_promises.not_your_task(WORDS, "1")],
    "not_your_city": [replies_of_promises.not_your_city(WORDS, "1")],
    "no_text": [replies_of_promises.no_text(WORDS, "1")],
    "is_due": [replies_of_promises.is_due(WORDS, TASK)],
    "review": [
        replies_of_promises.review(WORDS, V, [ADVICE], [TASK], WHO),
        replies_of_promises.review(WORDS, V, [], [], ()),
    ],
    "usual_tasks": [said(text) for text, _ in replies_of_promises.usual_tasks(WORDS)],
    "line_noted": [replies_of_promises.line_noted(WORDS, V, n) for n in (None, 2)],
    "ticked": [replies_of_promises.ticked(WORDS, V, "1", 2)],
    "delegation_noted": [replies_of_promises.delegation_noted(WORDS, V, "1", 2)],
}

FEED: dict[str, list[Reply]] = {
    "not_served": [feed_words.not_served(WORDS)],
    "not_yours": [feed_words.not_yours(WORDS)],
    "off": [feed_words.off(WORDS)],
    "on": [feed_words.on(WORDS, "1")],
}
