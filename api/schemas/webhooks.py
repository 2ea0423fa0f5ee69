"""Webhook endpoints and what was sent to them, on the wire."""

from typing import Any, Final

from marshmallow import ValidationError, validates
from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from api.schemas.parties import Grace
from ledger.domain.addresses import LONGEST_URL
from ledger.domain.announcing import TEST, TYPES
from ledger.store.webhooks import ASKED, DELIVERED, FAILED, FAILING, GONE, PENDING

STATES: Final = (PENDING, DELIVERED, FAILED)
KINDS: Final = (*TYPES, TEST)


URL: Final[dict[str, Any]] = {
    "longest": LONGEST_URL,
    "metadata": {"description": "https, reachable from the internet", "example": "https://crm.example/hooks/ledger"},
}


def _check_types(value: list[str] | None) -> None:
    if value is not None and not 1 <= len(value) <= len(TYPES):
        raise ValidationError("Needs at least one type, each once.")


class WebhookEndpointBody(Strict):
    """Where to send events, and which."""

    url = fields.Text(required=True, **URL)
    types = plain.List(
        fields.Choice(TYPES),
        load_default=None,
        allow_none=True,
        metadata={"description": "The types wanted; left out or null: all, those of the future included"},
    )
    description = fields.Text(load_default=None, allow_none=True)

    @validates("types")
    def _some(self, value: list[str] | None, **_: object) -> None:
        _check_types(value)


class WebhookEndpointChange(Strict):
    """What changes; what is left out stays. `types` null: all, those of the future included."""

    url = fields.Text(**URL)
    types = plain.List(fields.Choice(TYPES), allow_none=True)
    description = fields.Text(allow_none=True)

    @validates("types")
    def _some(self, value: list[str] | None, **_: object) -> None:
        _check_types(value)


class WebhookRotation(Strict):
    """How long the present secret signs as well, a day where left out."""

    grace = plain.Nested(Grace, load_default=None, allow_none=True)


class WebhookEndpoint(Strict):
    """An endpoint without its secret."""

    id = fields.Identifier(required=True)
    url = fields.Text(required=True, longest=LONGEST_URL)
    types = plain.List(fields.Choice(TYPES), required=True, allow_none=True)
    description = fields.Text(required=True, allow_none=True)
    former_secret_until = fields.Instant(required=True, allow_none=True)
    created_at = fields.Instant(required=True)
    failing_since = fields.Instant(
        required=True, allow_none=True, metadata={"description": "The first failure after the last success"}
    )
    disabled_at = fields.Instant(required=True, allow_none=True)
    disabled_because = fields.Choice(
        (GONE, FAILING, ASKED),
        required=True,
        allow_none=True,
        metadata={"description": "gone: it answered 410; failing: nothing got through for three days; asked: by you"},
    )
    version = fields.Whole(required=True, minimum=1)


class NewWebhookEndpoint(WebhookEndpoint):
    """An endpoint with the secret that its messages are signed with, shown this once."""

    secret = fields.Text(required=True, metadata={"description": "`whsec_` and base64, as Standard Webhooks writes it"})


class OutgoingFilters(Page):
    """What the list is narrowed to."""

    endpoint = fields.Identifier(load_default=None)
    state = fields.Choice(STATES, load_default=None)
    type = fields.Choice(KINDS, load_default=None)


class OutgoingDelivery(Strict):
    """One event on its way to one endpoint."""

    id = fields.Identifier(required=True)
    endpoint = fields.Identifier(required=True)
    event_id = fields.Text(required=True, metadata={"description": "What the header `webhook-id` says"})
    type = fields.Choice(KINDS, required=True)
    state = fields.Choice(STATES, required=True)
    attempts = fields.Whole(required=True)
    status = fields.Whole(
        required=True, allow_none=True, metadata={"description": "The receiver's last answer; null: none came"}
    )
    happened_at = fields.Instant(required=True)
    created_at = fields.Instant(required=True)
    next_attempt_at = fields.Instant(required=True, allow_none=True)
    finished_at = fields.Instant(required=True, allow_none=True)


class Attempt(Strict):
    """One try at a delivery."""

    number = fields.Whole(required=True)
    began_at = fields.Instant(required=True)
    milliseconds = fields.Whole(required=True)
    status = fields.Whole(required=True, allow_none=True)
    error = fields.Text(
        required=True,
        allow_none=True,
        metadata={"description": "Why there was no answer: `timeout`, `connection_failed`, `address_not_public`, …"},
    )
    response = plain.String(
        required=True, allow_none=True, metadata={"description": "The first 500 characters of the answer"}
    )


class DeliveryInFull(OutgoingDelivery):
    """A delivery with what was sent and how each attempt went."""

    body = plain.Dict(required=True, metadata={"description": "The message: `type`, `timestamp`, `data`"})
    log = plain.List(plain.Nested(Attempt), required=True)
