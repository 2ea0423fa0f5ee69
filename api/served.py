"""The application of a server process, which lives as long as the process does.

What its start made is taken out of the garbage collector's sight: to look through it all again and again was a
twentieth of every request.
"""

import gc

from flask import Flask

from api import create_app

__all__ = ["application"]


def application() -> Flask:
    """As `create_app` makes it from the environment; once in a process."""
    app = create_app()
    gc.collect()
    gc.freeze()
    return app
