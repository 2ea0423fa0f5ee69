"""`users`, `keys` and `organisations`: create, list, disable, rotate. A secret is shown once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import click
import pyotp
from sqlalchemy import Connection, RowMapping, select

from api import passwords
from api.commands import current_settings, now, opened
from api.resources import keys as key_resource
from api.resources import users as user_resource
from api.resources.organisations import columns_of
from api.schemas import load
from api.schemas import parties as schemas
from api.terminal import json_option, print_json, print_table
from ledger.domain.errors import Conflict
from ledger.services import access, logins, parties, people
from ledger.services.access import ROLES, IssuedKey
from ledger.store import tables as t
from ledger.store.engine import reading, writing

role_choice = click.Choice(ROLES)
ACTOR = "command-line"


@click.group()
def keys() -> None:
    """API keys of the operator and of organisations."""


@keys.command("create")
@click.option("--role", type=role_choice, required=True)
@click.option("--organisation", metavar="SLUG", help="Whose key it is; for the roles buyer and supplier.")
@click.option("--name", help="What the key is for.")
@json_option
def create_key(role: str, organisation: str | None, name: str | None, as_json: bool) -> None:
    """Create a key and print its secret, this once."""
    with opened() as engine, writing(engine) as connection:
        issued = access.issue_key(connection, role, _organisation_id(connection, organisation), now(), name=name)
    _show_secret(issued, as_json)


@keys.command("list")
@click.option("--organisation", metavar="SLUG")
@json_option
def list_keys(organisation: str | None, as_json: bool) -> None:
    """List keys, newest first."""
    query = key_resource.WITH_SLUG.order_by(t.api_key.c.id.desc())
    if organisation is not None:
        query = query.where(t.organisation.c.slug == organisation)
    _list(query, key_resource.rendered, ("id", "role", "organisation", "name", "prefix", "revoked_at"), as_json)


@keys.command("disable")
@click.argument("key_id", type=click.UUID)
@json_option
def disable_key(key_id: UUID, as_json: bool) -> None:
    """Revoke a key: the next request with it is refused."""
    with opened() as engine, writing(engine) as connection:
        row = access.revoke_key(connection, key_id, now())
    _done({"id": row["id"], "revoked_at": row["revoked_at"]}, f"Key {row['prefix']}… is revoked.", as_json)


@keys.command("rotate")
@click.argument("key_id", type=click.UUID)
@click.option("--grace-hours", type=click.IntRange(0, 720), help="How long the old key stays alive.")
@json_option
def rotate_key(key_id: UUID, grace_hours: int | None, as_json: bool) -> None:
    """Print a successor's secret; the old key stays alive for the grace period."""
    settings, at = current_settings(), now()
    hours = settings.key_grace_hours if grace_hours is None else grace_hours
    with opened(settings) as engine, writing(engine) as connection:
        issued = access.rotate_key(connection, key_id, at, at + timedelta(hours=hours))
    _show_secret(issued, as_json)


@click.group()
def users() -> None:
    """People who may log in."""


@users.command("create")
@click.option("--email", required=True)
@click.option("--name", help="Left out: the address.")
@click.option("--role", "roles", type=role_choice, multiple=True, required=True, help="May be given several times.")
@click.option("--organisation", metavar="SLUG")
@click.option("--second-factor", is_flag=True, help="Make a TOTP secret too.")
@json_option
def create_user(
    email: str, name: str | None, roles: tuple[str, ...], organisation: str | None, second_factor: bool, as_json: bool
) -> None:
    """Create a user and print the password, this once."""
    body = load(schemas.UserBody(), {"email": email, "name": name or email, "roles": list(roles)})
    password = passwords.make()
    password_hash = passwords.hashed(password)
    totp_secret = pyotp.random_base32() if second_factor else None
    settings = current_settings()
    with opened(settings) as engine, writing(engine) as connection:
        row = access.create_user(
            connection,
            body["email"],
            body["name"],
            password_hash,
            roles,
            _organisation_id(connection, organisation),
            now(),
            actor=ACTOR,
        )
        if totp_secret is not None:
            logins.enrol(connection, row["id"], totp_secret, settings.secret_key)
    _show_login(row, password, totp_secret, as_json)


@users.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List users, newest first."""
    query = user_resource.WITH_SLUG.order_by(t.user_account.c.id.desc())
    _list(query, user_resource.rendered, ("id", "email", "name", "roles", "organisation", "disabled_at"), as_json)


@users.command("disable")
@click.argument("email")
@json_option
def disable_user(email: str, as_json: bool) -> None:
    """End a user's access and sessions."""
    with opened() as engine, writing(engine) as connection:
        row = people.disable(connection, email, now(), actor=ACTOR)
    _done({"id": row["id"], "disabled_at": row["disabled_at"]}, f"{row['email']} is disabled.", as_json)


@users.command("rotate")
@click.argument("email")
@json_option
def rotate_user(email: str, as_json: bool) -> None:
    """Print a new password, this once, and end the user's sessions."""
    password = passwords.make()
    password_hash = passwords.hashed(password)
    with opened() as engine, writing(engine) as connection:
        row = people.set_password(connection, email, password_hash, now(), actor=ACTOR)
    _show_login(row, password, None, as_json)


@click.group()
def organisations() -> None:
    """Buyers and suppliers."""


@organisations.command("create")
@click.option("--slug", required=True)
@click.option("--kind", type=click.Choice(["buyer", "supplier"]), required=True)
@click.option("--legal-name", required=True)
@click.option("--country", required=True, help="ISO 3166-1, two letters.")
@click.option("--time-zone", required=True, help="IANA, such as Europe/London.")
@click.option("--vat-id")
@click.option("--vat-registered", is_flag=True)
@click.option("--tax-number")
@click.option("--registration-number")
@click.option("--email")
@click.option("--iban")
@click.option("--bic")
@json_option
def create_organisation(country: str, iban: str | None, bic: str | None, as_json: bool, **fields: Any) -> None:
    """Take an organisation on. Its address may follow through the API."""
    bank = None if iban is None and bic is None else {"iban": iban, "bic": bic}
    body = load(schemas.OrganisationBody(), {**fields, "address": {"country": country}, "bank": bank})
    with opened() as engine, writing(engine) as connection:
        row = parties.create_organisation(connection, columns_of(body), now())
    _done({"id": row["id"], "slug": row["slug"]}, f"{row['kind']} {row['slug']} is taken on ({row['id']}).", as_json)


@organisations.command("list")
@json_option
def list_organisations(as_json: bool) -> None:
    """List organisations, newest first."""
    names = ("id", "slug", "kind", "legal_name", "vat_id", "time_zone", "created_at")
    query = select(t.organisation).order_by(t.organisation.c.id.desc())
    _list(query, lambda row: {name: row[name] for name in names}, names[:-1], as_json)


@organisations.command("disable")
@click.argument("slug")
@json_option
def disable_organisation(slug: str, as_json: bool) -> None:
    """Revoke every key and disable every user of an organisation."""
    with opened() as engine, writing(engine) as connection:
        row = parties.organisation(connection, slug)
        revoked, disabled = people.disable_organisation(connection, row["id"], now(), actor=ACTOR)
    counts = {"slug": slug, "keys_revoked": revoked, "users_disabled": disabled}
    _done(counts, f"{slug}: {revoked} keys revoked, {disabled} users disabled.", as_json)


@organisations.command("rotate")
@click.argument("slug")
@json_option
def rotate_organisation(slug: str, as_json: bool) -> None:
    """Rotate every live key of an organisation and print the successors' secrets, this once."""
    settings, at = current_settings(), now()
    until = at + timedelta(hours=settings.key_grace_hours)
    key = t.api_key.c
    with opened(settings) as engine, writing(engine) as connection:
        owner = parties.organisation(connection, slug)["id"]
        live = select(key.id).where(
            key.organisation_id == owner,
            key.revoked_at.is_(None),
            key.replaced_by.is_(None),
            key.expires_at.is_(None) | (key.expires_at > at),
        )
        issued = [access.rotate_key(connection, each, at, until) for each in connection.execute(live).scalars().all()]
    if not issued:
        raise Conflict(f"{slug} has no live key", code="no_live_key")
    if as_json:
        print_json([{"id": each.row["id"], "secret": each.secret} for each in issued])
    else:
        print_table(("id", "secret"), [(each.row["id"], each.secret) for each in issued])


def _organisation_id(connection: Connection, slug: str | None) -> UUID | None:
    return None if slug is None else parties.organisation(connection, slug)["id"]


def _list(query: Any, rendered: Any, columns: tuple[str, ...], as_json: bool) -> None:
    with opened() as engine, reading(engine) as connection:
        items = [rendered(row) for row in connection.execute(query).mappings()]
    if as_json:
        print_json(items)
        return
    shown = [[", ".join(item[name]) if name == "roles" else item[name] for name in columns] for item in items]
    print_table(columns, shown)


def _show_secret(issued: IssuedKey, as_json: bool) -> None:
    if as_json:
        print_json({"id": issued.row["id"], "secret": issued.secret})
        return
    click.echo(f"Key {issued.row['id']} for {issued.row['role']}. Its secret is shown this once:")
    click.echo(issued.secret)


def _show_login(row: RowMapping, password: str, totp_secret: str | None, as_json: bool) -> None:
    if as_json:
        login = {"id": row["id"], "email": row["email"], "password": password, "totp_secret": totp_secret}
        print_json(login)
        return
    click.echo(f"{row['email']} logs in with the password that is shown this once:")
    click.echo(password)
    if totp_secret is not None:
        click.echo(f"Second factor: {totp_secret}")


def _done(result: dict[str, Any], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        click.echo(sentence)
