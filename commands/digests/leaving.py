"""What digests still show when everything of somebody is erased."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from commands.context import Context
from commands.digests.acting import store
from commands.digests.rules import Digest, LeftOut, Line
from commands.digests.showing import digest_of
from commands.listener import Gone
from commands.posts import Post, Posts
from storage import digests
from storage.types import event_hash

KIND = "digest"


def forget_speaker(gone: Gone, context: Context) -> Posts:
    """Lines that rest on their messages go, their own words and their name in others, too."""
    theirs: dict[str, set[int]] = {}
    for row in gone.traces.get("source", ()):
        if row["kind"] == KIND:
            theirs.setdefault(row["subject"], set()).add(row["event_h"])
    posts: list[Post] = []
    for kept in digests.with_lines(context.connection):
        before = digest_of(kept)
        after = without(before, theirs.get(str(kept.id), set()), gone.person.display_name)
        if after != before:
            posts += store(kept, after, context, erased=True)
    return posts


def without(digest: Digest, messages: set[int], name: str) -> Digest:
    """messages: check values of those that are gone; name: of the person, as lines tell it."""
    lines = []
    dropped = 0
    for one in digest.lines:
        if {event_hash(each) for each in (*one.sources, one.quoted) if each} & messages:
            dropped += 1
            continue
        if one.own_event is not None and event_hash(one.own_event) in messages:
            one = replace(one, own="", own_event=None)
        lines.append(_unnamed(one, name))
    counts = dict(digest.left_out)
    if dropped:
        counts[LeftOut.TAKEN_BACK] = counts.get(LeftOut.TAKEN_BACK, 0) + dropped
    return Digest(tuple(lines), counts)


def _unnamed(line: Line, name: str) -> Line:
    facts: Mapping[str, Any] = line.facts
    knows = [one for one in facts.get("knows") or [] if one[0] != name]
    who = facts.get("who")
    changed = {**facts}
    if "knows" in facts:
        changed["knows"] = knows
    if isinstance(who, list):
        changed["who"] = [one for one in who if one != name]
    elif who == name:
        changed["who"] = "—"
    return line if changed == facts else replace(line, facts=changed)
