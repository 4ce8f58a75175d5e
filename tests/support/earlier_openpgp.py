"""OpenPGP keypairs as earlier versions stored them: whole, in a backend of their own."""

from __future__ import annotations

from uuid import UUID

from pysequoia import CipherSuite, Profile, Tsk
from pysequoia.packet import Packet, PacketPile, Tag

from engine.model.vocabulary import KeypairCategory
from engine.persistence.store import tables as t
from engine.signers.keyring import KeyBinding, Keyring
from tests.support.world import World

SUITES = {"OPENPGP_ED25519": CipherSuite.Cv25519, "OPENPGP_RSA_4096": CipherSuite.RSA4k}


def earlier_secret_key(algorithm: str, user_id: str) -> Tsk:
    """A primary key and its signing subkey, without the subkey that encrypts."""
    tsk = Tsk.generate(user_id, profile=Profile.RFC4880, cipher_suite=SUITES[algorithm])
    remaining: list[Packet] = []
    for packet in PacketPile.from_bytes(bytes(tsk)):
        encrypts = packet.key_flags is not None and packet.key_flags.transport_encryption
        if encrypts and remaining[-1].tag == Tag.SecretSubkey:
            remaining.pop()
        else:
            remaining.append(packet)
    return Tsk.from_packets(remaining)


def store_earlier_keypair(
    world: World, alias: str, keyring: Keyring, algorithm: str = "OPENPGP_ED25519"
) -> str:
    """Make a keypair of the world such a one; returns its armored certificate."""
    keypair_id: UUID = world.add_keypair(alias)
    tsk = earlier_secret_key(algorithm, f"Countersign {keypair_id}")
    certificate = str(tsk.extract_certificate())
    sealed = keyring.seal(bytes(tsk), KeyBinding(world.account_id, keypair_id))
    values = {
        "backend": "openpgp",
        "category": KeypairCategory.GPG,
        "algorithm": algorithm,
        "public_key": certificate,
        "material": sealed.material,
        "master_key_id": sealed.key_id,
    }
    with world.system.database.writing() as connection:
        connection.execute(t.keypairs.update().where(t.keypairs.c.id == keypair_id).values(values))
        connection.commit()
    return certificate
