"""A member as seen from a keyboard: a real Matrix client that says things and waits to hear things.

`Person` works alike in clear and encrypted rooms, outlives restarts of the homeserver and misses
nothing (it fills the gaps of limited timelines), so that tests may use it as the judge of what
a room has really seen.
"""

import asyncio
import contextlib
import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import nio

from demo import keys
from demo.asking import RefusedError, pauses
from demo.keys import LOST
from demo.listener import REQUEST_SECONDS, Listener
from demo.timeline import MESSAGE, Content, Heard, Predicate, part_of
from storage.records import EventId, RoomId, UserId

_MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}


class Person(Listener):
    """A member at their client. Make one with `Person.log_in`; `close` it or use `async with`.

    What `hears` returns: the earliest event that matches and that `hears` has not returned
    before; what does not match stays for a later call, so that answers may come in any order.
    """

    # ── rooms ─────────────────────────────────────────────────────────────────────────────────

    async def create_room(
        self,
        name: str | None = None,
        *,
        invite: Sequence[str] = (),
        alias: str | None = None,
        topic: str | None = None,
        encrypted: bool = False,
        public: bool = False,
        space: bool = False,
        room_version: str | None = None,
        more: Content | None = None,
    ) -> RoomId:
        """Create a room; `more` is merged into the createRoom request."""
        # Not trusted_private_chat: in room version 12 that makes each invitee a creator.
        request: dict[str, Any] = {"preset": "public_chat" if public else "private_chat"}
        request |= {"name": name} if name is not None else {}
        request |= {"topic": topic} if topic is not None else {}
        request |= {"room_alias_name": alias} if alias is not None else {}
        request |= {"room_version": room_version} if room_version is not None else {}
        request |= {"invite": list(invite)} if invite else {}
        request |= {"creation_content": {"type": "m.space"}} if space else {}
        request |= more or {}
        if encrypted:
            encryption = {"type": "m.room.encryption", "state_key": "", "content": _MEGOLM}
            request["initial_state"] = [*request.get("initial_state", ()), encryption]
        # Not repeated when the answer is lost: there might then be two rooms.
        answer = await self.request("POST", "/createRoom", request, repeat=False)
        return await self.enters(answer["room_id"])

    async def create_direct(self, user_id: str, *, encrypted: bool) -> RoomId:
        room_id = await self.create_room(
            invite=[user_id], encrypted=encrypted, more={"is_direct": True}
        )
        path = f"/user/{quote(self.user_id)}/account_data/m.direct"
        try:
            direct = await self.request("GET", path)
        except RefusedError:
            direct = {}
        direct[user_id] = [*direct.get(user_id, ()), room_id]
        await self.request("PUT", path, direct)
        return room_id

    async def join(self, room_id_or_alias: str) -> RoomId:
        answer = await self.request("POST", f"/join/{quote(room_id_or_alias)}", {})
        return await self.enters(answer["room_id"])

    async def enters(self, room_id: str, *, timeout: float = 10.0) -> RoomId:
        """Wait until this client knows that it is in the room (it can't encrypt before)."""
        await self._until(lambda: room_id in self.rooms or None, timeout)
        return RoomId(room_id)

    async def leave(self, room_id: str) -> None:
        await self.request("POST", f"/rooms/{quote(room_id)}/leave", {})
        await self._until(lambda: room_id not in self.rooms or None, 10.0)

    async def accept_invites(self, *, timeout: float = 10.0) -> list[RoomId]:
        """Wait until there is an invitation and accept all there are."""
        pending = await self._until(lambda: list(self.invites), timeout)
        return [await self.join(room_id) for room_id in pending]

    async def invite(self, room_id: str, user_id: str) -> None:
        await self.request("POST", f"/rooms/{quote(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str, reason: str = "") -> None:
        body = {"user_id": user_id, "reason": reason}
        await self.request("POST", f"/rooms/{quote(room_id)}/kick", body)

    async def send_state(
        self, room_id: str, event_type: str, content: Content, state_key: str = ""
    ) -> EventId:
        path = f"/rooms/{quote(room_id)}/state/{quote(event_type)}/{quote(state_key)}"
        return EventId((await self.request("PUT", path, content))["event_id"])

    async def state(self, room_id: str, event_type: str, state_key: str = "") -> dict[str, Any]:
        """A piece of the room's current state, from the homeserver."""
        path = f"/rooms/{quote(room_id)}/state/{quote(event_type)}/{quote(state_key)}"
        return await self.request("GET", path)

    # ── saying ────────────────────────────────────────────────────────────────────────────────

    async def say(
        self,
        room_id: str,
        text: str,
        *,
        thread: str | None = None,
        reply_to: str | None = None,
        html: str | None = None,
        mentions: Sequence[str] = (),
        emote: bool = False,
        falling_back: bool = True,
    ) -> EventId:
        """Send a message in the shape that Element gives it.

        `thread` is the thread's root. In a thread without `reply_to` the message answers the
        thread's last one, marked as a mere fallback unless `falling_back=False`.
        """
        content = _text(text, html, self._mentioned(mentions, reply_to), emote)
        if thread is not None:
            content["m.relates_to"] = {
                "rel_type": "m.thread",
                "event_id": thread,
                "is_falling_back": falling_back and reply_to is None,
                "m.in_reply_to": {"event_id": reply_to or self._last_of_thread(thread)},
            }
        elif reply_to is not None:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return await self.send_raw(room_id, MESSAGE, content)

    async def edit(
        self,
        room_id: str,
        event_id: str,
        new_text: str,
        *,
        html: str | None = None,
        mentions: Sequence[str] = (),
    ) -> EventId:
        new_content = _text(new_text, html, mentions)
        # Like Element: the outer mentions are those that the edit adds, and we add none.
        content = {
            **_text(f"* {new_text}", f"* {html}" if html else None, ()),
            "m.new_content": new_content,
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self.send_raw(room_id, MESSAGE, content)

    async def react(self, room_id: str, event_id: str, key: str) -> EventId:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send_raw(room_id, "m.reaction", {"m.relates_to": relation})

    async def redact(self, room_id: str, event_id: str, reason: str | None = None) -> EventId:
        path = f"/rooms/{quote(room_id)}/redact/{quote(event_id)}/{uuid4().hex}"
        answer = await self.request("PUT", path, {"reason": reason} if reason else {})
        return EventId(answer["event_id"])

    async def send_file(
        self, room_id: str, data: bytes, name: str, *, mime: str = "application/pdf"
    ) -> EventId:
        """Upload a file and tell the room of it, as clients do: encrypted if the room is."""
        room = self.client.rooms.get(room_id)
        sealed = room is not None and room.encrypted
        answer, opens = await self.client.upload(
            lambda *_: io.BytesIO(data), mime, name, encrypt=sealed, filesize=len(data)
        )
        if not isinstance(answer, nio.UploadResponse):
            raise RefusedError(answer.transport_response.status, "", answer.message)
        content: dict[str, Any] = {"msgtype": "m.file", "body": name, "filename": name}
        content["info"] = {"mimetype": mime, "size": len(data)}
        if sealed:
            content["file"] = {**(opens or {}), "url": answer.content_uri}
        else:
            content["url"] = answer.content_uri
        return await self.send_raw(room_id, MESSAGE, content)

    async def send_raw(
        self, room_id: str, event_type: str, content: Content, *, txn_id: str | None = None
    ) -> EventId:
        """Send any event; in an encrypted room it is encrypted (reactions never are)."""
        txn_id = txn_id or uuid4().hex
        if room_id not in self.rooms:
            await self.catch_up()  # joined by somebody else's doing, a moment ago?
        room = self.client.rooms.get(room_id)
        if room is not None and room.encrypted and event_type != "m.reaction":
            return await self._send_encrypted(room_id, event_type, content, txn_id)
        path = f"/rooms/{quote(room_id)}/send/{quote(event_type)}/{quote(txn_id)}"
        return EventId((await self.request("PUT", path, content))["event_id"])

    async def _send_encrypted(
        self, room_id: str, event_type: str, content: Content, txn_id: str
    ) -> EventId:
        if self._bedtime is None:
            # Else a member who joined a moment ago would get a message without a key.
            await self.catch_up()
        async with self._encrypting:
            for pause in pauses():
                try:
                    async with asyncio.timeout(REQUEST_SECONDS):
                        await keys.give_key(self.client, room_id, self.request)
                        answer = await self.client.room_send(
                            room_id,
                            event_type,
                            dict(content),
                            txn_id,
                            ignore_unverified_devices=True,
                        )
                except LOST:
                    if pause is None:
                        raise
                else:
                    if isinstance(answer, nio.RoomSendResponse):
                        return EventId(answer.event_id)
                    status = answer.transport_response.status
                    if pause is None or not (status == 429 or status >= 500):
                        raise RefusedError(status, answer.status_code or "", answer.message)
                    pause = max(pause, (answer.retry_after_ms or 0) / 1000)
                finally:
                    # nio leaves it behind when claiming keys fails; all later sends would wait.
                    if stuck := self.client.sharing_session.pop(room_id, None):
                        stuck.set()
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last pause is None")

    # ── hearing ───────────────────────────────────────────────────────────────────────────────

    async def hears(
        self,
        predicate: Predicate | None = None,
        *,
        room: str | None = None,
        sender: str | None = None,
        thread: str | None = None,
        after: Heard | str | None = None,
        type: str | None = MESSAGE,
        edits: bool = False,
        timeout: float = 10.0,
    ) -> Heard:
        """Wait for the next matching event and take it; see the class for what "next" means.

        Others' new messages unless told otherwise: name yourself as `sender` for your own,
        `type` for reactions, polls or state (None: all), `edits=True` to include edits.
        `after` an event (its id, or a Heard) that this person has heard.
        """
        wanted = self._wanted(predicate, room, sender, thread, after, type, edits)
        mine = sender is not None
        return await self._until(
            lambda: self.timeline.take(lambda one: wanted(one) and (mine or self._by_others(one))),
            timeout,
        )

    async def hears_edit(
        self, event_id: str, predicate: Predicate | None = None, *, timeout: float = 10.0
    ) -> Heard:
        """Wait for the next edit of a message and take it; `shown` gives the text it leads to."""

        def wanted(one: Heard) -> bool:
            return one.replaces == event_id and (predicate is None or predicate(one))

        return await self._until(lambda: self.timeline.take(wanted), timeout)

    def heard(
        self,
        predicate: Predicate | None = None,
        *,
        room: str | None = None,
        sender: str | None = None,
        thread: str | None = None,
        after: Heard | str | None = None,
        type: str | None = MESSAGE,
        edits: bool = False,
    ) -> list[Heard]:
        """All matching events so far, one's own too, whether or not `hears` has taken them."""
        return self.timeline.find(self._wanted(predicate, room, sender, thread, after, type, edits))

    async def quiet(self, room: str, seconds: float, predicate: Predicate | None = None) -> None:
        """Check that the room holds no message by others that `hears` has not taken, nor gets one.

        After `seconds` all that the homeserver has accepted by then is looked at.
        """
        wanted = self._wanted(predicate, room, None, None, None, MESSAGE, False)

        def unexpected() -> Heard | None:
            return self.timeline.peek(lambda one: wanted(one) and self._by_others(one))

        with contextlib.suppress(TimeoutError):
            await self._until(unexpected, seconds)
        await self.catch_up()
        if (noise := unexpected()) is not None:
            raise AssertionError(f"{self.user_id} expected silence and heard {noise}")

    def forget(self, *, room: str | None = None) -> None:
        """Take everything heard so far, so that `hears` returns only what is yet to come."""
        self.timeline.forget_fresh(lambda one: room is None or one.room_id == room)

    def shown(self, event_id: str) -> str | None:
        """The text a client shows for a message: the latest edit; None if redacted or unheard."""
        original = self.timeline.get(event_id)
        if original is None or self.timeline.is_redacted(event_id):
            return None
        edits = self.edits_of(event_id)
        return str(edits[-1].content["m.new_content"].get("body", "")) if edits else original.body

    def edits_of(self, event_id: str) -> list[Heard]:
        """The valid edits of a message (its author's, not redacted), oldest first."""
        original = self.timeline.get(event_id)
        edits = [
            one
            for one in self.timeline.related(event_id)
            if one.replaces
            and part_of(one.content, "m.new_content")
            and original is not None
            and (one.sender, one.type) == (original.sender, original.type)
        ]
        return sorted(edits, key=lambda one: (one.origin_ts, one.event_id))

    def reactions_on(self, event_id: str) -> dict[str, set[UserId]]:
        """Who reacted to an event with what, redacted reactions left out."""
        reactions: dict[str, set[UserId]] = {}
        for one in self.timeline.related(event_id):
            if one.reacts_to and one.key:
                reactions.setdefault(one.key, set()).add(one.sender)
        return reactions

    def is_redacted(self, event_id: str) -> bool:
        return self.timeline.is_redacted(event_id)

    def _wanted(
        self,
        predicate: Predicate | None,
        room: str | None,
        sender: str | None,
        thread: str | None,
        after: Heard | str | None,
        type: str | None,
        edits: bool,
    ) -> Predicate:
        earlier = after.event_id if isinstance(after, Heard) else after
        if earlier is not None and earlier not in self.timeline:
            raise ValueError(f"{self.user_id} has not heard {earlier}, so nothing can be after it")

        def wanted(one: Heard) -> bool:
            return (
                (type is None or one.type == type)
                and (room is None or one.room_id == room)
                and (sender is None or one.sender == sender)
                and (thread is None or one.thread_root == thread)
                and (edits or one.replaces is None)
                and (earlier is None or self.timeline.arrived_after(one, EventId(earlier)))
                and (predicate is None or predicate(one))
            )

        return wanted

    def _by_others(self, one: Heard) -> bool:
        return one.sender != self.user_id

    def _mentioned(self, mentions: Sequence[str], reply_to: str | None) -> list[str]:
        """Element mentions the author of what one replies to."""
        answered = self.timeline.get(reply_to) if reply_to is not None else None
        author = [answered.sender] if answered is not None and self._by_others(answered) else []
        return list(dict.fromkeys([*mentions, *author]))

    def _last_of_thread(self, root: str) -> EventId:
        messages = self.timeline.find(lambda one: one.thread_root == root)
        return messages[-1].event_id if messages else EventId(root)


def _text(
    text: str, html: str | None, mentions: Sequence[str], emote: bool = False
) -> dict[str, Any]:
    content: dict[str, Any] = {"msgtype": "m.emote" if emote else "m.text", "body": text}
    if html is not None:
        content |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return content | {"m.mentions": {"user_ids": list(mentions)} if mentions else {}}
