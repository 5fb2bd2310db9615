"""Brings a database up to date at start; alembic is imported only when there is something to do."""

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text

HEAD = "0014"  # the newest file in versions/; a test holds the two together


class NewerDatabase(Exception):
    """A newer version of the hall has had this database: only that one can read it."""


def bring_up_to_date(connection: Connection) -> bool:
    """Run the migrations that are missing; returns whether there were any.

    Raises NewerDatabase rather than guess at tables it has never heard of.
    """
    known = current(connection)
    if known == HEAD:
        return False
    if known is not None and not knows(known):
        raise NewerDatabase(known)
    bring_to(connection, HEAD)
    return True


def bring_to(connection: Connection, revision: str) -> None:
    """Run the migrations up to that one."""
    # Alembic weighs 7 MB and 0.15 s: most starts need none of it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows(revision: str) -> bool:
    """Whether this version of the hall has a migration of that name."""
    versions = Path(__file__).parent / "versions"
    return bool(re.fullmatch(r"\w+", revision)) and any(versions.glob(f"{revision}_*.py"))


def current(connection: Connection) -> str | None:
    """The version that a database is at; None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version
