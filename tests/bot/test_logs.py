"""What operators read in the log, and what they never read there."""

import json
import logging
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from bot.logs import Formatter, JsonFormatter

SECRET = "my neighbour is ill"


def formatted(error: Exception) -> str:
    try:
        raise error
    except Exception:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "broke", (), sys.exc_info())
    return Formatter().format(record)


@pytest.mark.promise("No message, query or token appears in a log, not even when something breaks")
def test_an_exception_is_told_without_its_message() -> None:
    broken = ExceptionGroup(SECRET, [ValueError(SECRET)])
    broken.__cause__ = KeyError(SECRET)
    told = formatted(broken)
    assert SECRET not in told
    assert "ExceptionGroup" in told
    assert "ValueError" in told
    assert "KeyError" in told
    assert "test_logs.py" in told


def record(name: str, template: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, template, values, None)


def test_the_facts_of_a_line_are_fields_in_json() -> None:
    told = json.loads(
        JsonFormatter().format(
            record("bot.x", "not sent (attempt %d): key=%s duration_ms=%.1f 100%%", 2, "a/b", 1.25)
        )
    )
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "error",
        "logger": "bot.x",
        "message": "not sent (attempt 2): 100%",
        "key": "a/b",
        "duration_ms": 1.25,
    }


@pytest.mark.parametrize("form", [Formatter(), JsonFormatter()])
def test_an_id_that_somebody_chose_makes_no_second_line(form: logging.Formatter) -> None:
    line = form.format(record("bot.x", "parked: event=%s", "$x\n2026 INFO bot: all is well\u2028"))
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("form", [Formatter(), JsonFormatter()])
def test_what_a_library_fills_in_is_left_out(form: logging.Formatter) -> None:
    assert SECRET not in form.format(record("aiohttp.server", "Error: %s", SECRET))
    assert SECRET not in form.format(record("asyncio", f"Never retrieved\nfuture: {SECRET}"))


def test_what_nobody_caught_is_told_without_its_message() -> None:
    program = "from bot import logs; logs.set_up('INFO'); raise ValueError('my neighbour is ill')"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 1
    assert SECRET not in ended.stderr
    assert "CRITICAL moothall: broken" in ended.stderr
    assert "ValueError" in ended.stderr


def test_a_database_error_does_not_carry_what_people_wrote() -> None:
    engine = create_engine("sqlite://", hide_parameters=True)
    with pytest.raises(OperationalError) as caught, engine.connect() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:body)"), {"body": SECRET})
    assert SECRET not in str(caught.value)
    engine.dispose()
