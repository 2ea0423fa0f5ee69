"""A finished set of PDF objects as the bytes of a file.

Owns header, object streams, cross-reference stream and identifier. Every object is formatted and compressed once, in
portions; the library's own writer does it two and three times over, which is most of the time of a long table.
"""

import struct
from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import Any, BinaryIO, Final

from invoices.pdf_objects import Batch, object_stream, stream

_PORTION: Final = 200
"""Objects per object stream."""
_FREE, _PLAIN, _PACKED = 0, 1, 2
_ENTRY: Final = struct.Struct(">BLH")
"""A cross-reference: one of these kinds, a position in the file or a stream's number, a place in that stream."""


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
    number = len(pdf.objects)
    table = bytearray(_ENTRY.size * number)
    _ENTRY.pack_into(table, 0, _FREE, 0, 65535)
    for each in pdf.objects:
        if each.free == "n" and not each.compressible:
            _ENTRY.pack_into(table, _ENTRY.size * each.number, _PLAIN, file.position, 0)
            _put(file, each.number, each.data)
    for numbers, packed in _portions(pdf.objects):
        for place, each in enumerate(numbers):
            _ENTRY.pack_into(table, _ENTRY.size * each, _PACKED, number, place)
        table += _ENTRY.pack(_PLAIN, file.position, 0)
        _put(file, number, packed)
        number += 1
    references = file.position
    table += _ENTRY.pack(_PLAIN, references, 0)
    extra = (
        f"/Type/XRef/W[1 4 2]/Size {number + 1}/Root {pdf.catalog.number} 0 R"
        f"{f'/Info {pdf.info.number} 0 R' if pdf.info else ''}/ID[<{identifier.hex()}><{file.digest()}>]"
    )
    _put(file, number, stream(bytes(table), extra))
    file.write(f"startxref\n{references}\n%%EOF\n".encode("ascii"))


def _put(file: _File, number: int, data: bytes) -> None:
    file.write(b"%d 0 obj\n%b\nendobj\n" % (number, data))


def _portions(objects: Sequence[Any]) -> Iterator[tuple[Sequence[int], bytes]]:
    """The object streams and the numbers in each: single objects in portions, then each batch as it is."""
    packed = [each for each in objects if each.free == "n" and each.compressible]
    for start in range(0, len(packed), _PORTION):
        portion = packed[start : start + _PORTION]
        numbers = [each.number for each in portion]
        yield numbers, object_stream(numbers, [each.data for each in portion])
    for batch in dict.fromkeys(each for each in objects if isinstance(each, Batch)):
        yield batch.numbers, batch.stream
