"""`render` and `copy-documents`: makes the files of what was issued, proves them, and moves them to another place."""

import os

import click

from api.commands import current_settings, now, opened
from api.commands.history import counting
from api.terminal import json_option, print_json, print_table
from invoices import rendering
from invoices.storage import Storage, storage_at


def store_of(documents_url: str) -> Storage:
    """Where documents are kept; a wrong setting is wrong usage."""
    try:
        return storage_at(documents_url)
    except ValueError as error:
        raise click.UsageError(f"DOCUMENTS_URL: {error}") from None


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also render what is kept again, and compare the bytes.")
@click.option("--processes", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default="one per core")
@json_option
@click.pass_context
def render(context: click.Context, everything: bool, processes: int, as_json: bool) -> None:
    """Render what is not yet rendered."""
    settings = current_settings()
    storage, proofs = store_of(settings.documents_url), list[rendering.Proof]()
    with opened(settings) as engine:
        if everything:
            with counting("Proving", as_json) as tell:
                proofs = list(rendering.prove(engine, storage, processes=processes, progress=tell))
        with counting("Rendering", as_json) as tell:
            few = processes if rendering.waiting(engine, retry=True) > 1 else 1
            result = rendering.render_pending(engine, storage, now=now, processes=few, retry=True, progress=tell)
    faults = [*result.failures, *((proof.number, proof.what) for proof in proofs if proof.is_fault)]
    older = [(proof.number, proof.what) for proof in proofs if not proof.is_fault]
    if as_json:
        named = [{"document": number, "error": error} for number, error in faults]
        kept = [{"document": number, "note": note} for number, note in older]
        print_json({"rendered": result.done, "proved": everything, "faults": named, "kept": kept})
    else:
        click.echo(f"Rendered {result.done} documents." if result.done else "Nothing waited to be rendered.")
        if faults:
            print_table(("document", "what is wrong"), faults)
        if older:
            print_table(("document", "of another layout; what was handed out stands"), older)
        if everything and not faults:
            rest = "else " if older else ""
            click.echo(f"Everything {rest}that is kept renders to the same bytes.")
    if faults:
        context.exit(1)


@click.command("copy-documents")
@click.argument("url")
@json_option
@click.pass_context
def copy_documents(context: click.Context, url: str, as_json: bool) -> None:
    """Copy every kept document to another place (a folder, file:///…, s3://bucket/prefix) and check it there.

    What is there already is left alone, so that it can be run again. Then set DOCUMENTS_URL to the new place.
    """
    here = store_of(current_settings().documents_url)
    try:
        there = storage_at(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None
    with opened() as engine, counting("Copying", as_json) as tell:
        copied, faults = rendering.copy_all(engine, here, there, progress=tell)
    if as_json:
        print_json({"copied": copied, "faults": [{"file": file, "error": error} for file, error in faults]})
    else:
        click.echo(f"Copied {copied} files to {url}." if copied else "Nothing was left to copy.")
        if faults:
            print_table(("file", "what is wrong"), faults)
    if faults:
        context.exit(1)
