"""The migrations make what the code expects, on both databases."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select

from storage import migrations
from storage.database import Database
from storage.tables.archive import event, message
from storage.tables.base import metadata

# What `storage/search` makes for itself.
INDEX = ("ft", "message_tsv", "tsv")


async def test_a_migrated_database_has_the_tables_that_the_code_knows(database: Database) -> None:
    def differences(connection: Any) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = [str(one) for one in compare_metadata(context, metadata)]
        return [one for one in found if not any(f"'{name}" in one for name in INDEX)]

    assert await database.write(differences) == []


async def test_the_second_start_has_nothing_to_migrate(database: Database) -> None:
    assert await database.write(migrations.bring_up_to_date) is False


def test_the_known_head_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD


async def test_what_polls_ask_leaves_the_log_of_an_older_hall(bare: Database) -> None:
    asked = {"m.poll": {"question": "canary?"}, "kept": 1}

    def begin(connection: Connection) -> None:
        migrations.bring_to(connection, "0011")
        for number, words in enumerate(("Where?", ""), start=1):
            its = {"seq": number, "room_id": 1, "sender_id": 1, "ts": 1}
            name = {"event_id": f"$p{number}", "event_h": number, "type": "m.poll.start"}
            connection.execute(insert(event).values(**its, **name, received=1, content=asked))
            said = {"id": number, "thread_h": number, "thread_fixed": False, "lang": ""}
            connection.execute(insert(message).values(**its, **said, body=words))

    def read(connection: Connection) -> list[Any]:
        return list(connection.scalars(select(event.c.content).order_by(event.c.seq)))

    await bare.write(begin)
    assert await bare.write(migrations.bring_up_to_date) is True
    # Of a poll that has no text the log alone knows what it asks.
    assert await bare.read(read) == [{"kept": 1}, asked]
