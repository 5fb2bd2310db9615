"""What operators read in the log, and what they never read there."""

import logging
import sys

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from bot.logs import Formatter

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


def test_a_database_error_does_not_carry_what_people_wrote() -> None:
    engine = create_engine("sqlite://", hide_parameters=True)
    with pytest.raises(OperationalError) as caught, engine.connect() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:body)"), {"body": SECRET})
    assert SECRET not in str(caught.value)
    engine.dispose()
