"""Every reply about visits, shown to the pseudo-language: names without a letter."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import ModuleType

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
from commands.visits import (
    card_words,
    decision_words,
    feed_words,
    life_words,
    poll_words,
    promise_words,
    proposal_words,
    replies,
    tally_words,
)
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
REMARKS = tuple(proposal_words.Remark(kind, (DAY,), "1", ("2",)) for kind in KINDS)


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
CARD = card_words.Card(
    V, "polling", NAMES, CHOICES[0], NOW, ("6",), None, (), "7", NOW, "8",
    (("1", "2", DAY, False), ("", "2", None, True)),
    ((DAY, "1", "2"), (None, "", "")),
    (("1", 2),),
    ("3",),
)  # fmt: skip


def said(text: str) -> Reply:
    return Reply((Paragraph((Text(text),)),))


SHOWN: dict[str, list[Reply]] = {
    "named_in_turn": [Reply((Paragraph(replies.named_in_turn((*WHO, *WHO))),))],
    "headline": [Reply((Paragraph(replies.headline(WORDS, one)),)) for one in (V, TITLED)],
    "numbered": [Reply(tuple(replies.numbered([(1, (Text("1"),)), (3, (Text("2"),))])))],
    "understood": [
        proposal_words.understood(
            WORDS,
            proposal_words.Understood(V, ((SPAN, REMARKS),), ("1",), ("2",), NOW, first, missing),
        )
        for first, missing in ((True, ("3",)), (False, ()))
    ],
    "dates": [Reply((tally_words.dates(WORDS, choice, NAMES),)) for choice in CHOICES],
    "which_date": [proposal_words.which_date(WORDS, Trouble(why, "1", (DAY, DAY))) for why in Why],
    "no_dates": [proposal_words.no_dates(WORDS, "1")],
    "same_dates": [proposal_words.same_dates(WORDS, SPAN)],
    "too_many_dates": [proposal_words.too_many_dates(WORDS, 20)],
    "late_deadline": [proposal_words.late_deadline(WORDS, NOW, DAY)],
    "quorum_too_large": [proposal_words.quorum_too_large(WORDS, 3)],
    "unknown_visit": [replies.unknown_visit(WORDS, "1", "!")],
    "which_visit": [replies.which_visit(WORDS, some, "1") for some in ([], [V])],
    "not_in_this_state": [replies.not_in_this_state(WORDS, V, state) for state in replies.STATES],
    "not_yours_to_decide": [replies.not_yours_to_decide(WORDS, V)],
    "unread_vote": [poll_words.unread_vote(WORDS, "1", (1, 2), "")],
    "receipt": [
        poll_words.receipt(WORDS, poll_words.Receipt(V, parties, ((1, Value.YES),), NOW))
        for parties in ((), ("1",))
    ],
    "vote_too_late": [poll_words.vote_too_late(WORDS, V, NOW)],
    "not_a_speaker": [replies.not_a_speaker(WORDS, "1")],
    "card": [
        card_words.card(WORDS, one)
        for one in (
            CARD,
            replace(CARD, state="draft", choice=None),
            replace(CARD, state="confirmed", decided=SPAN, comes=("1",)),
            replace(CARD, state="held", decided=SPAN, tasks=(), agenda=(), online=None),
        )
    ],
    "result": [
        tally_words.result(WORDS, tally_words.Result(V, choice, NAMES, NOW, planned))
        for choice in CHOICES
        for planned in (None, NOW)
    ]
    + [
        tally_words.result(
            WORDS,
            tally_words.Result(V, CHOICES[-2], NAMES, NOW, None, 2, WHO, (SPAN, Span(DAY, DAY))),
        )
    ],
    "extended": [poll_words.extended(WORDS, V, who, NOW) for who in (WHO, ("1", "2"))],
    "please_answer": [poll_words.please_answer(WORDS, V, WHO)],
    "poll_question": [said(poll_words.poll_question(WORDS, SPAN, 1))],
    "poll_answers": [said(text) for text in poll_words.poll_answers(WORDS).values()],
    "withdrawn": [poll_words.withdrawn(WORDS, V, 1, SPAN)],
    "both_stand": [poll_words.both_stand(WORDS, "1", 2, Value.YES, Value.NO)],
    "poll_over": [said(poll_words.poll_over(WORDS, V))],
    "you_speak": [poll_words.you_speak(WORDS, V, "1", "2", DATES, NOW)],
    "reminder": [poll_words.reminder(WORDS, V, DATES, NOW)],
    "not_asked": [poll_words.not_asked(WORDS, V, typed, (3,)) for typed in ((1,), (1, 2))],
    "muted": [poll_words.muted(WORDS, "1")],
    "recounted": [tally_words.recounted(WORDS, V, best) for best in ((), (1, 2))],
    "asked_first": [poll_words.asked_first(WORDS, V, DATES, NOW)],
    "opened": [proposal_words.opened(WORDS, V, first=first) for first in (True, False)],
    "none_left": [poll_words.none_left(WORDS, V, ("1",))],
    "decided": [
        decision_words.decided(WORDS, decision_words.Decision(V, SPAN, comes, WHO, why))
        for comes, why in (((), ""), (("1",), "2"))
    ],
    "calendar_caption": [decision_words.calendar_caption(WORDS, V, n, ()) for n in (0, 2)],
    "summary": [said(decision_words.summary(WORDS, one)) for one in (V, TITLED)],
    "who_comes": [said(decision_words.who_comes(WORDS, ("1",)))],
    "local_time": [said(decision_words.local_time(WORDS, NOW, "1"))],
    "google": [said(decision_words.google(WORDS))],
    "move_needs_a_reason": [decision_words.move_needs_a_reason(WORDS, V, SPAN, ("2",))],
    "one_date": [decision_words.one_date(WORDS, V)],
    "needs_a_reason": [decision_words.needs_a_reason(WORDS, V, 1, ("2",))],
    "choose_one": [decision_words.choose_one(WORDS, V, numbers) for numbers in ((), (1, 2))],
    "already_decided": [decision_words.already_decided(WORDS, V, SPAN)],
    "moved": [
        life_words.moved(WORDS, V, SPAN, SPAN, who, stand)
        for who, stand in (((), ()), (WHO, ("1",)))
    ],
    "still_coming": [life_words.still_coming(WORDS, V, SPAN)],
    "card_anew": [life_words.card_anew(WORDS, V)],
    "not_coming": [life_words.not_coming(WORDS, V, ("1",), SPAN, who) for who in (None, *WHO)],
    "attendance": [
        life_words.attendance(WORDS, V, who, comes=comes)
        for who, comes in (((), True), (("1",), True), (("1",), False))
    ],
    "lost": [life_words.lost(WORDS, V, "1", who) for who in ((), WHO)],
    "cancelled": [life_words.cancelled(WORDS, V, why, who) for why, who in (("", ()), ("1", WHO))],
    "dropped": [proposal_words.dropped(WORDS, V)],
    "postponed": [life_words.postponed(WORDS, V, who) for who in ((), WHO)],
    "online": [life_words.online(WORDS, V, NOW)],
    "host_changed": [life_words.host_changed(WORDS, V)],
    "soon": [life_words.soon(WORDS, V, 3, SPAN, undone) for undone in ((), ((2, "1"),))],
    "clash_appeared": [decision_words.clash_appeared(WORDS, V, 1, TITLED, ("2",))],
    "visit_list": [
        replies.visit_list(WORDS, some, "!")
        for some in ([], [(V, "polling", None), (TITLED, "confirmed", SPAN)])
    ],
    "reminded": [
        poll_words.reminded(WORDS, V, count, left) for count in (0, 1, 2) for left in ((), ("1",))
    ],
    "nobody_asked_anew": [life_words.nobody_asked_anew(WORDS, V)],
    "speaker_set": [replies.speaker_set(WORDS, "1", "2")],
}

ADVICE = promise_words.Advice("1", "2", "3", "4", "made", "5")
TASK = promise_words.Task("1", "2", "3", "open", "4", DAY, False, "5")
NOTE = promise_words.Note("1", "2", "3")
REPORT = promise_words.Report(
    TITLED, (DAY, DAY), ("1",), 2, (NOTE,), (ADVICE,), (TASK,), ("1",), ("2",), False
)
LATE = replace(TASK, overdue=True, text="")
LINE = [Reply((Paragraph(promise_words.task_line(WORDS, one)),)) for one in (TASK, LATE)]

AFTER: dict[str, list[Reply]] = {
    "advice_line": [
        Reply((Paragraph(promise_words.advice_line(WORDS, replace(ADVICE, verdict=v))),))
        for v in promise_words.VERDICTS
    ],
    "task_line": LINE,
    "source_word": [said(promise_words.source_word(WORDS))],
    "how_was_it": [promise_words.how_was_it(WORDS, V, who) for who in ((), WHO)],
    "report": [
        promise_words.report(WORDS, one)
        for one in (
            REPORT,
            replace(REPORT, final=True, notes=(), advice=(), tasks=()),
            replace(REPORT, waiting=(), people=0, cities=(), cites=("1",)),
        )
    ],
    "report_final": [promise_words.report_final(WORDS, V)],
    "too_early": [promise_words.too_early(WORDS, V)],
    "noted_advice": [promise_words.noted_advice(WORDS, ADVICE, "")],
    "judged": [
        promise_words.judged(WORDS, replace(ADVICE, verdict=v)) for v in ("accepted", "declined")
    ],
    "noted_task": [promise_words.noted_task(WORDS, TASK, "")],
    "task_changed": [
        promise_words.task_changed(WORDS, replace(TASK, progress=p)) for p in promise_words.PROGRESS
    ],
    "task_list": [promise_words.task_list(WORDS, some, "") for some in ([], [TASK])],
    "unknown_number": [promise_words.unknown_number(WORDS, "1", "2")],
    "not_your_task": [promise_words.not_your_task(WORDS, "1")],
    "not_your_city": [promise_words.not_your_city(WORDS, "1")],
    "not_a_name": [promise_words.not_a_name(WORDS, "1")],
    "no_text": [promise_words.no_text(WORDS, "1")],
    "muted": [promise_words.muted(WORDS, "1")],
    "is_due": [promise_words.is_due(WORDS, TASK)],
    "review": [
        promise_words.review(WORDS, V, [ADVICE], [TASK], WHO),
        promise_words.review(WORDS, V, [], [], ()),
    ],
    "usual_tasks": [said(text) for text, _ in promise_words.usual_tasks(WORDS)],
    "line_noted": [promise_words.line_noted(WORDS, V, n) for n in (None, 2)],
    "ticked": [promise_words.ticked(WORDS, V, "1", 2)],
    "delegation_noted": [promise_words.delegation_noted(WORDS, V, "1", 2)],
}

FEED: dict[str, list[Reply]] = {
    "not_served": [feed_words.not_served(WORDS)],
    "not_yours": [feed_words.not_yours(WORDS)],
    "off": [feed_words.off(WORDS)],
    "on": [feed_words.on(WORDS, "1")],
}

MODULES = (
    replies, proposal_words, poll_words, tally_words, card_words, decision_words, life_words
)  # fmt: skip


def by_module() -> dict[ModuleType, dict[str, list[Reply]]]:
    """Each sample under the module that has the words."""
    shown: dict[ModuleType, dict[str, list[Reply]]] = {
        module: {
            name: samples
            for name, samples in SHOWN.items()
            if getattr(getattr(module, name, None), "__module__", "") == module.__name__
        }
        for module in MODULES
    }
    return {**shown, promise_words: AFTER, feed_words: FEED}
