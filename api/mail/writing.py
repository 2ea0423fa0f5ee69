"""A mail as it is sent: text and simple HTML, with headers that nobody's name can break out of.

Owns the layout, the names of the kinds in words, the headers that mailboxes file and unsubscribe by (RFC 8058), and
the same Message-ID at every attempt.
"""

from collections.abc import Iterable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api import languages
from api.languages import gettext, marked
from api.mail.contents import Attachment, Contents
from ledger.domain.mailing import MailKind

KINDS: Final = {
    MailKind.DIGEST: marked("What will fall silent, every morning"),
    MailKind.REFUSALS: marked("Submissions that were refused"),
    MailKind.VERDICTS: marked("Findings that accept less than was claimed"),
    MailKind.DISPUTES: marked("Disputes, and replies that are due"),
    MailKind.DECISIONS: marked("Disputes to be decided"),
    MailKind.DOCUMENTS: marked("Invoices and credit notes that are ready"),
    MailKind.SELF_BILLING: marked("Self-billing agreements that end"),
}
LONGEST_SUBJECT: Final = 150

_LAYOUT = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates" / "mail"),
    autoescape=select_autoescape(("html",)),
    extensions=("jinja2.ext.i18n",),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LAYOUT.policies["ext.i18n.trimmed"] = True
_LAYOUT.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
    languages.gettext, languages.counted, newstyle=True
)


def written(
    contents: Contents,
    kind: MailKind,
    *,
    name: UUID,
    sender: Address,
    reader_name: str,
    reader_address: str,
    unsubscribe: str,
    settings_page: str,
    now: datetime,
    attachments: Iterable[Attachment] = (),
) -> EmailMessage:
    """The mail. Raises ValueError for an address that is none."""
    values = {"c": contents, "kind": gettext(KINDS[kind]), "unsubscribe": unsubscribe, "settings_page": settings_page}
    values |= {"attached": tuple(attachments), "language": languages.spoken()}
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(display_name=one_line(reader_name), addr_spec=reader_address)
    message["Subject"] = one_line(contents.subject)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{name.hex}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_LAYOUT.get_template("letter.txt").render(values))
    message.add_alternative(html(values), subtype="html")
    for each in attachments:
        main, _, sub = each.media_type.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=one_line(each.name))
    message["Content-Language"] = languages.spoken()  # what sets the content takes such headers away
    return message


def html(values: dict[str, object]) -> str:
    """The page of it."""
    return _LAYOUT.get_template("letter.html").render(values)


def one_line(text: str) -> str:
    """Text for a header: whatever could end its line is a space."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
