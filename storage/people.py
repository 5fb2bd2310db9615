"""People the hall has met, or was told about."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from storage import marks, naming
from storage.database import find_named, in_parts, insert_once, upsert
from storage.records import Person, Role, UserId
from storage.tables.archive import message
from storage.tables.people import command_count, member, person

ROLE_VALUES = {role.value: role for role in Role}


def person_of(row: Row[Any], prefix: str = "") -> Person:
    """A person from the columns of a row, which may carry a prefix."""

    def column(name: str) -> Any:
        return getattr(row, prefix + name)

    return Person(
        id=column("id"),
        user_id=UserId(column("user_id")),
        display_name=column("display_name") or column("user_id"),
        city=column("city"),
        organisation=column("organisation"),
        roles=frozenset(ROLE_VALUES[value] for value in column("roles") if value in ROLE_VALUES),
        language=column("language"),
        time_zone=column("time_zone"),
        digest=column("digest"),
        archive=column("archive"),
    )


def get(connection: Connection, user_id: UserId) -> Person | None:
    """The person of that id, if the hall has met them."""
    row = connection.execute(select(person).where(person.c.user_id == user_id)).first()
    return None if row is None else person_of(row)


def lets_keep(connection: Connection, user_id: UserId) -> bool:
    """Whether somebody's words may be kept: not those of who has opted out, or is unknown."""
    known = get(connection, user_id)
    return known is not None and known.archive


def know(connection: Connection, user_id: UserId) -> Person:
    """The person of that id, entered in the book if they are new."""
    known = get(connection, user_id)
    if known is None:
        numbers(connection, [user_id])
        known = get(connection, user_id)
        assert known is not None
    return known


def numbers(connection: Connection, user_ids: Iterable[UserId]) -> dict[UserId, int]:
    """Our numbers for people, entering those who are new."""
    wanted = sorted(set(user_ids))
    found = _numbers(connection, wanted)
    new = [user_id for user_id in wanted if user_id not in found]
    if new:
        connection.execute(
            insert_once(connection, person), [{"user_id": user_id} for user_id in new]
        )
        entered = _numbers(connection, new)
        marks.recognise(connection, entered)
        found |= entered
    return found


_NUMBERS = "SELECT user_id, id FROM person WHERE user_id {among}"


def _numbers(connection: Connection, user_ids: list[UserId]) -> dict[UserId, int]:
    found: dict[UserId, int] = {}
    for part in in_parts(user_ids):
        rows = find_named(connection, _NUMBERS, part)
        found.update((UserId(user_id), number) for user_id, number in rows)
    return found


def by_number(connection: Connection, wanted: Iterable[int]) -> dict[int, Person]:
    """People by our own numbers."""
    rows = connection.execute(select(person).where(person.c.id.in_(list(wanted))))
    return {row.id: person_of(row) for row in rows}


def find(
    connection: Connection, *, city: str | None = None, room_number: int | None = None
) -> list[Person]:
    """People, by name; of one city, or joined to one room."""
    query = select(person).order_by(person.c.display_name, person.c.user_id)
    if city is not None:
        query = query.where(person.c.city == city)
    if room_number is not None:
        query = query.join(member, member.c.person_id == person.c.id).where(
            member.c.room_id == room_number, member.c.membership == "join"
        )
    return [person_of(row) for row in connection.execute(query)]


def find_by_name(connection: Connection, name: str) -> list[Person]:
    """People who may be meant by a name or an address, whatever its case; a localpart will do.

    An address means one person, whatever others call themselves. Of names that look alike all are
    found, so that nobody is taken for somebody else.
    """
    wanted = name.strip().casefold().removeprefix("@")
    if ":" in wanted and (known := get(connection, UserId(f"@{wanted}"))) is not None:
        return [known]
    everybody = [person_of(row) for row in connection.execute(select(person).order_by(person.c.id))]
    addressed = [one for one in everybody if wanted == one.user_id[1:].casefold()]
    if addressed or (name.strip().startswith("@") and ":" in wanted):
        return addressed
    likeness = naming.alike(name.strip().removeprefix("@"))
    return [
        one
        for one in everybody
        if wanted == one.user_id[1:].partition(":")[0].casefold()
        or (likeness and likeness == naming.alike(one.display_name))
    ]


def change(connection: Connection, user_id: UserId, **values: Any) -> None:
    """Write columns of a person who is known."""
    connection.execute(update(person).where(person.c.user_id == user_id).values(**values))


def set_roles(connection: Connection, user_id: UserId, roles: Iterable[Role]) -> None:
    """Write the roles granted in chat."""
    change(connection, user_id, roles=sorted(role.value for role in roles))


def record_names(connection: Connection, names: Mapping[UserId, str]) -> None:
    """Remember display names as rooms tell them, in a form that can be shown."""
    for user_id, name in names.items():
        shown = naming.shown(name)
        connection.execute(
            update(person)
            .where(person.c.user_id == user_id, person.c.display_name != shown)
            .values(display_name=shown)
        )


def archived_messages(connection: Connection, number: int) -> int:
    """How many messages of a person the archive holds words of."""
    count = connection.scalar(
        select(func.count())
        .select_from(message)
        .where(message.c.sender_id == number, ~message.c.redacted, ~message.c.withheld)
    )
    return count or 0


_COUNTED = select(command_count).where(command_count.c.person_id == bindparam("person"))


def count_command(
    connection: Connection, number: int, now: datetime, window: timedelta = timedelta(minutes=1)
) -> int:
    """Count a command; returns how many the person sent since their window began.

    What is said to them in conversations is counted apart, under the negative number.
    """
    row = connection.execute(_COUNTED, {"person": number}).first()
    fresh = row is None or now - row.window_start >= window
    commands = 1 if fresh or row is None else row.commands + 1
    started = now if fresh or row is None else row.window_start
    connection.execute(
        upsert(connection, command_count, ["person_id"], ["window_start", "commands"]),
        {"person_id": number, "window_start": started, "commands": commands},
    )
    return commands
