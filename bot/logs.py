"""Log lines for operators: facts with keys, and never what somebody wrote."""

import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

# nio logs each event at INFO and a page of schema, bodies included, for each malformed one.
NOISY = ("nio", "apscheduler", "aiohttp", "alembic", "asyncio", "sqlalchemy")
OURS = ("bot", "commands", "storage")

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)
_PLACE = re.compile(r"(?:(\w+)=)?(%[-#0 +]*\d*(?:\.\d+)?[a-zA-Z%])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ROOT = Path(__file__).resolve().parent.parent


class Formatter(logging.Formatter):
    """Tells where something broke, but not its message: that may hold a body or a query."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line, whatever is in an id that somebody chose."""
        record.message = _CONTROL.sub("�", _told(record))
        return super().formatMessage(record)

    def formatException(self, ei: ExceptionInfo) -> str:
        """Frames and kinds of an exception and of what it came from."""
        return "\n".join(_lines(ei[1])) if ei[1] is not None else ""


class JsonFormatter(Formatter):
    """One JSON object a line: `message` says what, the keys of the plain line are keys here."""

    def format(self, record: logging.LogRecord) -> str:
        """The same facts as the plain line, in fields."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_fields(record),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            fields |= {"broke": kind_of(error), "place": place_of(error)}
            fields["trace"] = _lines(error)
        return json.dumps(fields, default=str)


def place_of(error: BaseException) -> str:
    """Where it broke: the last line of ours, as path, line and function."""
    place = "unknown"
    for frame, line in traceback.walk_tb(error.__traceback__):
        if (path := _path_of(frame)) is not None:
            place = f"{path}:{line} ({frame.f_code.co_name})"
    return place


def kind_of(error: BaseException) -> str:
    """Which error it is; of a database's, the driver's, with its code."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "pgcode", None)
    return f"{type(cause).__qualname__}{f' {code}' if code else ''}"


def _path_of(frame: FrameType) -> str | None:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(_ROOT):
        return None
    inside = path.relative_to(_ROOT)
    return inside.as_posix() if inside.parts[0] in OURS else None


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in (*OURS, "moothall", "__main__")


def _told(record: logging.LogRecord) -> str:
    if _is_ours(record):
        return record.getMessage()
    # A library's: what it fills in may be an exception's words, and asyncio writes them itself.
    return str(record.msg).partition("\n")[0]


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    if not _is_ours(record) or not isinstance(record.args, tuple) or not _fits(record):
        return {"message": _told(record)}
    values, fields = iter(record.args), dict[str, Any]()

    def fill(match: re.Match[str]) -> str:
        name, form = match.groups()
        if form == "%%":
            return match[0].replace("%%", "%")
        value = next(values)
        if name is None:
            return str(form % value)
        fields[name] = value if isinstance(value, int | float | bool) else form % value
        return ""

    message = _PLACE.sub(fill, str(record.msg))
    return {"message": " ".join(message.split()).rstrip(":, "), **fields}


def _fits(record: logging.LogRecord) -> bool:
    places = [match[2] for match in _PLACE.finditer(str(record.msg)) if match[2] != "%%"]
    return isinstance(record.args, tuple) and len(places) == len(record.args)


def _lines(error: BaseException) -> list[str]:
    lines = [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
    lines.append(type(error).__qualname__)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            lines += [f"  | {line}" for line in _lines(one)]
    if error.__cause__ is not None:
        lines += ["caused by", *_lines(error.__cause__)]
    return lines


def set_up(level: str, *, as_json: bool = False) -> None:
    """Log to standard error; also what nobody has caught."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else Formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "nio" else logging.ERROR)
    # Python's own way prints an exception's message, and with it what somebody wrote.
    sys.excepthook = _uncaught
    threading.excepthook = lambda uncaught: _uncaught(
        uncaught.exc_type, uncaught.exc_value, uncaught.exc_traceback
    )


def is_json() -> bool:
    """Whether a program reads the log."""
    return any(isinstance(one.formatter, JsonFormatter) for one in logging.getLogger().handlers)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("moothall").critical("broken", exc_info=(kind, error, trace))
