"""The table of special-purpose addresses: every row's edges, and what lies beside them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from notifications.net.public_addresses import (
    IPV4_SPECIAL_PURPOSE,
    IPV6_SPECIAL_PURPOSE,
    SpecialBlock,
    is_public,
)

#: Of every block of 16 bits of IPv4, and of every one of 32 bits in what the registry uses most.
SAMPLE = [
    *(IPv4Address(block << 16 | last) for block in range(1 << 16) for last in (1, 0xFFFE)),
    *(IPv6Address(block << 112 | 1) for block in range(1 << 16)),
    *(IPv6Address((0x2001 << 16 | block) << 96 | 1) for block in range(1 << 16)),
]
ROWS = IPV4_SPECIAL_PURPOSE + IPV6_SPECIAL_PURPOSE
#: Written down apart from the table: the address before each block, or block of neighbours that
#: belong together, and the one after it, with what they are.
NEIGHBOURS = {
    "1.0.0.0": True,
    "9.255.255.255": True,
    "11.0.0.0": True,
    "100.63.255.255": True,
    "100.128.0.0": True,
    "126.255.255.255": True,
    "128.0.0.0": True,
    "168.63.129.15": True,
    "168.63.129.16": False,
    "168.63.129.17": True,
    "169.253.255.255": True,
    "169.255.0.0": True,
    "172.15.255.255": True,
    "172.32.0.0": True,
    "191.255.255.255": True,
    "192.0.1.0": True,
    "192.0.1.255": True,
    "192.0.3.0": True,
    "192.31.195.255": True,
    "192.31.197.0": True,
    "192.52.192.255": True,
    "192.52.194.0": True,
    "192.88.98.255": True,
    "192.88.100.0": True,
    "192.167.255.255": True,
    "192.169.0.0": True,
    "192.175.47.255": True,
    "192.175.49.0": True,
    "198.17.255.255": True,
    "198.20.0.0": True,
    "198.51.99.255": True,
    "198.51.101.0": True,
    "203.0.112.255": True,
    "203.0.114.0": True,
    "223.255.255.255": True,
    "224.0.0.0": False,
    "239.255.255.255": False,
    "::2": False,
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": False,
    "2000::": True,
    "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff": True,
    "2001:200::": True,
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": True,
    "2001:db9::": True,
    "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff": True,
    "2003::": True,
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff": True,
    "2620:4f:8001::": True,
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff": True,
    "3fff:1000::": True,
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": True,
    "4000::": False,
    "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": False,
    "5f01::": False,
    "8000::1": False,
    "fec0::": False,
    "ff0e::1": False,
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.network} {row.name}")
def test_every_row_is_refused_from_its_first_address_to_its_last(row: SpecialBlock) -> None:
    network = row.network
    first, last = network.network_address, network.broadcast_address
    middle = type(first)((int(first) + int(last)) // 2)
    for address in (first, middle, last):
        assert not is_public(address)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.network))
def test_beside_a_row_it_is_public_unless_another_row_or_no_allocation_says_otherwise(
    row: SpecialBlock,
) -> None:
    kind = type(row.network.network_address)
    rows = IPV4_SPECIAL_PURPOSE if kind is IPv4Address else IPV6_SPECIAL_PURPOSE
    first, last = int(row.network.network_address), int(row.network.broadcast_address)
    for number in {max(first - 1, 0), min(last + 1, 2**row.network.max_prefixlen - 1)}:
        address = kind(number)
        special = any(address in other.network for other in rows)
        unallocated = kind is IPv6Address and number >> 125 != 0b001
        expected = NEIGHBOURS.get(str(address), False if special or unallocated else None)
        assert expected is not None, f"{address} is missing in NEIGHBOURS"
        assert is_public(address) is expected, address


@pytest.mark.parametrize(("text", "expected"), NEIGHBOURS.items())
def test_a_neighbour(text: str, expected: bool) -> None:
    assert is_public(ip_address(text)) is expected


@pytest.mark.parametrize(
    "text",
    ["192.0.0.192", "192.31.196.1", "3fff::1", "2620:4f:8000::1", "100.100.100.200"],
)
def test_what_versions_of_python_disagree_about(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("carried", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "1.1.1.1"])
def test_an_address_within_another_does_not_pass_by_it(carried: str) -> None:
    inner = int(IPv4Address(carried))
    mapped = IPv6Address((0xFFFF << 32) | inner)
    assert is_public(mapped) is is_public(IPv4Address(carried))
    translated = int(IPv6Address("64:ff9b::")) | inner
    local_translated = int(IPv6Address("64:ff9b:1::")) | inner
    six_to_four = int(IPv6Address("2002::")) | inner << 80
    teredo = int(IPv6Address("2001::")) | (inner ^ 0xFFFFFFFF)
    compatible = inner
    for number in (translated, local_translated, six_to_four, teredo, compatible):
        assert not is_public(IPv6Address(number))


def test_the_table_has_every_row_once_and_says_what_the_registries_say() -> None:
    networks = [row.network for row in ROWS]
    assert len(set(networks)) == len(networks)
    assert (len(IPV4_SPECIAL_PURPOSE), len(IPV6_SPECIAL_PURPOSE)) == (26, 25)
    reachable = {str(row.network) for row in ROWS if row.globally_reachable}
    assert reachable == {
        "192.0.0.9/32",
        "192.0.0.10/32",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.175.48.0/24",
        "64:ff9b::/96",
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
        "2620:4f:8000::/48",
    }
    unknown = {str(row.network) for row in ROWS if row.globally_reachable is None}
    assert unknown == {"192.88.99.0/24", "2001::/32", "2001:10::/28", "2002::/16"}


def test_nothing_that_python_knows_to_be_private_is_public() -> None:
    public = [address for address in SAMPLE if is_public(address)]
    assert len(public) > 50_000
    assert [str(address) for address in public if not address.is_global] == []
