"""Brings a database up to date at start; alembic is imported only when there is something to do."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

HEAD = "0002"  # the newest file in versions/; a test holds the two together


def bring_up_to_date(connection: Connection) -> bool:
    """Run the migrations that are missing; returns whether there were any."""
    if current(connection) == HEAD:
        return False
    # Alembic weighs 7 MB and 0.15 s: most starts need none of it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def current(connection: Connection) -> str | None:
    """The version that a database is at; None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version
