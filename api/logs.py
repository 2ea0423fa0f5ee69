"""What the processes say of themselves: one line of JSON, or of text for a terminal, on standard error.

Owns the form of a line and what may stand in it: routes instead of paths, ids of keys and requests, never a body, a
query, a header, a statement or the message of an exception, all of which may hold personal data or secrets.
"""

import logging
import sys
from typing import Any, Final

import orjson
import structlog
from flask import g, has_request_context
from structlog.typing import EventDict, Processor, WrappedLogger

from api.settings import Settings

OURS: Final = ("api", "ledger", "invoices")
"""The loggers of the product, which speak through the same lines."""


class Lines(logging.Handler):
    """What modules log by Python's own `logging`, as lines like all others; of a library's warning the words alone,
    without the values in it, which may be anybody's."""

    def emit(self, record: logging.LogRecord) -> None:
        is_ours = record.name.partition(".")[0] in OURS
        said = record.getMessage() if is_ours else str(record.msg)
        structlog.get_logger().log(record.levelno, said, logger=record.name)


def configure(settings: Settings) -> None:
    """Sets the process up; the last call counts."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_json = settings.log_format == "json"
    rendered: Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at" if as_json else "timestamp"),
            _add_request,
            rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    everybody = logging.getLogger()
    everybody.handlers[:] = [each for each in everybody.handlers if not isinstance(each, Lines)] + [Lines()]
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def _add_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if has_request_context() and "request_id" in g:
        event.setdefault("request_id", g.request_id)
    return event


def _json(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()
