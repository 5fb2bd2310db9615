"""The smallest bot that matrix-nio allows: it repeats what it hears, and keeps nothing."""

import asyncio
import sys

from nio import AsyncClient, MatrixRoom, RoomMessageText


async def main(homeserver: str, user: str, token: str) -> None:
    """Echo until killed."""
    client = AsyncClient(homeserver, user)
    client.restore_login(user, "ECHO", token)
    await client.sync(timeout=0)

    async def echo(room: MatrixRoom, event: RoomMessageText) -> None:
        if event.sender != user:
            content = {"msgtype": "m.notice", "body": event.body}
            await client.room_send(room.room_id, "m.room.message", content)

    client.add_event_callback(echo, RoomMessageText)
    print("ready", flush=True)
    await client.sync_forever(timeout=30_000)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
