"""How the hall comes to its device: by a configured token, by its store, or by password, once."""

import asyncio
from pathlib import Path

from bot.matrix.device import Device, keep_device, read_device
from bot.matrix.errors import Refused, Unauthorised
from bot.matrix.http import Http, path_of, text_of
from storage.records import UserId


async def device_of_token(http: Http, user_id: UserId, token: str) -> Device:
    """The device of a configured token; raises Unauthorised if it is somebody else's."""
    http.use_token(token)
    owner, device_id = await whoami(http)
    if owner != user_id or device_id is None:
        raise Unauthorised(f"the access token is for {owner}, device {device_id}, not {user_id}")
    return Device(owner, device_id, token)


async def device_of_store(
    http: Http, user_id: UserId, password: str | None, device_name: str, store: Path
) -> Device:
    """The device that the store knows; at the first start a new one, logged in by password."""
    device = await asyncio.to_thread(read_device, store)
    if device is not None:
        if device.user_id != user_id:
            raise Unauthorised(f"the store belongs to {device.user_id}, not to {user_id}")
        return device
    if password is None:
        raise Unauthorised("neither a password nor an access token is configured")
    device = await _log_in(http, user_id, password, device_name)
    await asyncio.to_thread(keep_device, store, device)
    return device


async def _log_in(http: Http, user_id: UserId, password: str, device_name: str) -> Device:
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": password,
        "initial_device_display_name": device_name,
    }
    try:
        answer = await http.post(path_of("login"), body)
    except Refused as refusal:
        raise Unauthorised(f"login refused: {refusal.errcode}") from None
    return Device(
        UserId(text_of(answer, "user_id")),
        text_of(answer, "device_id"),
        text_of(answer, "access_token"),
    )


async def whoami(http: Http) -> tuple[UserId, str | None]:
    """Who the homeserver says we are, and on which device."""
    answer = await http.get(path_of("account", "whoami"))
    device_id = answer.get("device_id")
    return UserId(text_of(answer, "user_id")), device_id if isinstance(device_id, str) else None
