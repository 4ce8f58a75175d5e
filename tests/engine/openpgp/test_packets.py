"""Packets and armor: every length, and what is no packet."""

import pytest

from engine.openpgp.packets import (
    Armor,
    MalformedPackets,
    Tag,
    armor,
    decode_mpis,
    encode_mpi,
    packet,
    read_packets,
    unarmor,
)


@pytest.mark.parametrize("length", [0, 1, 191, 192, 8383, 8384, 70_000])
def test_packets_of_every_kind_of_length_are_read_back(length: int) -> None:
    body = bytes(length)
    both = packet(Tag.USER_ID, body) + packet(Tag.SIGNATURE, b"x")
    assert list(read_packets(both)) == [(Tag.USER_ID, body), (Tag.SIGNATURE, b"x")]


@pytest.mark.parametrize(
    "data",
    [
        b"\xc2",  # no length
        b"\x88\x01x",  # the older format
        b"\xc2\x05x",  # too short
        b"\xc2\xe1xx",  # a partial length
        b"text",
    ],
)
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedPackets):
        list(read_packets(data))


def test_numbers_are_read_back_and_must_be_whole() -> None:
    numbers = [0, 1, 255, 256, 2**255 + 19]
    encoded = b"".join(map(encode_mpi, numbers))
    assert decode_mpis(encoded + b"rest", len(numbers)) == (numbers, b"rest")
    with pytest.raises(MalformedPackets, match="ends too early"):
        decode_mpis(encoded[:-1], len(numbers))


@pytest.mark.parametrize("length", [1, 2, 3, 47, 48, 49, 1000])
def test_armor_of_every_length_is_read_back(length: int) -> None:
    data = bytes(range(256)) * 4
    text = armor(Armor.SIGNATURE, data[:length], comment="One line")
    assert unarmor(text) == data[:length]
    assert unarmor(text.replace("\n", "\r\n")) == data[:length]
    assert max(map(len, text.splitlines()[3:])) <= 64


def test_what_is_no_armor_is_refused() -> None:
    for text in ("", "text", "-----BEGIN PGP SIGNATURE-----\n\n"):
        with pytest.raises(MalformedPackets, match="no ASCII armor"):
            unarmor(text)


def test_the_checksum_is_the_published_one() -> None:
    """That of the text `123456789` is 21CF02 (CRC-24/OPENPGP)."""
    assert "=Ic8C" in armor(Armor.SIGNATURE, b"123456789").splitlines()
