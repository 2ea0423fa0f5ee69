"""Refusals that only a request can earn: too much, too often, or in a form nobody reads here.

They are said like the domain's own, so that `problems` turns every refusal into an answer in one place.
"""

from ledger.domain.errors import Refusal


class TooLarge(Refusal):
    """The body is over the limit."""

    default_code = "too_large"
    default_detail = "The request body is too large."


class UnsupportedType(Refusal):
    """The body is in a form that is not taken here."""

    default_code = "unsupported_media_type"
    default_detail = "This content type is not taken here."


class TooMany(Refusal):
    """Asked too often; `retry_after` is in seconds."""

    default_code = "too_many_requests"
    default_detail = "Too many requests; try again later."

    def __init__(self, retry_after: int, detail: str | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail)
