"""Nothing that a party writes into a field makes the renderer load, attach or draw anything."""

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from invoices.document import Address
from invoices.engine import ForeignResource, Imprint, produce
from invoices.render import render
from tests.invoices.paper import Paper, squeezed
from tests.invoices.samples import SUPPLIER, make_document, make_lines

EVIL = (
    "<img src=file:///etc/passwd>",
    "<link rel=attachment href=file:///etc/passwd>",
    "<a rel=attachment href='{secret}'>x</a>",
    "<style>@import url({web}/style.css); body {{ background: url({web}/a.png) }}</style>",
    "<svg><image href='{web}/b.png'/></svg>",
    "<object data=file:///etc/passwd></object><embed src={web}/c>",
    "{{{{ page.lang }}}} {{% include 'document.html.j2' %}}",
    "\"><script>fetch('{web}')</script>",
    "</style></title><base href={web}>",
    "]]>&#x26;lt;&amp;",
)


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def web(requests: list[str]):  # type: ignore[no-untyped-def]
    """A server that remembers who asks."""

    class Remember(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Remember)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("complex_script", [False, True])
def test_markup_in_any_field_is_printed_as_text(
    web: str, requests: list[str], tmp_path: Path, complex_script: bool
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret-canary")
    texts = [text.format(web=web, secret=secret.as_uri()) for text in EVIL]
    everything = " ".join(texts)
    address = Address(everything, texts[0], texts[1], texts[2][:60], texts[3], "GB")
    supplier = replace(
        SUPPLIER, legal_name=everything, address=address, vat_id=texts[0], iban=texts[1], bic=texts[2],
        registration_number=texts[4], tax_number=texts[5],
    )  # fmt: skip
    lines = tuple(
        replace(
            line,
            reference=text,
            outcome=text,
            note=text,
            definition=text,
            confirmed=(text, "客戶"[: 2 * complex_script]),
        )
        for line, text in zip(make_lines(len(texts)), texts, strict=True)
    )
    document = make_document(lines, supplier=supplier, words=tuple(texts), chain_head=texts[0], number=texts[0])
    paper = Paper(document, lines, render(document, lines))
    with paper.open() as pdf:
        assert len(pdf.attachments) == 0
        assert "/AF" not in pdf.Root
        assert not any("/Annots" in page for page in pdf.pages)
        assert not any("/XObject" in page.Resources and len(page.Resources.XObject) for page in pdf.pages)
    text = squeezed(paper.raw)
    assert requests == []
    assert "root:x:0" not in text
    assert "the-secret-canary" not in text
    assert b"the-secret-canary" not in paper.pdf
    assert squeezed(texts[0]) in text
    assert squeezed(texts[6]) in text


@pytest.mark.parametrize(
    "html",
    [
        "<img src='{web}/x.png'>",
        "<img src='file:///etc/hostname'>",
        "<img src='data:image/png;base64,AAAA'>",
        "<link rel=stylesheet href='{web}/x.css'>",
        "<style>@import url('bundled:../document.css')</style>",
        "<style>@font-face {{ font-family: x; src: url('bundled:../../wsgi.py') }} p {{ font-family: x }}</style><p>x",
        "<div style='background: url(bundled:Inter-Regular.ttf/../SOURCE.txt)'>x</div>",
        "<img src='relative.png'>",
    ],
)
def test_even_a_template_could_load_nothing_but_the_bundled_fonts(web: str, requests: list[str], html: str) -> None:
    issued = make_document(make_lines(1)).issued_at
    with pytest.raises(ForeignResource):
        produce(f"<html lang=en>{html.format(web=web)}", furniture=False, imprint=Imprint(b"x" * 16, issued))
    assert requests == []


def test_even_a_template_could_not_attach_a_file() -> None:
    document, lines = make_document(make_lines(1)), make_lines(1)
    html = (
        "<html lang=en><link rel=attachment href='file:///etc/passwd'><a rel=attachment href='file:///etc/group'>x</a>"
    )
    with pytest.raises(ForeignResource):
        produce(html, furniture=False, imprint=Imprint(b"x" * 16, document.issued_at))
    html = "<html lang=en><link rel=attachment href='file:///etc/passwd'>"
    paper = Paper(document, lines, produce(html, furniture=False, imprint=Imprint(b"x" * 16, document.issued_at)))
    with paper.open() as pdf:
        assert len(pdf.attachments) == 0
