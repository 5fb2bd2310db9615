"""Log lines for operators: facts with keys, and never what somebody wrote."""

import logging
import sys
import traceback
from types import TracebackType

# nio logs each event at INFO and a page of schema, bodies included, for each malformed one.
NOISY = ("nio", "apscheduler", "aiohttp", "alembic", "asyncio", "sqlalchemy")

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class Formatter(logging.Formatter):
    """Tells where something broke, but not its message: that may hold a body or a query."""

    def formatException(self, ei: ExceptionInfo) -> str:
        """Frames and kinds of an exception and of what it came from."""
        return "\n".join(_lines(ei[1])) if ei[1] is not None else ""


def _lines(error: BaseException) -> list[str]:
    lines = [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
    lines.append(type(error).__qualname__)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            lines += [f"  | {line}" for line in _lines(one)]
    if error.__cause__ is not None:
        lines += ["caused by", *_lines(error.__cause__)]
    return lines


def set_up(level: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "nio" else logging.ERROR)
