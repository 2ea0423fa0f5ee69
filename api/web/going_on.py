"""Where somebody goes on to after a step: a path of ours that was asked for, or the first page; never another host."""

from flask import Response, url_for

from api.web.blueprint import led_to


def onward(to: str | None) -> Response:
    """To where they wanted to go, if that is a path of ours."""
    return led_to(ours(to) or url_for("web.start"))


def ours(to: str | None) -> str | None:
    """The path, if it is one of ours."""
    is_ours = to is not None and to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if is_ours else None
