"""The migrations make what the code expects, on both databases."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import migrations
from storage.database import Database
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
