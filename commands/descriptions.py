"""Commands as clients that know MSC4391 want them: one state event each."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from commands.arguments import Argument, Place, arguments_of
from commands.command import AnyCommand
from commands.words import Words
from storage.records import UserId

TYPE = "org.matrix.msc4391.command_description"


@dataclass(frozen=True, slots=True)
class Description:
    """A state event to be; send it only if the room has another content under that key."""

    state_key: str
    content: dict[str, Any]
    type: str = TYPE


def describe(commands: Iterable[AnyCommand], me: UserId, words: Words) -> list[Description]:
    """The descriptions of commands, in the language of a room."""
    return [
        Description(state_key(command.name, me), _content(command, words)) for command in commands
    ]


def state_key(name: str, me: UserId) -> str:
    """Clients hide a description whose key is anything else."""
    return base64.b64encode(hashlib.sha256(f"{name}{me}".encode()).digest()).decode()


def _content(command: AnyCommand, words: Words) -> dict[str, Any]:
    declared = arguments_of(command.arguments)
    content: dict[str, Any] = {
        "command": command.name,
        "description": _text(words.text(command.summary)),
        "parameters": [_parameter(each, words) for each in declared],
    }
    if command.aliases:
        content["aliases"] = list(command.aliases)
    tail = [each.key for each in declared if each.place is Place.REST]
    if tail:
        content["fi.mau.tail_parameter"] = tail[0]
    return content


def _parameter(declared: Argument, words: Words) -> dict[str, Any]:
    schema: dict[str, Any] = dict(declared.reader.schema)
    if declared.many:
        schema = {"schema_type": "array", "items": schema}
    told = words.text(declared.question or declared.shown or declared.key)
    parameter = {"key": declared.key, "schema": schema, "description": _text(told)}
    return parameter if declared.required else {**parameter, "optional": True}


def _text(body: str) -> dict[str, Any]:
    return {"m.text": [{"body": body}]}
