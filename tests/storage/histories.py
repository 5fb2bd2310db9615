"""Generated histories of a room: threads, edits, redactions and replies in every combination."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from storage.records import EventId, RoomEvent, RoomId, UserId

ROOMS = (RoomId("!hall:test"), RoomId("!other"))
PEOPLE = (UserId("@ann:test"), UserId("@ben:test"), UserId("@cai:test"))
WORDS = ("coffee", "library", "Straße", "volunteer", "visit", "καφές", "rodzina", "bērni")
START = 1_772_438_400_000  # 2 March 2026, ms
NEVER_SAID = 12  # the place behind the last of the longest history


@dataclass(frozen=True)
class Step:
    """One thing somebody does to something said earlier, later or never."""

    kind: str
    room: int
    sender: int
    at: int
    target: int
    words: tuple[str, ...]


steps = st.builds(
    Step,
    kind=st.sampled_from(
        [
            "say",
            "say",
            "send",
            "thread",
            "reply",
            "thread reply",
            "edit",
            "edit",
            "rename",
            "react",
            "redact",
        ]
    ),
    room=st.sampled_from([0, 0, 0, 1]),
    sender=st.sampled_from([0, 0, 1, 2]),
    at=st.integers(0, 4),  # few values: equal timestamps are the hard case
    target=st.integers(0, NEVER_SAID),
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple),
)
histories = st.lists(steps, min_size=2, max_size=NEVER_SAID)


def event_id(place: int) -> EventId:
    return EventId(f"$event-{place:02}")


def events_of(history: Sequence[Step]) -> list[RoomEvent]:
    """The events; targets beyond the end are things that nobody ever said.

    A reply answers something older: event ids are hashes of what they name, so that no two events
    can answer each other.
    """
    return [_event(place, step) for place, step in enumerate(history)]


def _event(place: int, step: Step) -> RoomEvent:
    target, text = event_id(step.target), " ".join(step.words)
    relation: Mapping[str, Any] | None = None
    content: dict[str, Any] = {"msgtype": "m.text", "body": text}
    type_, redacts = "m.room.message", None
    match step.kind:
        case "send":
            name = "_".join(step.words)
            content = {"msgtype": "m.file", "body": f"See {step.words[0]}", "filename": name}
        case "thread":
            relation = {
                "rel_type": "m.thread",
                "event_id": target,
                "is_falling_back": True,
                "m.in_reply_to": {"event_id": event_id(step.target + 1)},
            }
        case "thread reply":
            relation = {
                "rel_type": "m.thread",
                "event_id": target,
                "is_falling_back": False,
                "m.in_reply_to": {"event_id": event_id(step.target + 1)},
            }
        case "reply" if step.target < place or step.target >= NEVER_SAID:
            relation = {"m.in_reply_to": {"event_id": target}}
        case "edit":
            relation = {"rel_type": "m.replace", "event_id": target}
            content = {"msgtype": "m.text", "body": f"* {text}", "m.new_content": content}
        case "rename":  # of a file, or a text that becomes one
            relation = {"rel_type": "m.replace", "event_id": target}
            new = {"msgtype": "m.file", "body": f"See {step.words[0]}"}
            new["filename"] = "_".join(step.words)
            content = {**new, "m.new_content": new}
        case "react":
            type_, content = "m.reaction", {}
            relation = {"rel_type": "m.annotation", "event_id": target, "key": "👍"}
        case "redact":
            type_, content, redacts = "m.room.redaction", {"redacts": target}, target
    return RoomEvent(
        event_id(place),
        ROOMS[step.room],
        type_,
        PEOPLE[step.sender],
        START + step.at * 1000,
        content,
        relates_to=relation,
        redacts=redacts,
    )
