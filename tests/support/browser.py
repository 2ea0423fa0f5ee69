"""The system's Chromium, driven by Playwright, for tests of what a person sees.

Owns how the browser starts and what a page may do: talk to this machine and to nobody else, without script errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",  # test machines run as root, where Chromium's sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # no name leads to another machine
]
expect.set_options(timeout=30_000)  # a busy machine takes its time
THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser; takes about half a second, so tests share one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    """A page with cookies and storage of its own.

    Raises AssertionError at the end if a script failed or anything was asked of another machine.
    """
    complaints: list[str] = []

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in THIS_MACHINE:
            complaints.append(f"asked another machine: {request.url}")

    context = browser.new_context(locale="en-GB", timezone_id="Europe/London", reduced_motion="reduce")
    try:
        context.on("request", asked)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script failed: {error}"))
        yield page
    finally:
        context.close()
    assert not complaints, "\n".join(complaints)
