"""Bodies that may hold a file: JSON, or multipart/form-data with the same fields and one file.

Refuses more than one file, repeated fields, text that is not UTF-8 and bodies over the limit. What is read is
checked by the same schema, whichever way it came; the file stands in for the field `content`.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from api import strict_json
from api.refusals import TooLarge
from ledger.domain.errors import Malformed

FILE_FIELDS: Final = frozenset({"file", "content"})
MOST_PARTS: Final = 20
MOST_TEXT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent. Its name and type are the sender's word."""

    file_name: str | None
    media_type: str
    content: bytes

    def fingerprint(self) -> list[str]:
        """What makes two uploads the same."""
        return ["upload", self.file_name or "", self.media_type, hashlib.sha256(self.content).hexdigest()]


def json_or_form(request: Request, limit: int, *, optional: bool = False) -> Any:
    """The body's fields; a file as an `Upload` under `content`. For `Resource.command(reads=…)`."""
    if request.mimetype != "multipart/form-data":
        return strict_json.read(request, limit, optional=optional)
    strict_json.refuse_encoded(request)
    request.max_content_length = limit
    request.max_form_parts = MOST_PARTS
    request.max_form_memory_size = MOST_TEXT_BYTES
    try:
        texts, files = request.form, request.files
    except RequestEntityTooLarge:
        raise TooLarge(
            f"the body may have {limit} bytes, {MOST_PARTS} parts and {MOST_TEXT_BYTES} bytes of text"
        ) from None
    names = [name for parts in (texts, files) for name, values in parts.lists() for _ in values]
    if len(set(names)) != len(names) or len(FILE_FIELDS.intersection(names)) > 1:
        raise Malformed.at("", "Each field may be sent once, and one file.")
    fields: dict[str, Any] = {name: _checked(name, value) for name, value in texts.items()}
    for name, part in files.items():
        if name not in FILE_FIELDS:
            raise Malformed.at(f"/{name}", "There is no such file field; name it file.")
        fields["content"] = Upload(part.filename or None, part.mimetype or "application/octet-stream", part.read())
    return fields


def _checked(name: str, value: str) -> str:
    if "\0" in value or "\ufffd" in value:
        raise Malformed.at(f"/{name}", "Needs text in UTF-8 without NUL.")
    return value
