"""A member's keys, looked after as a good client does it, where nio alone is careless."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiohttp
import nio

LOST = (aiohttp.ClientError, TimeoutError, ConnectionError)  # outcome unknown: ask again
_TOO_MANY, _SERVER_ERROR = 429, 500

Put = Callable[[str, str, dict[str, Any]], Awaitable[Any]]  # method, path, body; repeats by itself


async def give_key(client: nio.AsyncClient, room_id: str, put: Put) -> None:
    """See to it that all devices in the room have the key of what is said next.

    nio's own way calls a key shared although the homeserver was away when it was sent: whoever
    missed it reads nothing for as long as the key lasts. ConnectionError if the homeserver is
    away; a refusal is left to the sending itself.
    """
    room = client.rooms.get(room_id)
    if room is None or not room.encrypted:
        return
    if not room.members_synced:
        _must_come(await client.joined_members(room_id))
    if client.should_query_keys:
        _must_come(await client.keys_query())
    if not client.olm.should_share_group_session(room_id):
        return
    if missing := client.get_missing_sessions(room_id):
        wanted = {user: dict.fromkeys(ids, "signed_curve25519") for user, ids in missing.items()}
        claimed = await put("POST", "/keys/claim", {"one_time_keys": wanted})
        client.olm.handle_response(nio.KeysClaimResponse(claimed["one_time_keys"], {}))
    for devices, messages in client.olm.share_group_session_parallel(
        room_id, list(room.users), ignore_unverified_devices=True
    ):
        await put("PUT", f"/sendToDevice/m.room.encrypted/{uuid4().hex}", messages)
        client.olm.outbound_group_sessions[room_id].users_shared_with.update(devices)
    client.olm.outbound_group_sessions[room_id].shared = True


async def tend(client: nio.AsyncClient, raw: dict[str, Any]) -> None:
    """What nio's own loop does after a sync answer: publish our keys, learn the others'."""
    if raw.get("device_one_time_keys_count", {}).get("signed_curve25519") == 0:
        client.olm.uploaded_key_count = 0  # nio overlooks exactly zero
    with contextlib.suppress(*LOST):  # tried again after the next sync
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())
        await client.send_to_device_messages()
    if raw.get("to_device", {}).get("events"):
        client.olm.save_account()  # nio does not keep that a one-time key was used


def _must_come(answer: Any) -> None:
    if not isinstance(answer, nio.ErrorResponse):
        return
    status = answer.transport_response.status if answer.transport_response is not None else 0
    if status in (0, _TOO_MANY) or status >= _SERVER_ERROR:
        raise ConnectionError(f"{type(answer).__name__}: {status}")
