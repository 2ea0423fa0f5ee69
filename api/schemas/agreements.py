"""Agreements on the wire: proposed, accepted, superseded, ended."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from api.schemas.definitions import LARGEST_VERSION, OWNER
from api.schemas.terms import AgreementTerms
from ledger.services.access import PARTIES


class AgreementBody(AgreementTerms):
    """The terms document of a version, with the two that it is between."""

    supplier = fields.Text(required=True, longest=63, metadata={"description": "Slug"})
    buyer = fields.Text(longest=63, allow_none=True, metadata=OWNER)


class AgreementVersionBody(AgreementTerms):
    """The terms document of the next version. The two it is between may be named again, and stay."""

    supplier = fields.Text(longest=63, allow_none=True)
    buyer = fields.Text(longest=63, allow_none=True)


class AcceptanceBody(Strict):
    """A yes to a version together with a definition version; left out: the one in force."""

    version = fields.Whole(required=True, minimum=1, maximum=LARGEST_VERSION)
    definition_version = fields.Whole(load_default=None, allow_none=True, minimum=1, maximum=LARGEST_VERSION)


EndBody = Strict.from_dict(
    {
        "from": fields.Instant(
            load_default=None,
            allow_none=True,
            metadata={"description": "From here on nothing new is taken; left out: from now on"},
        )
    },
    name="EndBody",
)
EndBody.__doc__ = "When the agreement ends. What was booked before is finished under it."


class Counting(Strict):
    """The versions that a submission would pin now."""

    version = fields.Whole(required=True, minimum=1)
    definition_version = fields.Whole(required=True, minimum=1)


class AgreementSummary(Strict):
    """An agreement in a list."""

    id = fields.Identifier(required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    definition = plain.String(required=True, metadata={"description": "The definition's slug"})
    counts = plain.Nested(
        Counting,
        required=True,
        allow_none=True,
        metadata={"description": "What counts now; null where nothing does yet, or the agreement has ended"},
    )
    ended_from = fields.Instant(required=True, allow_none=True)
    created_at = fields.Instant(required=True)


class AcceptanceHash(Strict):
    """What a yes to the version together with this definition version covers."""

    definition_version = fields.Whole(required=True, minimum=1)
    hash = plain.String(required=True)


class AgreementVersion(Strict):
    """A version of the terms; it never changes."""

    version = fields.Whole(required=True, minimum=1)
    effective_from = fields.Instant(required=True)
    hashes = plain.List(plain.Nested(AcceptanceHash), required=True)
    created_at = fields.Instant(required=True)
    document = plain.Nested(AgreementTerms, required=True)


class Acceptance(Strict):
    """One side's yes. Publishing a definition version is the buyer's yes to it and needs none here."""

    party = fields.Choice(sorted(PARTIES), required=True)
    version = fields.Whole(required=True, minimum=1)
    definition_version = fields.Whole(required=True, minimum=1)
    hash = plain.String(required=True)
    accepted_at = fields.Instant(required=True)


class Agreement(AgreementSummary):
    """An agreement with its versions and acceptances, oldest first."""

    versions = plain.List(plain.Nested(AgreementVersion), required=True)
    acceptances = plain.List(plain.Nested(Acceptance), required=True)
