"""A finished set of PDF objects as the bytes of a file.

Owns header, object streams, cross-reference stream and identifier. Every object is formatted and compressed once, in
portions; the library's own writer does it two and three times over, which is most of the time of a long table.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from hashlib import md5
from itertools import accumulate
from typing import Any, BinaryIO, Final

from invoices.pdf_objects import Batch

_PORTION: Final = 200
"""Objects per object stream."""
_LEVEL: Final = 6
_FREE, _PLAIN, _PACKED = 0, 1, 2


class _File:
    """Bytes on their way out: counted for the cross-references, hashed for the identifier."""

    def __init__(self, output: BinaryIO) -> None:
        self._output, self.position, self._hash = output, 0, md5(usedforsecurity=False)

    def write(self, content: bytes) -> None:
        self._output.write(content)
        self._hash.update(content)
        self.position += len(content)

    def digest(self) -> str:
        return self._hash.hexdigest()


def write(pdf: Any, output: BinaryIO, version: str, identifier: bytes) -> None:
    """Writes a `pydyf.PDF`; the file's identifier is `identifier` and the hash of its content."""
    if pdf.info:
        pdf.add_object(pdf.info)
    file = _File(output)
    file.write(f"%PDF-{version}\n".encode("ascii") + b"%\xf0\x9f\x96\xa4\n")
    entries: dict[int, tuple[int, int, int]] = {0: (_FREE, 0, 65535)}
    for each in pdf.objects:
        if each.free == "n" and not each.compressible:
            entries[each.number] = _put(file, each.number, each.data)
    number = len(pdf.objects)
    for numbers, bodies in _portions(pdf.objects):
        entries.update({each: (_PACKED, number, place) for place, each in enumerate(numbers)})
        entries[number] = _put(file, number, _object_stream(numbers, bodies))
        number += 1
    references = file.position
    entries[number] = (_PLAIN, references, 0)
    table = b"".join(struct.pack(">BLH", *entries[place]) for place in range(number + 1))
    extra = (
        f"/Type/XRef/W[1 4 2]/Size {number + 1}/Root {pdf.catalog.number} 0 R"
        f"{f'/Info {pdf.info.number} 0 R' if pdf.info else ''}/ID[<{identifier.hex()}><{file.digest()}>]"
    )
    _put(file, number, _stream(table, extra))
    file.write(f"startxref\n{references}\n%%EOF\n".encode("ascii"))


def _put(file: _File, number: int, data: bytes) -> tuple[int, int, int]:
    entry = (_PLAIN, file.position, 0)
    file.write(b"%d 0 obj\n%b\nendobj\n" % (number, data))
    return entry


def _portions(objects: Sequence[Any]) -> Iterator[tuple[Sequence[int], Sequence[bytes]]]:
    """Numbers and bodies of what goes into object streams: single objects in portions, then each batch as it is."""
    packed = [each for each in objects if each.free == "n" and each.compressible]
    for start in range(0, len(packed), _PORTION):
        portion = packed[start : start + _PORTION]
        yield [each.number for each in portion], [each.data for each in portion]
    for batch in dict.fromkeys(each for each in objects if isinstance(each, Batch)):
        yield range(batch.first, batch.next), [body.encode("ascii") for body in batch.bodies]


def _object_stream(numbers: Sequence[int], bodies: Sequence[bytes]) -> bytes:
    starts = accumulate((len(body) + 1 for body in bodies), initial=0)
    first = (
        " ".join([f"{number} {start}" for number, start in zip(numbers, starts, strict=False)]).encode("ascii") + b"\n"
    )
    return _stream(first + b"\n".join(bodies), f"/Type/ObjStm/N {len(numbers)}/First {len(first)}")


def _stream(content: bytes, extra: str) -> bytes:
    packed = zlib.compress(content, _LEVEL)
    return f"<</Length {len(packed)}/Filter/FlateDecode{extra}>>\nstream\n".encode("ascii") + packed + b"\nendstream"
