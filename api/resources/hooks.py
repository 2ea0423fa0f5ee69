"""`/hooks/{connection}`: where providers send their events. The signature over the raw bytes is the only key.

Nothing is parsed before it is verified. Whoever signs rightly gets 204, understood or not, and at once: attaching to an
appointment may fail or wait, the delivery is on record by then. Whoever does not leaves a line in the log and a count.
Answers Zoom's validation only in a request that Zoom signed, and only for tokens that cannot be a message.
"""

import logging
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Response, request

from api import strict_json
from api.databases import database
from api.endpoints import Resource
from api.units import ATTEMPTS, JSON, clock, settings
from ledger.domain import providers, signatures
from ledger.domain.errors import Malformed, Refusal, Unauthenticated
from ledger.domain.messages import json_object, mapping
from ledger.domain.signatures import HEADERS, Delivery, Provider, Signed
from ledger.services import connections, deliveries
from ledger.services.connections import Account
from ledger.store.engine import Contended, reading, writing

blueprint = Resource("hooks", description="Where providers send their events.", prefix="")
log = logging.getLogger(__name__)

LARGEST: Final = 256 * 1024
ANY: Final[dict[str, Any]] = {"schema": {"type": "object", "additionalProperties": True}}
BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        JSON: {
            **ANY,
            "example": {
                "type": "presence",
                "timestamp": "2026-03-10T10:31:00Z",
                "data": {
                    "supplier": "acme-calls",
                    "reference": "S-1001",
                    "session": "room-7",
                    "participants": [
                        {"side": "prospect", "participant": "p1", "joined_at": "2026-03-10T10:01:00Z", "left_at": None}
                    ],
                    "from": "2026-03-10T09:59:00Z",
                    "until": "2026-03-10T10:31:00Z",
                },
            },
        },
        signatures.FORM: ANY,
    },
}


@blueprint.open_command("/hooks/<connection>", statuses=(400, 401, 404, 413, 415, 503), body=BODY)
def receive_delivery(connection: str) -> Response:
    """Receive an event of a provider, signed with the connection's secret.

    Cal.com, Calendly, Zoom and Twilio send what their documentation shows. A Standard Webhooks sender (`webhook-id`,
    `webhook-timestamp`, `webhook-signature`) says who was there: `{"type": "presence", "data": …}` as in the example.
    `data` names the appointment by `appointment` (its id), by `supplier` and `reference`, or by `external_id`;
    `side` is prospect, buyer or supplier; `from` and `until` are what the log covers. Or `data` is one statement:
    `{"what": "joined"|"left", "side", "participant", "at"}`, `{"what": "log", "from", "until"}`,
    `{"what": "no_show", "absent": "prospect"|"buyer"}`, `{"what": "call", "status", "seconds"}`,
    `{"what": "booking", "external_id", "previous", "starts_at", "ends_at", "cancelled"}`.

    Every event is kept as it came, once. What was signed too long ago is kept in quarantine, without effect. Zoom's
    `endpoint.url_validation` is answered (200) where it is signed.
    """
    came = Delivery(_headers(), strict_json.body_of(request, LARGEST), _url())
    now, keys = clock(), settings()
    with reading(database().engine) as known:
        account = connections.alive(known, connection, keys.secret_key, now)
    try:
        signed = signatures.verify(account.provider, account.secrets, came, now)
    except Unauthenticated:
        log.warning("a delivery to the connection %s was not signed by it", account.id)
        raise
    token = _validation(account, came)
    if token is not None and not signed.stale:
        return _validated(signed, token)
    waiting = _kept(account, came, signed)
    if waiting is not None:
        with suppress(Refusal):
            deliveries.attach_all(database().engine, [waiting], now, keys.contact_secret)
    return Response(status=204)


def _kept(account: Account, came: Delivery, signed: Signed) -> UUID | None:
    for attempt in range(ATTEMPTS):
        try:
            with writing(database().engine) as connection:
                return deliveries.keep(connection, account, came, signed, clock(), settings().contact_secret)
        except Contended:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError("the last attempt answers or raises")


def _headers() -> dict[str, str]:
    return {name: request.headers[name] for name in HEADERS if name in request.headers}


def _url() -> str:
    """The public address that was called; what proxies or strangers say about the host is not asked."""
    query = request.query_string.decode("latin-1")
    return f"{settings().public_url}{request.path}" + (f"?{query}" if query else "")


def _validation(account: Account, came: Delivery) -> Any:
    """The token of Zoom's validation; None for everything else."""
    if account.provider is not Provider.ZOOM:
        return None
    body = json_object(came.body)
    if body.get("event") != providers.ZOOM_VALIDATION:
        return None
    return mapping(body.get("payload")).get("plainToken", "")


def _validated(signed: Signed, token: Any) -> Response:
    if not signatures.is_plain_token(token):
        raise Malformed.at("/payload/plainToken", "Needs letters, digits, _ and - alone.")
    answer = {"plainToken": token, "encryptedToken": signatures.zoom_answer(signed.secret, token)}
    return Response(orjson.dumps(answer), content_type=JSON)
