"""Connections and what came through them, on the wire."""

from typing import Any, Final

from marshmallow import ValidationError
from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from api.schemas.parties import Grace
from ledger.domain.signatures import Provider, provider_of
from ledger.store.hooks import STATES

OPERATOR_OWNED: Final = "operator"
SECRET: Final[dict[str, Any]] = {
    "shortest": 0,
    "longest": 500,
    "metadata": {
        "description": "What the provider signs with: Cal.com's webhook secret, Calendly's signing key, Zoom's secret "
        "token, Twilio's auth token, `whsec_…` of Standard Webhooks. Never shown again; a blank one is refused (422)",
        "writeOnly": True,
    },
}


class ProviderField(fields.Choice):
    """A provider by any usual spelling: `cal_com`, `cal.com`, `standard-webhooks`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Provider, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        found = provider_of(value) if isinstance(value, str) else None
        if found is None:
            raise ValidationError(f"Must be one of: {', '.join(Provider)}.")
        return found.value


class ConnectionBody(Strict):
    """An account that will send evidence. Who owns it grades what it brings."""

    slug = fields.Slug(required=True, metadata={"description": "Its name in `/hooks/{connection}`; stays"})
    provider = ProviderField(required=True)
    owner = fields.Text(
        load_default=None,
        allow_none=True,
        longest=63,
        metadata={"description": "`operator`, or an organisation's slug or id; left out: the asker's own"},
    )
    secret = fields.Text(required=True, **SECRET)


class ConnectionRotation(Strict):
    """A new secret; signatures made with the present one are taken for the grace period, a day where left out."""

    secret = fields.Text(required=True, **SECRET)
    grace = plain.Nested(Grace, load_default=None, allow_none=True)


class Connection(Strict):
    """A connection without its secret."""

    id = fields.Identifier(required=True)
    slug = fields.Slug(required=True)
    provider = fields.Choice(Provider, required=True)
    owner = fields.Text(required=True, metadata={"description": "`operator` or the organisation's slug"})
    url = fields.Text(required=True, metadata={"description": "Where the provider is to send its events"})
    former_secret_until = fields.Instant(required=True, allow_none=True)
    created_at = fields.Instant(required=True)
    disabled_at = fields.Instant(required=True, allow_none=True)


class DeliveryFilters(Page):
    """What the list is narrowed to."""

    state = fields.Choice(STATES, load_default=None)


class IncomingDelivery(Strict):
    """One webhook as it was received, and what became of it."""

    id = fields.Identifier(required=True)
    event = fields.Text(required=True)
    state = fields.Choice(
        STATES,
        required=True,
        metadata={
            "description": "attached: evidence of `appointment`; unmatched: waits for its appointment; quarantined: "
            "signed too long ago, without effect; ignored: proves nothing"
        },
    )
    appointment = fields.Identifier(required=True, allow_none=True)
    received_at = fields.Instant(required=True)
    signed_at = fields.Instant(required=True, allow_none=True)
    occurred_at = fields.Instant(required=True, allow_none=True)
    sha256 = fields.Text(required=True, longest=64)
    size = fields.Whole(required=True)


class ZoomValidation(Strict):
    """The answer to Zoom's `endpoint.url_validation`."""

    plainToken = fields.Text(required=True)  # noqa: N815 - Zoom's names
    encryptedToken = fields.Text(required=True)  # noqa: N815 - likewise
