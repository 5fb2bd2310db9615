"""Where things are: the homeserver, rooms and people, the database."""

import os.path
import re
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.config_readers import matching, words
from bot.config_sections import NOT_SHOWN, Reader, Refused, did_you_mean, shown
from storage.records import UserId

# The grammar of identifiers, https://spec.matrix.org/v1.16/appendices/#identifier-grammar
_SERVER = r"(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
_USER = rf"@[^\s:]+:{_SERVER}"  # localparts of long ago may hold more than today's a-z
_ROOM = rf"#[^\s:]+:{_SERVER}|![^\s:]+(?::{_SERVER})?"  # ids of room version 12 name no server


def database(data_folder: Path) -> Reader[URL]:
    """The address of a database; a file's path is relative to the data folder."""
    usual = URL.create("sqlite", database=str(data_folder / "moothall.db"))

    def accept(value: str) -> URL:
        url = _url_or_none(value)
        if url is None:
            raise Refused
        if url.drivername not in ("sqlite", "postgresql"):
            raise Refused(did_you_mean(url.drivername, ("sqlite", "postgresql")))
        if "password" in url.query:
            raise Refused("the password belongs in password, password_file or password_env")
        if url.drivername == "postgresql":
            return _accept_postgresql(url)
        if url.host:
            raise Refused(did_you_mean(value, [f"sqlite:///{url.host}"]))
        if not url.database or url.database == ":memory:" or url.query:
            raise Refused("the hall remembers in a file")
        return url.set(database=str(data_folder / os.path.expanduser(url.database)))

    def show(value: object) -> str:
        if not isinstance(value, str):
            return shown(value)
        url = _url_or_none(value)  # what cannot be read may hold a password anywhere
        return shown(str(url.set(query={}))) if url else NOT_SHOWN

    expected = '"sqlite:///<file>" or "postgresql://<user>@<host>/<database>"'
    return words(expected, accept, usual, show)


def _url_or_none(value: str) -> URL | None:
    try:
        return make_url(value)
    except (ArgumentError, ValueError):
        return None


def _accept_postgresql(url: URL) -> URL:
    if not url.database:
        raise Refused("the name of the database is missing")
    return url


def _guess_user(value: str) -> str:
    return f"did you mean {shown('@' + value)}?" if re.fullmatch(_USER, "@" + value) else ""


def _accept_homeserver(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port != 0  # asking for a port above 65535 raises
    except ValueError:
        raise Refused from None
    if parts.scheme not in ("http", "https"):
        raise Refused("" if "://" in value else "begin with https://")
    if not (port_is_fine and re.fullmatch(_SERVER, parts.netloc)):
        raise Refused
    if parts.query or parts.fragment or re.search(r"\s", value):
        raise Refused
    return value.rstrip("/")


def _address_shown(value: object) -> str:
    """An address without what people put before an @ or behind a question mark."""
    return shown(re.sub(r":.*@|\?.*", "…", value) if isinstance(value, str) else value)


def _accept_user(value: str) -> UserId:
    return UserId(matching(_USER, _guess_user)(value))


user = words('a full Matrix user id such as "@ann:example.org"', _accept_user)
user_or_server = words(
    'a Matrix user id or a server such as "@ann:example.org" or "example.org"',
    matching(f"{_USER}|{_SERVER}", _guess_user),
)
room = words(
    'the alias or id of a room such as "#room:example.org" or "!AbCd:example.org"',
    matching(_ROOM),
)
homeserver = words(
    'an address such as "https://matrix.example.org"', _accept_homeserver, show=_address_shown
)
