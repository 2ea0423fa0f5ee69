"""What is kept of where somebody is logged in."""

import pytest

from api.web.devices import device_of, network_of


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iOS"),
        ("curl/8", ""),
    ],
    ids=["firefox", "iphone", "curl"],
)
def test_a_device_is_known_coarsely(agent: str, device: str) -> None:
    assert device_of(agent) == device


@pytest.mark.parametrize(
    ("address", "network"), [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::9", "2001:db8:1::/48"), (None, "")]
)
def test_an_address_is_kept_as_its_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
