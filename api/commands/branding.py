"""`branding`: how documents look, shown and set; what is not named stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from api.commands import now, opened
from api.terminal import json_option, print_json, print_table
from invoices import branding, logos
from invoices.brand import PAPERS
from ledger.services import parties
from ledger.store.engine import reading, writing

ACTOR = "command-line"


@click.command("branding")
@click.option("--buyer", metavar="SLUG", help="Only this buyer's documents; default: all without a brand of their own.")
@click.option("--accent", metavar="#RRGGBB", help="Numbers and the amount due.")
@click.option("--band", metavar="#RRGGBB", help="Behind the four figures.")
@click.option("--footer", metavar="TEXT", help="Up to four lines at the end of the first page.")
@click.option("--paper", type=click.Choice(list(PAPERS)))
@click.option("--logo", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A PNG or SVG.")
@click.option("--no-logo", is_flag=True)
@json_option
def brand_documents(
    buyer: str | None, footer: str | None, logo: Path | None, no_logo: bool, as_json: bool, **chosen: str | None
) -> None:
    """Show how documents look, or brand those that are issued from now on."""
    changes: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if footer is not None:
        changes["footer"] = tuple(line.strip() for line in footer.splitlines() if line.strip())
    with opened() as engine:
        with reading(engine) as connection:
            buyer_id = None if buyer is None else parties.organisation(connection, buyer)["id"]
            brand = branding.brand_of(connection, buyer_id)
        try:
            picture = None if logo is None else logos.read(logo.read_bytes())
            if picture is not None or no_logo:
                changes["logo"] = picture and picture.mark
            brand = replace(brand, **changes)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if changes:
            with writing(engine) as connection:
                branding.set_brand(connection, buyer_id, brand, picture, actor=ACTOR, now=now())
    told = brand.to_json()
    if as_json:
        print_json({"buyer": buyer, **told})
    else:
        shown = {**told, "footer": " / ".join(brand.footer), "logo": brand.logo.media_type if brand.logo else "none"}
        print_table(("of documents", "is"), [(name, str(value)) for name, value in shown.items()])
