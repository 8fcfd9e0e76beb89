"""Where connections may go: public addresses, and what the operator names; checked address and used address are one."""

from __future__ import annotations

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.host_policy import HostPolicy, HostRefused, HostUnknown, is_public, pinned


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False),
     ("0.0.0.0", False), ("100.64.0.1", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
     ("fd00::1", False), ("::ffff:10.0.0.1", False), ("::ffff:169.254.169.254", False), ("2002:a00:1::", False),
     ("64:ff9b::a00:1", False), ("2606:2800:220:1:248:1893:25c8:1946", True)],
)  # fmt: skip
def test_public_addresses_are_told_from_all_others(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "169.254.169.254", "10.1.2.3", "::1", "0.0.0.0", "2130706433", "0x7f.1"],
)
async def test_the_house_is_closed_unless_it_is_listed(host: str) -> None:
    with pytest.raises(HostRefused, match="NOTEHOUSE_SOURCE_HOSTS"):
        await HostPolicy.of("NOTEHOUSE_SOURCE_HOSTS", "").address(host, 5432)


@pytest.mark.parametrize(
    ("allowed", "host", "open_"),
    [("127.0.0.1:5432", "127.0.0.1", True), ("127.0.0.1", "127.0.0.1", True), ("127.0.0.1:5433", "127.0.0.1", False),
     ("10.0.0.0/8", "10.9.9.9", True), ("10.0.0.0/8", "127.0.0.1", False), ("a.example, 10.0.0.0/8", "10.9.9.9", True),
     ("LOCALHOST", "localhost", True)],
)  # fmt: skip
async def test_the_operator_lists_hosts_ports_and_networks(allowed: str, host: str, open_: bool) -> None:
    policy = HostPolicy.of("X", allowed)
    if open_:
        assert await policy.address(host, 5432)
    else:
        with pytest.raises(HostRefused):
            await policy.address(host, 5432)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300])
async def test_a_name_without_address_is_told_apart(host: str) -> None:
    with pytest.raises(HostUnknown, match="has no address"):
        await HostPolicy.of("X", "").address(host, 443)


def test_a_setting_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(Invalid, match="X holds a network that is none"):
        HostPolicy.of("X", "10.0.0.1/8")


def test_a_pinned_url_goes_to_the_address_and_speaks_with_the_host() -> None:
    there = pinned("https://db.example:8443/?x=1", "2001:db8::1")
    assert there.url == "https://[2001:db8::1]:8443/?x=1"
    assert there.headers == {"Host": "db.example:8443"}
    assert there.extensions == {"sni_hostname": "db.example"}
