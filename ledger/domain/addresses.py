"""Where webhooks may go: URLs that a stranger typed, and the network addresses behind their names.

Owns the rule that keeps us from being sent into our own network: https to public addresses alone. Refuses loopback,
private, link-local, shared, multicast and reserved ranges, the clouds' metadata services, and IPv6 forms that carry
such an IPv4 address inside.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

LONGEST_URL: Final = 2_000

_REFUSED: Final = (
    IPv4Network("168.63.129.16/32"),  # Azure's metadata and DNS service, a public address by form
    IPv4Network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata service among them
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv6Network("2001::/23"),  # Teredo, ORCHID and their like
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")
_LOCAL_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")


def is_public(address: str) -> bool:
    """Whether anybody on the internet would reach the same machine under this address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return all(_is_public(each) for each in (found, *_inside(found)))


def parsed_url(url: str, *, private: bool) -> SplitResult:
    """The parts of a URL that webhooks may go to as far as its text tells. Raises ValueError, which says why not.

    With `private`, for development, http and names and addresses of one's own network are taken too.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(c <= " " or c in '"<>\\^`{|}' for c in url):
        raise ValueError("must be a URL in ASCII without spaces")
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not private):
        raise ValueError("must begin with https://")
    host = (parts.hostname or "").rstrip(".")
    if not host or parts.port == 0:
        raise ValueError("must name a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("must have neither a user nor a fragment")
    if not private and not _may_be_public(host):
        raise ValueError("must be reachable from the internet")
    return parts


def _may_be_public(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        labels = host.split(".")
        # What is all digits and dots or hexadecimal is an address in disguise: 127.1, 0x7f.1, 2130706433.
        in_disguise = labels[-1].isdigit() or labels[-1].startswith("0x")
        is_local = any(host == name or host.endswith("." + name) for name in _LOCAL_NAMES)
        return len(labels) > 1 and not in_disguise and not is_local
    return is_public(host)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    refused = any(address in network for network in _REFUSED if network.version == address.version)
    routed = address.version == 4 or address in _UNICAST or address in _NAT64
    return routed and address.is_global and not address.is_multicast and not refused


def _inside(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address may lead to."""
    if isinstance(address, IPv4Address):
        return []
    found = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    return [*found, IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else found
