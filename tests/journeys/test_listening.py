"""A feature hears more than commands: taps, plain words where it listens, corrections."""

import pytest
from nio.crypto.attachments import decrypt_attachment

from commands import listeners
from commands.command import Call
from commands.context import Context
from commands.events import Edited, Redacted
from commands.listener import Listener, Tap
from commands.posts import Attach, Posts, Say
from commands.reply import Reply, Text, paragraphs
from demo.people import Person
from demo.timeline import Heard
from storage import listening, sources
from storage.listening import Conversation
from storage.sources import Source
from tests.hall import RunningHall
from tests.journeys.conftest import Meet, everywhere

GUEST_BOOK = "guest book\nannounced: Ana"


def words(text: str) -> Reply:
    return paragraphs((Text(text),))


def tapped(tap: Tap, context: Context) -> Posts:
    """A 📖 opens a guest book under the message; taking it back closes it."""
    root = tap.reacted.target
    if tap.taken_back:
        listening.end(context.connection, "guest book", root)
        return [Say(tap.room.room_id, words(f"closed by {tap.person.display_name}"), thread=root)]
    book = Conversation(root, "guest book", root, talk=True)
    listening.begin(context.connection, book, context.now)
    data = GUEST_BOOK.encode()
    return [Attach(tap.room.room_id, "book.txt", "text/plain", data, words("It is open"), root)]


def said(call: Call[None], subject: str, context: Context) -> Posts:
    origin = Source("guest book", subject, call.said.sender, talk=True)
    sources.add(context.connection, call.said.event_id, origin)
    return call.answer(words(f"entered: {call.said.body}"))


def corrected(event: Edited, subject: str, context: Context) -> Posts:
    return [Say(event.now.room_id, words(f"corrected: {event.now.body}"), thread=None)]


def taken_back(event: Redacted, subject: str, context: Context) -> Posts:
    return [Say(event.room_id, words("struck out"))]


@pytest.fixture
def guest_book(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener("guest book", said, corrected, taken_back, tapped, emojis=frozenset({"📖"}))
    monkeypatch.setattr(listeners, "LISTENERS", (listener,))


async def file_of(heard: Heard, person: Person) -> bytes:
    """The bytes of a file, as somebody in the room opens it."""
    sealed = heard.content.get("file")
    mxc = sealed["url"] if sealed else heard.content["url"]
    got = await person.client.download(mxc)
    if not sealed:
        return bytes(got.body)
    return bytes(
        decrypt_attachment(got.body, sealed["key"]["k"], sealed["hashes"]["sha256"], sealed["iv"])
    )


@everywhere
@pytest.mark.usefixtures("guest_book")
async def test_taps_words_corrections_and_redactions_reach_who_listens(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ana = await meet("ann")
    room = hall.rooms[slug]
    root = await ana.say(room, "The kettle is on")

    tap = await ana.react(room, root, "📖")
    book = await ana.hears(room=room, sender=hall.me)
    assert (book.content["msgtype"], book.content["filename"]) == ("m.file", "book.txt")
    assert book.body == "It is open"
    assert book.thread_root == root
    assert ("file" in book.content) == book.encrypted == bool(slug == "language")
    assert await file_of(book, ana) == GUEST_BOOK.encode()

    entry = await ana.say(room, "Lovely tea", thread=root)
    assert (await ana.hears(room=room, sender=hall.me)).body == "entered: Lovely tea"
    await ana.edit(room, entry, "Lovely green tea")
    assert (await ana.hears(room=room, sender=hall.me)).body == "corrected: Lovely green tea"
    kept = {one.event_id: one.body for one in await hall.archived(room)}
    assert kept[entry] == "Lovely green tea", "what is said there is the members' own talk, too"
    await ana.redact(room, entry)
    assert (await ana.hears(room=room, sender=hall.me)).body == "struck out"

    await ana.redact(room, tap)
    assert (await ana.hears(room=room, sender=hall.me)).body == "closed by Ann"
    await ana.say(room, "Is it still open?", thread=root)
    await hall.keeps_quiet(ana, room)


@everywhere
@pytest.mark.usefixtures("guest_book")
async def test_a_command_goes_before_a_conversation_and_strangers_correct_nothing(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ana, ben = await meet("ann"), await meet("ben")
    room = hall.rooms[slug]
    root = await ana.say(room, "The kettle is on")
    await ana.react(room, root, "📖️")  # with a variation selector, as some keyboards send it
    await ana.hears(room=room, sender=hall.me)

    answer = await hall.asks(ana, room, "!whoami", thread=root)
    assert ana.user_id in answer.body
    entry = await ana.say(room, "Lovely tea", thread=root)
    await ana.hears(room=room, sender=hall.me)
    await ben.edit(room, entry, "Awful tea")
    await ben.catch_up()  # he hears what was said to Ana, too
    ben.forget()
    await hall.keeps_quiet(ben, room)
