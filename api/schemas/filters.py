"""What the lists may be narrowed to, by query string."""

from typing import Any, Final

from api import fields
from api.schemas import Page
from api.schemas.billing import PeriodField
from ledger.domain.signatures import Provider
from ledger.domain.terms import ContactKind
from ledger.services.access import PARTIES, ROLES

_Q: Final[dict[str, Any]] = {"longest": 100, "load_default": None}


class Searched(Page):
    """A page of what matches."""

    q = fields.Text(**_Q, metadata={"description": "Looked for in names and numbers, in any case"})


class Between(Page):
    """A page of a span of time."""

    from_ = fields.Instant(data_key="from", load_default=None)
    to = fields.Instant(load_default=None, metadata={"description": "Not included"})


class OfParties(Page):
    """A page of what is between these parties."""

    supplier = fields.Slug(load_default=None)
    buyer = fields.Slug(load_default=None)


class OrganisationFilters(Searched):
    """Which organisations."""

    kind = fields.Choice(sorted(PARTIES), load_default=None)


class UserFilters(Searched):
    """Which users."""

    organisation = fields.Slug(load_default=None)


class KeyFilters(Searched):
    """Which keys."""

    organisation = fields.Slug(load_default=None)
    role = fields.Choice(ROLES, load_default=None)


class DefinitionFilters(Searched):
    """Which definitions."""

    buyer = fields.Slug(load_default=None)


class AgreementFilters(OfParties):
    """Which agreements."""

    definition = fields.Slug(load_default=None)


class ConnectionFilters(Searched):
    """Which connections."""

    provider = fields.Choice(Provider, load_default=None)


class SuppressionFilters(Between):
    """Which contacts."""

    kind = fields.Choice(ContactKind, load_default=None)


class RunFilters(Page):
    """Which billing runs."""

    period = PeriodField(load_default=None)
    state = fields.Choice(("queued", "running", "done", "failed"), load_default=None)


class DownloadFilters(Searched, Between):
    """Which downloads; `q` is looked for in the path."""
