import pytest

from ledger.domain.addresses import is_public, parsed_url


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2001:0:1::1",
        "fe80::1%eth0",
        "localhost",
        "",
    ],
)
def test_what_could_be_ours_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "https://",
        "https://localhost/x",
        "https://db.internal/",
        "https://printer.local./",
        "https://router/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://user@hooks.example.org/",
        "https://user:pass@hooks.example.org/",
        "https://hooks.example.org/#x",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nHost: x",
        "https://hoöks.example.org/",
        "https://hooks.example.org\\@127.0.0.1/",
        "https://hooks.example.org/" + "x" * 2_000,
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|[Pp]ort"):
        parsed_url(url, private=False)


@pytest.mark.parametrize(
    "url", ["https://hooks.example.org/in?a=1", "https://hooks.example.org:8443", "https://8.8.8.8/"]
)
def test_https_to_the_internet_is_taken(url: str) -> None:
    assert parsed_url(url, private=False).scheme == "https"


def test_a_developers_own_machine_is_taken_on_request_alone() -> None:
    for url in ("http://127.0.0.1:9000/x", "http://localhost/", "https://192.168.1.5/"):
        assert parsed_url(url, private=True).hostname
        with pytest.raises(ValueError, match="must"):
            parsed_url(url, private=False)
