"""Where somebody is logged in, as coarsely as helps him to know his own: the browser's family, its system, a network.

Owns what is kept of a request's headers and address; neither is kept whole.
"""

from ipaddress import ip_address, ip_network
from typing import Final

BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
KEPT_BITS: Final = {4: 24, 6: 48}


def device_of(user_agent: str) -> str:
    """ "Firefox, Linux"; empty where neither is told."""
    found = (next((name for mark, name in known if mark in user_agent), "") for known in (BROWSERS, SYSTEMS))
    return ", ".join(name for name in found if name)


def network_of(address: str | None) -> str:
    """ "192.0.2.0/24" or "2001:db8:1::/48"; empty where there is no address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    return str(ip_network((found, KEPT_BITS[found.version]), strict=False))
