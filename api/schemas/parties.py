"""Organisations, users and keys on the wire."""

from typing import Any, Final

from marshmallow import ValidationError, validate, validates_schema
from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from ledger.services.access import PARTIES, ROLES


class Address(Strict):
    """A postal address in the parts of EN 16931. Only the country is needed at first; the rest may follow."""

    line1 = fields.Text(load_default=None, allow_none=True)
    line2 = fields.Text(load_default=None, allow_none=True)
    city = fields.Text(load_default=None, allow_none=True)
    postcode = fields.Text(load_default=None, allow_none=True, longest=20)
    region = fields.Text(load_default=None, allow_none=True)
    country = fields.Country(required=True)


class AddressChange(Strict):
    """The parts of an address that change; the others stay."""

    line1 = fields.Text(allow_none=True)
    line2 = fields.Text(allow_none=True)
    city = fields.Text(allow_none=True)
    postcode = fields.Text(allow_none=True, longest=20)
    region = fields.Text(allow_none=True)
    country = fields.Country()


class Bank(Strict):
    """Where an organisation is paid. Form and checksum are tested."""

    iban = fields.Text(load_default=None, allow_none=True, longest=42)
    bic = fields.Text(load_default=None, allow_none=True, longest=11)


class BankChange(Strict):
    """The parts of the bank details that change."""

    iban = fields.Text(allow_none=True, longest=42)
    bic = fields.Text(allow_none=True, longest=11)


VAT_ID: Final[dict[str, Any]] = {
    "longest": 20,
    "allow_none": True,
    "metadata": {"description": "Form and checksum are tested; a change parks self-billing until it is agreed anew"},
}


class OrganisationBody(Strict):
    """A buyer or a supplier to take on."""

    slug = fields.Slug(required=True, metadata={"description": "How it is named in paths and documents; stays"})
    kind = fields.Choice(sorted(PARTIES), required=True)
    legal_name = fields.Text(required=True)
    address = plain.Nested(Address, required=True)
    vat_id = fields.Text(load_default=None, **VAT_ID)
    vat_registered = fields.Flag(load_default=False)
    tax_number = fields.Text(load_default=None, allow_none=True, longest=50)
    registration_number = fields.Text(load_default=None, allow_none=True, longest=50)
    bank = plain.Nested(Bank, load_default=None, allow_none=True)
    time_zone = fields.TimeZone(required=True)
    email = fields.Email(load_default=None, allow_none=True)


class OrganisationChange(Strict):
    """What changes; what is left out stays, null clears."""

    legal_name = fields.Text()
    address = plain.Nested(AddressChange)
    vat_id = fields.Text(**VAT_ID)
    vat_registered = fields.Flag()
    tax_number = fields.Text(allow_none=True, longest=50)
    registration_number = fields.Text(allow_none=True, longest=50)
    bank = plain.Nested(BankChange, allow_none=True)
    time_zone = fields.TimeZone()
    email = fields.Email(allow_none=True)


class VatCheck(Strict):
    """When and how the VAT identifier was checked."""

    valid = fields.Flag(
        required=True,
        allow_none=True,
        metadata={"description": "Null where there is none, or none that can be checked; a wrong one is never taken"},
    )
    checked_at = fields.Instant(required=True, allow_none=True)
    method = plain.String(required=True, allow_none=True)


class Organisation(Strict):
    """A buyer or a supplier."""

    id = fields.Identifier(required=True)
    slug = fields.Slug(required=True)
    kind = fields.Choice(sorted(PARTIES), required=True)
    legal_name = fields.Text(required=True)
    address = plain.Nested(Address, required=True)
    vat_id = fields.Text(required=True, allow_none=True)
    vat_registered = fields.Flag(required=True)
    vat_check = plain.Nested(VatCheck, required=True)
    tax_number = fields.Text(required=True, allow_none=True)
    registration_number = fields.Text(required=True, allow_none=True)
    bank = plain.Nested(Bank, required=True)
    time_zone = fields.TimeZone(required=True)
    email = fields.Email(required=True, allow_none=True)
    version = fields.Whole(required=True, minimum=1)
    created_at = fields.Instant(required=True)


class FormerOrganisation(Strict):
    """What an organisation was before a change."""

    version = fields.Whole(required=True, minimum=1)
    before = plain.Dict(required=True, keys=plain.String())
    actor = plain.String(required=True, metadata={"description": "Who changed it: `key:…` or `user:…`"})
    changed_at = fields.Instant(required=True)


class OrganisationHistory(Strict):
    """Every former state, oldest first."""

    items = plain.List(plain.Nested(FormerOrganisation), required=True)


ORGANISATION_REFERENCE: Final[dict[str, Any]] = {
    "load_default": None,
    "allow_none": True,
    "longest": 63,
    "metadata": {"description": "Slug or id; needed for the roles buyer and supplier. Left out: the asker's own"},
}


class KeyBody(Strict):
    """A key to issue."""

    role = fields.Choice(ROLES, required=True)
    organisation = fields.Text(**ORGANISATION_REFERENCE)
    name = fields.Text(load_default=None, allow_none=True, metadata={"description": "What the key is for"})


class Grace(Strict):
    """A length of time with exactly one unit."""

    minutes = fields.Whole(minimum=0, maximum=43_200)
    hours = fields.Whole(minimum=0, maximum=720)
    days = fields.Whole(minimum=0, maximum=30)

    @validates_schema
    def _one_unit(self, data: dict[str, int], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Needs exactly one of minutes, hours and days.")


class RotationBody(Strict):
    """How long the old key stays alive beside its successor; a day where left out."""

    grace = plain.Nested(Grace, load_default=None, allow_none=True)


class Key(Strict):
    """A key without its secret, which nobody can read again."""

    id = fields.Identifier(required=True)
    role = fields.Choice(ROLES, required=True)
    organisation = fields.Slug(required=True, allow_none=True)
    name = fields.Text(required=True, allow_none=True)
    prefix = plain.String(required=True, metadata={"description": "The start of the secret, to recognise it by"})
    created_at = fields.Instant(required=True)
    expires_at = fields.Instant(required=True, allow_none=True)
    revoked_at = fields.Instant(required=True, allow_none=True)
    replaced_by = fields.Identifier(required=True, allow_none=True)
    last_used_at = fields.Instant(required=True, allow_none=True, metadata={"description": "To the hour"})


class IssuedKey(Key):
    """A key with its secret, shown this once."""

    secret = plain.String(required=True)


class UserBody(Strict):
    """A person who may log in. Without a password one is made and shown once."""

    email = fields.Email(required=True)
    name = fields.Text(required=True)
    roles = plain.List(fields.Choice(ROLES), required=True, validate=validate.Length(min=1))
    organisation = fields.Text(**ORGANISATION_REFERENCE)
    password = fields.Text(load_default=None, allow_none=True, shortest=12, longest=128)


class User(Strict):
    """A person who may log in."""

    id = fields.Identifier(required=True)
    email = fields.Email(required=True)
    name = fields.Text(required=True)
    roles = plain.List(fields.Choice(ROLES), required=True)
    organisation = fields.Slug(required=True, allow_none=True)
    second_factor = fields.Flag(required=True)
    disabled_at = fields.Instant(required=True, allow_none=True)
    created_at = fields.Instant(required=True)


class CreatedUser(User):
    """A new user; `password` is there only if it was made here, and is shown this once."""

    password = plain.String()
