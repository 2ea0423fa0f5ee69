"""The shape of every refusal: application/problem+json (RFC 9457)."""

from marshmallow import fields as plain

from api import fields
from api.codes import CODES, LOOSE
from api.schemas import Strict


class Fault(Strict):
    """One place where the request breaks its schema."""

    pointer = plain.String(required=True, metadata={"description": "RFC 6901 pointer into the body; empty: all of it"})
    detail = plain.String(required=True)


class BrokenClause(Strict):
    """One clause or rule that the request breaks."""

    clause = plain.String(required=True, metadata={"description": "The part of the terms, such as intake.channels"})
    code = fields.Choice((*CODES[422], *LOOSE), required=True)
    detail = plain.String(required=True)


class Problem(Strict):
    """Why the answer is no (RFC 9457)."""

    type = plain.String(required=True, metadata={"format": "uri", "description": "Names the code as a URI"})
    title = plain.String(required=True)
    status = fields.Whole(required=True, minimum=400, maximum=599)
    detail = plain.String(required=True)
    instance = plain.String(required=True, metadata={"description": "The path that was asked for"})
    code = plain.String(required=True, metadata={"description": "Stable; branch on this"})
    errors = plain.List(plain.Nested(Fault), metadata={"description": "With 400: every fault found"})
    violations = plain.List(plain.Nested(BrokenClause), metadata={"description": "With 422: every broken clause"})
    existing_id = plain.String(metadata={"description": "With 409: what is already there"})
    request_id = plain.String(metadata={"description": "With 500: tell it to the operator"})
