"""A hall at work with people in its rooms; whatever is said is awaited, checked and printed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Final

from bot.matrix import polls
from demo.community import Community, Member, Message
from demo.hall import HallProcess
from demo.homeserver import Account, Homeserver
from demo.people import Person
from demo.timeline import Heard
from demo.transcript import Transcript
from storage.records import EventId, RoomId

HALL_USER: Final = "@moothall:localhost"
PASSWORD: Final = "in the moot hall"  # everybody's
DIRECT: Final = "direct"  # instead of a room's slug: the direct chat with the hall
COORDINATORS: Final = "coordinators"
_AT_ONCE: Final = 6  # people who arrive together


class StoryError(Exception):
    """Something that the story promises did not come."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must hold: words, words that must not be there, a link to a message."""

    words: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    link_to: str | None = None  # an event id

    def mistakes(self, body: str, html: str) -> list[str]:
        """What is wrong with an answer; nothing, if it is as expected."""
        folded = body.casefold()
        found = [f"no “{word}”" for word in self.words if word.casefold() not in folded]
        found += [f"a “{word}”" for word in self.absent if word.casefold() in folded]
        if self.link_to is not None and f"/{self.link_to}" not in html:
            found.append("no link to the message")
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the hall, to be counted with its answers at the end."""

    asker: str
    text: str
    event_id: EventId
    private: bool  # asked in a room, answered in the direct chat


@dataclass
class Stage:
    """Where the story happens."""

    community: Community
    homeserver: Homeserver
    hall: HallProcess
    transcript: Transcript
    folder: Path
    accounts: dict[str, Account]
    patience: float  # seconds that an answer may take
    people: dict[str, Person] = field(default_factory=dict)
    rooms: dict[str, RoomId] = field(default_factory=dict)  # by slug
    direct: dict[str, RoomId] = field(default_factory=dict)  # chats with the hall, by person
    asked: list[Asked] = field(default_factory=list)
    _apart: set[EventId] = field(default_factory=set)  # words of the hall that answer nothing
    latest: EventId | None = None  # question
    listener: str = ""  # who is in every room: a message is printed when they have heard it
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Stage"]:
        """People leave when the block ends."""
        async with self._open:
            yield self

    # ── arriving ──────────────────────────────────────────────────────────────────────────────

    async def arrive(self, names: Iterable[str]) -> None:
        """Real clients log in, each with a device and keys of its own."""
        few = asyncio.Semaphore(_AT_ONCE)

        async def log_in(name: str) -> None:
            async with few:
                self.people[name] = await self._open.enter_async_context(
                    await Person.log_in(
                        self.homeserver.url,
                        self.accounts[name],
                        store=self.folder / "clients" / name,
                        accept_invites=True,
                    )
                )

        await asyncio.gather(*(log_in(name) for name in names))

    async def find_rooms(self, name: str, slug: str) -> None:
        """Learn where the rooms are, from their aliases."""
        person = self.people[name]
        for part in ("", *(c.slug for c in self.community.clusters), COORDINATORS):
            alias = f"%23{slug}-{part}".rstrip("-") + ":localhost"
            found = await person.request("GET", f"/directory/room/{alias}")
            self.rooms[part or "space"] = RoomId(found["room_id"])

    async def join(self, host: str, names: Iterable[str]) -> None:
        """The host asks people into the Space; from there they join the rooms of their themes."""
        few = asyncio.Semaphore(_AT_ONCE)

        async def join(name: str) -> None:
            async with few:
                person, space = self.people[name], self.rooms["space"]
                await self.people[host].invite(space, person.user_id)
                await person.enters(space)
                for cluster in self.community.member(name).clusters:
                    await person.join(self.rooms[cluster])

        await asyncio.gather(*(join(name) for name in names))

    async def settled(self) -> None:
        """Wait until everybody knows who else is there, so that all can read what comes."""
        await asyncio.gather(*(person.catch_up() for person in self.people.values()))
        for person in self.people.values():
            person.forget()

    # ── talking ───────────────────────────────────────────────────────────────────────────────

    async def says(
        self,
        name: str,
        place: str,
        text: str,
        *,
        thread: str | None = None,
        reply_to: str | None = None,
        show: bool = True,
        awaited: bool = True,
    ) -> EventId:
        """A message, awaited until somebody else has heard and, if need be, decrypted it."""
        person, who = self.people[name], self._member(name).first_name
        room = await self._room_of(name, place)
        with self.transcript.waiting(f"{who} writes …"):
            said = await person.say(room, text, thread=thread, reply_to=reply_to)
            if awaited and name != self.listener and place not in (DIRECT, COORDINATORS):
                hearing = self.people[self.listener].hears(
                    lambda heard: heard.event_id == said,
                    room=room,
                    sender=person.user_id,
                    timeout=self.patience,
                )
                await self._comes(hearing, f"what {who} wrote: {text}")
        if show:
            self._print(name, text, thread=thread is not None)
        return said

    async def sends_file(self, name: str, place: str, file: str, data: bytes) -> EventId:
        """A file, awaited until the hall keeps it: once, and nowhere else in its folder."""
        person, who = self.people[name], self._member(name).first_name
        with self.transcript.waiting(f"{who} sends {file} …"):
            said = await person.send_file(self.rooms[place], data, file)
            hearing = self.people[self.listener].hears(
                lambda heard: heard.event_id == said,
                room=self.rooms[place],
                sender=person.user_id,
                timeout=self.patience,
            )
            await self._comes(hearing, f"{who}'s file {file}")
        self._print(name, f"📎 {file}", thread=False)
        return said

    async def keeps(self, data: bytes, *, times: int) -> int:
        """Wait until so many files in the hall's folder hold these bytes; how many there are."""
        with self.transcript.waiting("The hall's folder is looked through …"):
            latest = asyncio.get_running_loop().time() + self.patience
            while True:
                holding, looked_at = await asyncio.to_thread(_files_with, data, self.hall.folder)
                if holding == times:
                    return looked_at
                if asyncio.get_running_loop().time() > latest:
                    raise StoryError(
                        f"{holding} of {looked_at} files in the hall's folder hold what a member"
                        f" sent, where it should be {times}."
                    )
                await asyncio.sleep(0.1)

    async def replays(self, thread_id: str, *, most: int | None = None) -> list[EventId]:
        """A thread of the sample: messages and the reactions to them."""
        thread = self.community.thread(thread_id)
        said: dict[str, EventId] = {}
        for message in thread.messages[:most]:
            root = next(iter(said.values()), None)
            said[message.id] = await self.says(
                message.member,
                thread.cluster,
                message.text,
                thread=root,
                reply_to=said.get(message.reply_to or ""),
            )
            await self.react(thread.cluster, said[message.id], message, thread=root is not None)
        return list(said.values())

    def line(self, message_id: str) -> Message:
        """A message of the sample."""
        thread = self.community.thread(message_id.partition("/")[0])
        return next(each for each in thread.messages if each.id == message_id)

    async def react(self, place: str, event_id: str, message: Message, *, thread: bool) -> None:
        """The sample's reactions, of those who are here."""
        shown: list[tuple[str, str]] = []
        for reaction in message.reactions:
            here = [name for name in reaction.by if name in self.people]
            await asyncio.gather(
                *(self.people[n].react(self.rooms[place], event_id, reaction.emoji) for n in here)
            )
            shown.append((reaction.emoji, ", ".join(self._member(n).first_name for n in here)))
        if shown:
            self.transcript.reacted(shown, thread=thread)

    async def taps(self, name: str, place: str, event_id: str, emoji: str) -> None:
        """A person's reaction to something that the hall said."""
        await self.people[name].react(self.rooms[place], EventId(event_id), emoji)
        self.transcript.reacted([(emoji, self._member(name).first_name)], thread=True)

    async def edits(self, name: str, place: str, event_id: str, text: str) -> None:
        """A person puts their message right."""
        await self.people[name].edit(self.rooms[place], event_id, text)
        hearing = self.people[self.listener].hears_edit(event_id, timeout=self.patience)
        await self._comes(hearing, f"the edit: {text}")
        self.transcript.happened(f"{self._member(name).first_name} edits it: {text}", thread=True)

    async def deletes(
        self,
        name: str,
        place: str,
        event_id: str,
        quoting: str,
        *,
        asker: str | None = None,
        why: str = "",
    ) -> None:
        """A person deletes a message; the answer that repeats its words must go, too.

        asker: who was given that answer, if it was somebody else.
        """
        who = self._member(name).first_name
        await self.people[name].redact(self.rooms[place], event_id)
        person = self.people[asker or name]
        hearing = person.hears(
            lambda heard: heard.redacts == quoting,
            sender=HALL_USER,
            type="m.room.redaction",
            timeout=self.patience,
        )
        redaction = await self._comes(
            hearing, "the deletion of the answer that repeats a deleted message"
        )
        self.transcript.note(f"{why} {who} deletes the message in the room, and at once:".strip())
        told = await self._comes(
            person.hears(sender=HALL_USER, after=redaction, timeout=self.patience),
            "word of the deleted answer",
        )
        self._apart.add(told.event_id)
        self.transcript.answered(told.html or told.body, thread=told.thread_root is not None)

    # ── asking ────────────────────────────────────────────────────────────────────────────────

    async def asks(
        self,
        name: str,
        place: str,
        text: str,
        *words: str,
        absent: Sequence[str] = (),
        link_to: str | None = None,
        thread: str | None = None,
        private: bool = False,
        most: int | None = None,
        show: bool = True,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> EventId:
        """A question to the hall and its answer, which must hold these words; returns its id.

        private: it is asked in a room and answered in the direct chat; meanwhile: what happens
        between question and answer.
        """
        awaited = meanwhile is None
        said = await self.says(name, place, text, thread=thread, show=show, awaited=awaited)
        self.latest = said
        if meanwhile is not None:
            await meanwhile()
        self.asked.append(Asked(name, text, said, private))
        person, what = (
            self.people[name],
            f"the answer to {self._member(name).first_name}'s “{text}”",
        )
        with self.transcript.waiting("Moothall answers …"):
            if private:
                await self._comes(
                    person.hears(
                        lambda heard: heard.reacts_to == said,
                        sender=HALL_USER,
                        type="m.reaction",
                        timeout=self.patience,
                    ),
                    what,
                )
            answer = await self._comes(
                person.hears(
                    lambda heard: self._is_answer(heard, said, private),
                    sender=HALL_USER,
                    timeout=self.patience,
                ),
                what,
            )
        in_thread = place != DIRECT or thread is not None
        if show and private:
            self.direct[name] = answer.room_id
            who = self._member(name).first_name
            self.transcript.happened(f"✉️  Moothall answers in {who}'s direct chat 🔒")
        if show:
            self.transcript.answered(
                answer.html or answer.body, thread=in_thread and not private, most=most
            )
        expected = Expected(tuple(words), tuple(absent), link_to)
        self._check(expected, answer.body, answer.html or "", what)
        return answer.event_id

    async def sees(self, name: str, place: str, *words: str, most: int | None = None) -> Heard:
        """Something that the hall says by itself, which must hold these words."""
        person, what = self.people[name], f"what the hall says of {words[0]}"
        with self.transcript.waiting("Moothall …"):
            heard = await self._comes(
                person.hears(
                    lambda heard: all(word in heard.body for word in words),
                    room=self.rooms[place],
                    sender=HALL_USER,
                    timeout=self.patience,
                ),
                what,
            )
        self._apart.add(heard.event_id)
        thread = heard.thread_root is not None
        self.transcript.answered(heard.html or heard.body, thread=thread, most=most)
        return heard

    async def votes(self, name: str, place: str, number: int, choice: int, shown: str) -> None:
        """A tap in one of the polls, as clients send it; choice: the place of the answer."""
        person, room = self.people[name], self.rooms[place]
        await person.catch_up()

        def asked() -> list[Heard]:
            return person.timeline.find(lambda one: one.room_id == room and one.type == polls.START)

        async with asyncio.timeout(self.patience):  # the card comes before its polls
            while len(asked()) < number:
                await asyncio.sleep(0.1)
        poll = asked()[number - 1]
        answer = poll.content[polls.START]["answers"][choice]["id"]
        relation = {"rel_type": "m.reference", "event_id": poll.event_id}
        content = {"m.relates_to": relation, polls.RESPONSE: {"answers": [answer]}}
        await person.send_raw(room, polls.RESPONSE, content)
        who = self._member(name).first_name
        self.transcript.happened(f"{who} taps “{shown}” in the poll of date {number}", thread=True)

    async def told(self, name: str, *words: str) -> None:
        """Something that a person hears in the direct chat without having asked."""
        told = await self._comes(
            self.people[name].hears(
                lambda heard: heard.room_id not in self.rooms.values(),
                sender=HALL_USER,
                timeout=self.patience,
            ),
            f"word to {name}",
        )
        self._apart.add(told.event_id)
        self.direct[name] = told.room_id
        self.transcript.happened(f"✉️  In {self._member(name).first_name}'s direct chat 🔒")
        self.transcript.answered(told.html or told.body, thread=False)
        self._check(Expected(words), told.body, told.html or "", f"word to {name}")

    def _is_answer(self, heard: Heard, said: EventId, private: bool) -> bool:
        if private:
            return heard.room_id not in self.rooms.values() and _replies_to(heard) is None
        return _replies_to(heard) == said

    async def each_answered_once(self) -> int:
        """After a pause in which late or second answers would come: how many answers there were."""
        askers = {asked.asker for asked in self.asked}
        await asyncio.gather(*(self.people[name].catch_up() for name in askers))
        for asked in self.asked:
            if asked.private:
                continue
            answers = self._answers(asked.asker, asked.event_id)
            if len(answers) != 1:
                said = " | ".join(shorten(" ".join(a.body.split()), 60) for a in answers)
                raise StoryError(f"“{asked.text}” was answered {len(answers)} times: {said}")
        for name in askers:
            private = [one for one in self.asked if one.asker == name and one.private]
            told = self.people[name].heard(
                lambda heard: (
                    self._is_answer(heard, EventId(""), private=True)
                    and heard.event_id not in self._apart
                ),
                sender=HALL_USER,
            )
            if len(told) != len(private):
                raise StoryError(f"{name} was told {len(told)} things and asked {len(private)}.")
        return len(self.asked)

    async def has_answer(self, name: str, question: str | None) -> bool:
        """Whether a question has been answered already."""
        await self.people[name].catch_up()
        return bool(self._answers(name, question))

    def _answers(self, name: str, question: str | None) -> list[Heard]:
        return self.people[name].heard(
            lambda heard: _replies_to(heard) == question and heard.event_id not in self._apart,
            sender=HALL_USER,
        )

    async def shows_pinned(self, place: str, *words: str, most: int) -> None:
        """Print the first pinned message of a clear room, as a newcomer finds it."""
        person, room = self.people[self.listener], self.rooms[place]
        pinned = (await person.state(room, "m.room.pinned_events"))["pinned"]
        event = await person.request("GET", f"/rooms/{room}/event/{pinned[0]}")
        content = event["content"]
        self.transcript.note("Pinned in every room:")
        self.transcript.answered(content["formatted_body"], thread=False, most=most)
        self._check(
            Expected(words), content["body"], content["formatted_body"], "the archive notice"
        )

    # ── little helpers ────────────────────────────────────────────────────────────────────────

    def _check(self, expected: Expected, body: str, html: str, what: str) -> None:
        if mistakes := expected.mistakes(body, html):
            was = shorten(" ".join(body.split()), 160, placeholder=" …")
            raise StoryError(f"In {what}: {', '.join(mistakes)}. It was: {was}")

    async def _comes(self, hearing: Awaitable[Heard], what: str) -> Heard:
        try:
            return await hearing
        except TimeoutError:
            raise StoryError(f"It did not come within {self.patience:g} s: {what}") from None

    async def _room_of(self, name: str, place: str) -> RoomId:
        if place != DIRECT:
            return self.rooms[place]
        if name not in self.direct:
            person = self.people[name]
            room = await person.create_direct(HALL_USER, encrypted=True)
            await self._comes(
                person.hears(
                    lambda heard: heard.content.get("membership") == "join",
                    room=room,
                    sender=HALL_USER,
                    type="m.room.member",
                    timeout=self.patience,
                ),
                f"Moothall's arrival in {self._member(name).first_name}'s direct chat",
            )
            self.direct[name] = room
        return self.direct[name]

    def _member(self, name: str) -> Member:
        return self.community.member(name)

    def _print(self, name: str, text: str, *, thread: bool) -> None:
        member = self._member(name)
        city = self.community.city(member.city).name if member.city else None
        self.transcript.said(member.first_name, city, text, thread=thread)


def _replies_to(heard: Heard) -> str | None:
    relation = heard.content.get("m.relates_to")
    answered = relation.get("m.in_reply_to") if isinstance(relation, dict) else None
    return answered.get("event_id") if isinstance(answered, dict) else None


def _files_with(data: bytes, folder: Path) -> tuple[int, int]:
    """In how many files below a folder these bytes stand, and how many there are."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(data in _read(path) for path in files), len(files)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # gone since we looked
        return b""
