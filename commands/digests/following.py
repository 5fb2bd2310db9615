"""What becomes of a digest when a message that it repeats is taken back, or has other words."""

from dataclasses import replace

from commands.context import Context
from commands.digests import rules, things
from commands.digests.acting import OWN_WORDS, Act, read_reply, store
from commands.digests.showing import digest_of
from commands.events import Edited, Redacted
from commands.posts import Posts
from storage import archive, digests, documents, sources
from storage.records import EventId

KIND = "digest"


def taken_back(event: Redacted, subject: str, context: Context) -> Posts:
    """The line goes, from drafts and from what was sent; a coordinator's own words go likewise."""
    kept = digests.get(context.connection, int(subject))
    sources.forget_message(context.connection, event.target, KIND)
    if kept is None:
        return ()
    before = digest_of(kept)
    after = rules.without(before, event.target)
    return () if after == before else store(kept, after, context, erased=True)


def retold(event: Edited, subject: str, context: Context) -> Posts:
    """The line repeats what the archive holds of the message now, which may be nothing: whoever
    edits it may have opted out, or the archive may be off. A line about a practice or another
    thing repeats what that says now. A coordinator's reply is followed."""
    kept = digests.get(context.connection, int(subject))
    if kept is None:
        return ()
    before = digest_of(kept)
    after = _own_words(before, event)
    if not any(one.own_event == event.original for one in before.lines):
        after = _as_kept(before, event, context)
    emptier = len(after.lines) < len(before.lines)
    return () if after == before else store(kept, after, context, erased=emptier)


def _as_kept(digest: rules.Digest, event: Edited, context: Context) -> rules.Digest:
    message = archive.get(context.connection, event.original)
    if message is not None and not message.body:
        return rules.without(digest, event.original)
    said = "" if message is None else message.body  # nothing is archived of what the hall was told
    lines = tuple(_reworded(one, event.original, said, context) for one in digest.lines)
    return replace(digest, lines=lines)


def _reworded(line: rules.Line, original: EventId, said: str, context: Context) -> rules.Line:
    if original != line.quoted and original not in line.sources:
        return line
    of_thing = things.words_of(line, context)
    if of_thing is not None:
        return replace(line, text=of_thing.text, facts={**line.facts, **of_thing.facts})
    if line.what is rules.What.SUMMARY and documents.says(said, line.text):
        return line  # it tells a sentence of the summary, and not how the message begins
    return replace(line, text=rules.excerpt(said)) if said and line.quoted == original else line


def _own_words(digest: rules.Digest, event: Edited) -> rules.Digest:
    """A coordinator puts the reply right that worded a line."""
    wish = read_reply(event.now.body, editing=True)
    if wish is None or wish.act is not Act.REWORD:
        return digest
    own = rules.excerpt(wish.text, OWN_WORDS)
    lines = tuple(
        replace(one, own=own) if one.own_event == event.original else one for one in digest.lines
    )
    return replace(digest, lines=lines)
