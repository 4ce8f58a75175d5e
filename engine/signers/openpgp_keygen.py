"""A separate program that writes a new OpenPGP secret key, binary, to its standard output.

The library holds the interpreter lock while it makes a key, which for RSA takes seconds; in a
process of its own it blocks no other thread.
"""

import sys

from pysequoia import CipherSuite, Profile, Tsk
from pysequoia.packet import Packet, PacketPile, Tag

_SUITES = {"OPENPGP_ED25519": CipherSuite.Cv25519, "OPENPGP_RSA_4096": CipherSuite.RSA4k}


def make(algorithm: str, user_id: str) -> Tsk:
    """A version 4 key, which every GnuPG reads: a primary key and its signing subkey."""
    tsk = Tsk.generate(user_id, profile=Profile.RFC4880, cipher_suite=_SUITES[algorithm])
    return Tsk.from_packets(_signing_only(list(PacketPile.from_bytes(bytes(tsk)))))


def _signing_only(packets: list[Packet]) -> list[Packet]:
    """Without the encryption subkey: nothing here could ever decrypt what is sent to it."""
    remaining: list[Packet] = []
    for packet in packets:
        encrypts = packet.key_flags is not None and packet.key_flags.transport_encryption
        if encrypts and remaining[-1].tag == Tag.SecretSubkey:
            remaining.pop()
        else:
            remaining.append(packet)
    return remaining


if __name__ == "__main__":
    sys.stdout.buffer.write(bytes(make(sys.argv[1], sys.argv[2])))
