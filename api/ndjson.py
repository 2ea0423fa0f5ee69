"""NDJSON in, NDJSON out: a stream of any length, taken as many small commands, one result per line and in order.

Every `CHUNK` lines are one command in a transaction of its own, under a part of the caller's idempotency key: a stream
that broke off is sent again whole, and nothing of it is done twice. What refuses the first chunk refuses the request;
what refuses a later one is the result of each of its lines.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, Final

import orjson
from flask import Request, Response, request, stream_with_context

from api import problems
from api.refusals import TooLarge
from api.strict_json import Reader, refuse_encoded
from ledger.domain.errors import Refusal

MEDIA_TYPE: Final = "application/x-ndjson"
CHUNK: Final = 100
BLOCK: Final = 64 * 1024

Answering = Callable[[int, Reader], Response]
"""Answers the chunk of this number, whose body is what the reader brings."""


def is_sent() -> bool:
    """Whether the present request's body is NDJSON."""
    return request.mimetype == MEDIA_TYPE


def answer_lines(answering: Answering, limit: int) -> Response:
    """Answers a request line by line, as its lines come in; a line may have `limit` bytes."""
    chunks = _chunks(request, limit)
    lines = next(chunks, ())
    first = answering(0, _brings(lines))
    if first.status_code >= 400:
        return first
    results = chain(_results(first, 0), _following(answering, chunks, len(lines)))
    return Response(stream_with_context(results), content_type=MEDIA_TYPE)


def _following(answering: Answering, chunks: Iterator[tuple[bytes, ...]], start: int) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        try:
            lines = next(chunks, None)
        except Refusal as refusal:
            yield _refused(start, refusal)
            return
        if lines is None:
            return
        try:
            answer = answering(number, _brings(lines))
        except Refusal as refusal:
            yield from (_refused(start + index, refusal) for index in range(len(lines)))
        else:
            yield from _results(answer, start, len(lines))
        start += len(lines)


def _chunks(sent: Request, limit: int) -> Iterator[tuple[bytes, ...]]:
    refuse_encoded(sent)
    sent.max_content_length = None
    lines = _lines(sent, limit)
    return iter(lambda: tuple(islice(lines, CHUNK)), ())


def _lines(sent: Request, limit: int) -> Iterator[bytes]:
    """The lines that are not blank, without their ends. Servers differ in `readline`, not in `read`."""
    rest = b""
    while block := sent.stream.read(BLOCK):
        *whole, rest = (rest + block).split(b"\n")
        yield from _not_blank(whole, limit)
        if len(rest) > limit:
            break
    yield from _not_blank([rest], limit)


def _not_blank(lines: list[bytes], limit: int) -> Iterator[bytes]:
    for line in lines:
        if len(line) > limit:
            raise TooLarge(f"a line may have {limit} bytes at the most")
        if found := line.strip():
            yield found


def _brings(lines: tuple[bytes, ...]) -> Reader:
    def read(_request: Request, _limit: int, *, optional: bool = False) -> Any:
        return {"items": list(lines)}

    return read


def _results(answer: Response, start: int, count: int = 0) -> Iterator[bytes]:
    value = orjson.loads(answer.get_data())
    if answer.status_code >= 400:
        yield from (_line(start + index, answer.status_code, value) for index in range(count))
        return
    for item in value["items"]:
        yield orjson.dumps({**item, "index": start + item["index"]}) + b"\n"


def _refused(index: int, refusal: Refusal) -> bytes:
    problem = problems.problem_of(refusal)
    return _line(index, problem.status, orjson.loads(problem.body()))


def _line(index: int, status: int, problem: Any) -> bytes:
    return orjson.dumps({"index": index, "status": status, "problem": problem}) + b"\n"
