"""Definitions on the wire: what is created, published and read."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Strict
from api.schemas.terms import DefinitionTerms
from ledger.domain.lint import Severity
from ledger.services.definition_reading import VersionState

OWNER = {"description": "Slug; an admin names it, a buyer's key may leave it out"}
LARGEST_VERSION = 2**31 - 1


class DefinitionBody(DefinitionTerms):
    """The terms document of a draft, with its buyer."""

    buyer = fields.Text(longest=63, allow_none=True, metadata=OWNER)


class PublishBody(Strict):
    """When the version begins to count; left out: now. It takes the place of the document's."""

    effective_from = fields.Instant(load_default=None, allow_none=True)


class DefinitionSummary(Strict):
    """A definition in a list."""

    id = fields.Identifier(required=True)
    slug = plain.String(required=True)
    buyer = fields.Slug(required=True)
    name = plain.String(required=True)
    version = fields.Whole(
        required=True, allow_none=True, minimum=1, metadata={"description": "The published version in force, if any"}
    )
    draft = fields.Whole(
        required=True, allow_none=True, minimum=1, metadata={"description": "The draft's number; never a supplier's"}
    )
    created_at = fields.Instant(required=True)


class VersionSummary(Strict):
    """A version without its document. `superseded` is derived: a newer one counts."""

    version = fields.Whole(required=True, minimum=1)
    state = fields.Choice(VersionState, required=True)
    hash = plain.String(required=True, allow_none=True, metadata={"description": "Over the canonical document"})
    effective_from = fields.Instant(required=True, allow_none=True)
    published_at = fields.Instant(required=True, allow_none=True)


class Definition(DefinitionSummary):
    """A definition with its versions, oldest first."""

    versions = plain.List(plain.Nested(VersionSummary), required=True)


class DefinitionVersion(VersionSummary):
    """A version whole. A published one never changes."""

    definition = plain.String(required=True, metadata={"description": "The definition's slug"})
    buyer = fields.Slug(required=True)
    created_at = fields.Instant(required=True)
    updated_at = fields.Instant(required=True)
    document = plain.Nested(DefinitionTerms, required=True)


class LintFinding(Strict):
    """One thing that is loose about the terms. Errors refuse to publish, warnings do not."""

    clause = plain.String(required=True)
    code = plain.String(required=True)
    severity = fields.Choice(Severity, required=True)
    detail = plain.String(required=True)
    mend = plain.String(required=True, metadata={"description": "What would put it right"})


class Lint(Strict):
    """What the linter says about the draft, errors first."""

    version = fields.Whole(required=True, minimum=1)
    publishes = fields.Flag(required=True)
    findings = plain.List(plain.Nested(LintFinding), required=True)


class PublishedVersion(DefinitionVersion):
    """The version that was published, with what the linter warned of."""

    warnings = plain.List(plain.Nested(LintFinding), required=True)


class Against(Strict):
    """Which version the difference starts from."""

    against = fields.Digits(
        required=True, minimum=1, maximum=LARGEST_VERSION, metadata={"description": "The older version's number"}
    )


class Change(Strict):
    """One clause that differs. `before` is null for what is new, `after` for what is gone."""

    clause = plain.String(required=True)
    pointer = plain.String(required=True, metadata={"description": "RFC 6901, into the document that has the clause"})
    before = plain.Raw(required=True, allow_none=True)
    after = plain.Raw(required=True, allow_none=True)
    sentence = plain.String(required=True, metadata={"description": "The change in plain language"})


class Diff(Strict):
    """Clause by clause, what changes from version `against` to `version`."""

    definition = plain.String(required=True)
    against = fields.Whole(required=True, minimum=1)
    version = fields.Whole(required=True, minimum=1)
    changes = plain.List(plain.Nested(Change), required=True)
