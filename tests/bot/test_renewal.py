"""Keys from a backup: whoever comes reaches the hall, whatever became of its keys since."""

from pathlib import Path
from shutil import copytree

import pytest

from bot.matrix.renewal import RESTORED
from tests.bot.robot import Bot, bot_device, key_count, new_room
from tests.conftest import NewPerson


@pytest.mark.promise("Keys handed out after a backup do not deafen the hall that is restored")
async def test_keys_made_after_the_backup_are_used_up(
    bot: Bot, new_person: NewPerson, tmp_path: Path
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await bot.stop()
    copytree(bot.store, tmp_path / "backup")
    wanted = {bot.account.user_id: {bot_device(bot): "signed_curve25519"}}
    for _ in range(50):
        await ann.request("POST", "/keys/claim", {"one_time_keys": wanted})
    await bot.restart()  # fifty new ones, whose secrets are not in the backup
    await bot.stop()

    bot.store = tmp_path / "backup"
    (bot.store / RESTORED).touch()
    await bot.restart()
    assert not (bot.store / RESTORED).exists()
    assert await key_count(bot) == 50
    await ann.say(room, "can you hear me")
    assert (await bot.hears(room, "can you hear me")).encrypted
