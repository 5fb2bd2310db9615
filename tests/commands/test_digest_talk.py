"""Where the digest puts a thread: every sample thread, and what the rules look at."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from commands.digests.talk import Bucket, KnownVisit, Made, Remark, Thread, bucket_of
from demo.community import SAMPLE
from storage.records import EventId

CONTENT: Mapping[str, Any] = json.loads(SAMPLE.read_text("utf-8"))
CITIES = {one["id"]: one["name"] for one in CONTENT["cities"]}
MEMBERS = {one["id"]: one for one in CONTENT["members"]}
RETIRED = {one["id"] for one in CONTENT["practices"] if one["status"] == "retired"}
COMMANDS = {
    "share": Made.PRACTICE,
    "poll": Made.DATES,
    "adopt": Made.TRANSFER,
    "offer": Made.EXCHANGE,
    "request": Made.EXCHANGE,
    "action": Made.PROMISE,
}
LINKED = {
    "visit": Made.VISIT,
    "poll": Made.DATES,
    "exchange": Made.EXCHANGE,
    "key_factor": Made.FINDING,
}
REPORTED = {"report_final", "closed"}
VISITS = tuple(
    KnownVisit(
        CITIES[one["host_city_id"]],
        date.fromisoformat(one["start"]),
        date.fromisoformat(one["end"]),
    )
    for one in CONTENT["visits"]
    if one["state"] not in REPORTED
)
# Threads of the sample without an expectation: what we expect of them.
OURS = {
    "th-a03": "decision", "th-a07": "exchange", "th-b01": "answered_question",
    "th-b05": "exchange", "th-b09": "none", "th-c03": "visit", "th-c07": "risk",
    "th-d01": "answered_question", "th-d05": "decision", "th-d09": "exchange",
}  # fmt: skip


def city_of(member: str) -> str | None:
    home = MEMBERS[member]["city_id"]
    return None if home is None else CITIES[home]


def made_in(message: Mapping[str, Any]) -> tuple[Made, ...]:
    """What the hall has made of a message: the commands that were typed, what they are about."""
    made = []
    command = message.get("command")
    if command is not None and command["name"] in COMMANDS:
        reported = command["name"] == "action" and command["args"][0] == "status"
        made.append(Made.PROGRESS if reported else COMMANDS[command["name"]])
    made += [kind for key, kind in LINKED.items() if key in message]
    return tuple(dict.fromkeys(made))


def thread_of(sample: Mapping[str, Any]) -> Thread:
    gone = {one["redacts"] for one in sample["messages"] if "redacts" in one}
    remarks = []
    for message in sample["messages"]:
        taken_back = message["id"] in gone
        fans = [by for each in message.get("reactions", ()) for by in each["by"]]
        remarks.append(
            Remark(
                EventId(message["id"]),
                MEMBERS[message["member_id"]]["display_name"],
                city_of(message["member_id"]),
                datetime.fromisoformat(message["sent_at"]),
                "" if taken_back else message["body"],
                gone=taken_back,
                marked_by=frozenset(filter(None, map(city_of, fans))),
                made=made_in(message),
                failure=bool(RETIRED & set(message.get("mentions", ()))),
            )
        )
    return Thread(tuple(remarks), VISITS)


def test_the_samples_expect_something_of_thirty_threads() -> None:
    expected = [one for one in CONTENT["threads"] if "digest_bucket" in one.get("expected", {})]
    assert len(expected) == 30
    assert len(CONTENT["threads"]) == len(expected) + len(OURS)


@pytest.mark.promise("The digest puts every thread of the sample community where people expect it.")
@pytest.mark.parametrize("sample", CONTENT["threads"], ids=lambda one: str(one["id"]))
def test_a_sample_thread_is_put_where_it_belongs(sample: Mapping[str, Any]) -> None:
    expected = sample.get("expected", {}).get("digest_bucket", OURS.get(sample["id"]))
    assert bucket_of(thread_of(sample)) == expected


def sample(name: str) -> Thread:
    return thread_of(next(one for one in CONTENT["threads"] if one["id"] == name))


def test_a_mark_of_the_asker_answers_what_a_coordinator_kept_open() -> None:
    thread = sample("th-d04")
    thanked = [replace(one, thanked=one.city == "Harrowmouth") for one in thread.remarks]
    assert bucket_of(thread) is Bucket.UNANSWERED
    assert bucket_of(Thread(tuple(thanked))) is Bucket.ANSWERED_QUESTION


def test_colleagues_of_the_same_city_do_not_answer_a_question() -> None:
    thread = sample("th-d01")
    home = thread.root.city
    own = tuple(one if one.city is None else replace(one, city=home) for one in thread.remarks)
    assert bucket_of(Thread(own)) is Bucket.UNANSWERED


def test_a_thread_that_lost_all_its_words_is_about_nothing() -> None:
    gone = tuple(replace(one, text="", gone=True) for one in sample("th-a05").remarks)
    assert bucket_of(Thread(gone)) is Bucket.NONE
