"""The second factor as people set it up: a key as text, as a link and as a picture to scan; the codes that it shows.

Owns the form in which a key is handed to an authenticator app. Knows no accounts.
"""

import hmac
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp
import segno
from markupsafe import Markup

ISSUER: Final = "Appointment Ledger"


@dataclass(frozen=True, slots=True)
class SettingUp:
    """A key that is being set up; `picture` is an SVG."""

    secret: str
    link: str
    picture: Markup


def new_secret() -> str:
    return pyotp.random_base32()


def shown(secret: str, email: str) -> SettingUp:
    link = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
    drawn = io.BytesIO()
    code = segno.make(link, error="m")
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, nl=False, omitsize=True, light="#fff", border=3)
    return SettingUp(secret, link, Markup(drawn.getvalue().decode()))  # noqa: S704 - drawn by the library


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Which half minute the code belongs to: this one, the one before or after; None for a wrong code."""
    typed = "".join(code.split()).encode()
    totp = pyotp.TOTP(secret)
    this = totp.timecode(now)
    steps = (this, this - 1, this + 1)
    return next((n for n in steps if hmac.compare_digest(totp.generate_otp(n).encode(), typed)), None)
