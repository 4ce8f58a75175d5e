"""Keys in an HSM: SoftHSM holds them, OpenSSL accepts what they sign."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.base import (
    MAX_MESSAGE_BYTES,
    Message,
    SignerContext,
    SignerFailed,
    UnacceptableKey,
    UnsuitableMessage,
)
from engine.signers.keyring import KeyBinding
from engine.signers.pkcs11.settings import configured_tokens
from engine.signers.pkcs11.signer import Pkcs11Signer
from tests.support.softhsm import add_token, configure_softhsm, softhsm_module

LABEL, PIN = "countersign", "2468-1357"
SHA256 = DigestAlgorithm.SHA256
ALGORITHMS = sorted(Pkcs11Signer.capabilities.generates)


@pytest.fixture(scope="module")
def module() -> str:
    found = softhsm_module()
    if found is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    return found


@pytest.fixture(scope="module")
def library(module, tmp_path_factory):
    """The library of a SoftHSM with one fresh token, which goes away with the tests."""
    import pkcs11

    home = tmp_path_factory.mktemp("softhsm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", configure_softhsm(home))
        add_token(LABEL, PIN)
        library = pkcs11.lib(module)
        yield library
        if library.initialized:
            library.finalize()


@pytest.fixture
def context(keyring, library) -> SignerContext:
    names = {"pkcs11_module": library.so, "pkcs11_token": LABEL, "pkcs11_pin": PIN}
    return SignerContext(keyring, names)


def signer_of(context: SignerContext, **options: str) -> Pkcs11Signer:
    """The one backend of these options, with others beside them."""
    (signer,) = Pkcs11Signer.from_context(replace(context, options={**context.options, **options}))
    return signer


@pytest.fixture
def hsm(context):
    return signer_of(context)


@pytest.fixture
def make_key(hsm, binding, stored):
    return lambda algorithm: stored(algorithm, binding, hsm.generate(algorithm, binding))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_accepts_what_the_hsm_signed_and_no_other_digest(
    hsm, make_key, digest_of_content, openssl_verifies, algorithm
) -> None:
    key = make_key(algorithm)
    for of in DigestAlgorithm:
        digest = digest_of_content(of)
        signature = hsm.sign(key, digest)
        assert openssl_verifies(algorithm, key.public_key_pem, digest, signature)

        other = replace(digest, value=bytes(reversed(digest.value)))
        signature = hsm.sign(key, other)
        assert not openssl_verifies(algorithm, key.public_key_pem, digest, signature)


@pytest.mark.parametrize("algorithm", [KeypairAlgorithm.ECDSA_P256, KeypairAlgorithm.ED25519])
def test_a_key_is_made_in_the_token_and_cannot_leave_it(hsm, make_key, algorithm) -> None:
    from pkcs11 import Attribute, ObjectClass

    key = make_key(algorithm)
    session = hsm._token._connection.session
    held = session.get_key(ObjectClass.PRIVATE_KEY, id=key.binding.keypair_id.bytes)
    for always in (Attribute.TOKEN, Attribute.LOCAL, Attribute.ALWAYS_SENSITIVE):
        assert held[always] is True
    assert held[Attribute.EXTRACTABLE] is False
    assert held[Attribute.NEVER_EXTRACTABLE] is True
    assert key.key_id is None


def test_without_a_module_the_backend_is_absent(keyring) -> None:
    assert Pkcs11Signer.from_context(SignerContext(keyring, {})) == []


def test_configured_without_its_package_it_says_what_to_install(context, monkeypatch) -> None:
    for name in ("engine.signers.pkcs11.token", "engine.signers.pkcs11.keys"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(SignerFailed, match="install python-pkcs11"):
        Pkcs11Signer.from_context(context)


@pytest.mark.parametrize("missing", ["pkcs11_token", "pkcs11_pin"])
def test_a_missing_option_is_named(context, missing) -> None:
    options = {name: value for name, value in context.options.items() if name != missing}
    with pytest.raises(SignerFailed, match=f"COUNTERSIGN_{missing.upper()} is not"):
        Pkcs11Signer.from_context(replace(context, options=options))


@pytest.fixture(scope="module")
def two_tokens(library) -> dict[str, str]:
    """The options of two tokens that have names, beside the one that has none."""
    tokens = {}
    for name in ("blue", "green"):
        add_token(f"token {name}", f"{PIN}-{name}")
        tokens[name] = {"label": f"token {name}", "pin": f"{PIN}-{name}"}
    library.reinitialize()  # so that it sees them
    return {"pkcs11_module": library.so, "pkcs11_tokens": json.dumps(tokens)}


def named(context: SignerContext, options: dict[str, str]) -> dict[str, Pkcs11Signer]:
    signers = Pkcs11Signer.from_context(replace(context, options=options))
    return {signer.name: signer for signer in signers}


def test_several_tokens_are_signers_by_their_names(
    context, two_tokens, stored, binding, digest_of_content, openssl_verifies
) -> None:
    assert named(context, two_tokens).keys() == {"pkcs11:blue", "pkcs11:green"}
    signers = named(context, {**context.options, **two_tokens})
    assert signers.keys() == {"pkcs11", "pkcs11:blue", "pkcs11:green"}
    algorithm, digest = KeypairAlgorithm.ECDSA_P256, digest_of_content(SHA256)
    keys = {
        name: stored(algorithm, binding, signer.generate(algorithm, binding))
        for name, signer in signers.items()
    }
    assert len({key.public_key_pem for key in keys.values()}) == 3
    for _ in range(2):
        for name, signer in signers.items():
            signature = signer.sign(keys[name], digest)
            assert openssl_verifies(algorithm, keys[name].public_key_pem, digest, signature)
            assert binding in signer.stored_keys()
        signers["pkcs11:green"]._token._disconnect()  # what one loses, the others lose, too
    signers["pkcs11:blue"].destroy(keys["pkcs11:blue"])
    with pytest.raises(SignerFailed, match=r"Check that blue in COUNTERSIGN_PKCS11_TOKENS names"):
        signers["pkcs11:blue"].sign(keys["pkcs11:blue"], digest)
    assert signers["pkcs11:green"].sign(keys["pkcs11:green"], digest)


def test_many_threads_sign_in_several_tokens(
    context, two_tokens, stored, digest_of_content
) -> None:
    algorithm, digest = KeypairAlgorithm.ECDSA_P256, digest_of_content(SHA256)
    signers = list(named(context, two_tokens).values())
    bindings = [KeyBinding(uuid4(), uuid4()) for _ in signers]
    keys = [
        stored(algorithm, its, signer.generate(algorithm, its))
        for its, signer in zip(bindings, signers, strict=True)
    ]
    with ThreadPoolExecutor(8) as threads:
        signatures = threads.map(lambda n: signers[n % 2].sign(keys[n % 2], digest), range(200))
        assert len(set(signatures)) == 200


def test_a_refused_pin_of_a_named_token_names_it(context, two_tokens, library, binding) -> None:
    library.reinitialize()
    tokens = json.loads(two_tokens["pkcs11_tokens"])
    tokens["blue"]["pin"] = "wrong-pin"
    signers = named(context, two_tokens | {"pkcs11_tokens": json.dumps(tokens)})
    with pytest.raises(SignerFailed) as failed:
        signers["pkcs11:blue"].generate(KeypairAlgorithm.ECDSA_P256, binding)
    assert "Check the PIN of blue in COUNTERSIGN_PKCS11_TOKENS." in str(failed.value)
    signers["pkcs11:green"].health()


@pytest.mark.parametrize(
    ("tokens", "fault"),
    [
        ("{", "is no JSON"),
        ("[]", "must be a JSON object of tokens by name"),
        ("{}", "must be a JSON object of tokens by name"),
        ('{"A b": {"label": "x", "pin": "4711"}}', "has a token named 'A b'"),
        ('{"a": {"label": "x"}}', "needs `label` and `pin` as texts for a"),
        ('{"a": {"label": "x", "pin": 4711}}', "needs `label` and `pin` as texts for a"),
        ('{"a": {"label": "x", "pin": "4711", "slot": "1"}}', "needs `label` and `pin`"),
        ('{"a": {"label": "", "pin": "4711"}}', "needs `label` and `pin` as texts for a"),
        ('{"a": {"label": "x", "pin": "4711"}, "b": {"label": "x", "pin": "4711"}}', "token twice"),
    ],
)
def test_tokens_that_are_described_wrongly_are_refused(tokens: str, fault: str) -> None:
    with pytest.raises(SignerFailed) as refused:
        configured_tokens({"pkcs11_module": "/module.so", "pkcs11_tokens": tokens})
    assert str(refused.value).startswith("COUNTERSIGN_PKCS11_TOKENS ")
    assert fault in str(refused.value)
    assert "4711" not in str(refused.value)


def test_each_token_has_a_library_and_its_pin_does_not_show() -> None:
    tokens = '{"a": {"label": "x", "pin": "4711"}}'
    with pytest.raises(SignerFailed, match="has no library for a: set COUNTERSIGN_PKCS11_MODULE"):
        configured_tokens({"pkcs11_tokens": tokens})
    own = '{"a": {"label": "x", "pin": "4711", "module": "/own.so"}}'
    (token,) = configured_tokens({"pkcs11_tokens": own})
    assert (token.signer, token.module) == ("pkcs11:a", "/own.so")
    assert "4711" not in repr(token)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        (
            "pkcs11_module",
            "/nowhere.so",
            (
                "The PKCS#11 library /nowhere.so cannot be loaded. Check COUNTERSIGN_PKCS11_MODULE:"
                " whether the file is there, readable, and made for this machine."
            ),
        ),
        (
            "pkcs11_token",
            "another",
            (
                "The HSM has no token with the label of COUNTERSIGN_PKCS11_TOKEN."
                " Check the label, and that the HSM is connected and running."
            ),
        ),
    ],
)
def test_an_hsm_that_cannot_be_reached_is_a_clear_failure(
    context, binding, option, value, sentence
) -> None:
    hsm = signer_of(context, **{option: value})
    with pytest.raises(SignerFailed) as failed:
        hsm.generate(KeypairAlgorithm.ECDSA_P256, binding)
    assert str(failed.value) == sentence
    with pytest.raises(SignerFailed) as failed:
        hsm.health()
    assert str(failed.value) == sentence


def test_a_refused_pin_is_tried_once_only_and_never_shown(context, library, binding) -> None:
    library.reinitialize()  # Nobody is logged in: the PIN is asked for.
    hsm = signer_of(context, pkcs11_pin="wrong-pin")
    with pytest.raises(SignerFailed, match=r"refused the PIN\. Check COUNTERSIGN_PKCS11_PIN"):
        hsm.generate(KeypairAlgorithm.ECDSA_P256, binding)
    with pytest.raises(SignerFailed, match="not tried again") as failed:
        hsm.generate(KeypairAlgorithm.ECDSA_P256, binding)
    assert "wrong-pin" not in str(failed.value)


@pytest.mark.parametrize("loss", ["reinitialize", "finalize"])
def test_a_lost_session_is_opened_again(
    hsm, library, make_key, digest_of_content, openssl_verifies, loss
) -> None:
    key, digest = make_key(KeypairAlgorithm.ECDSA_P256), digest_of_content(SHA256)
    hsm.sign(key, digest)
    getattr(library, loss)()
    signature = hsm.sign(key, digest)
    assert openssl_verifies(key.algorithm, key.public_key_pem, digest, signature)


@pytest.mark.parametrize("loss", ["reinitialize", "finalize"])
def test_a_key_is_destroyed_also_after_the_login_was_lost(hsm, library, make_key, loss) -> None:
    key = make_key(KeypairAlgorithm.ECDSA_P256)
    getattr(library, loss)()
    hsm.destroy(key)
    assert key.binding not in hsm.stored_keys()


def test_after_a_loss_no_handle_from_before_it_is_used(
    hsm, context, library, stored, digest_of_content, openssl_verifies
) -> None:
    algorithm, digest = KeypairAlgorithm.ECDSA_P256, digest_of_content(SHA256)
    bindings = [KeyBinding(uuid4(), uuid4()) for _ in range(2)]
    keys = [stored(algorithm, its, hsm.generate(algorithm, its)) for its in bindings]
    # In a library started anew, each holds the first handles that it gives out.
    library.reinitialize()
    pairs = [(signer_of(context), key) for key in keys]
    for backend, key in pairs:
        backend.sign(key, digest)

    library.reinitialize()
    for backend, key in reversed(pairs):
        signature = backend.sign(key, digest)
        assert openssl_verifies(algorithm, key.public_key_pem, digest, signature)


def test_one_keypair_never_gets_two_keys(hsm, make_key, digest_of_content) -> None:
    key = make_key(KeypairAlgorithm.ECDSA_P256)
    with pytest.raises(SignerFailed, match="already holds a key"):
        make_key(KeypairAlgorithm.ECDSA_P256)
    hsm.sign(key, digest_of_content(SHA256))


def test_a_key_of_another_keypair_or_account_is_not_used(hsm, make_key, digest_of_content) -> None:
    key = make_key(KeypairAlgorithm.ECDSA_P256)
    for stranger in (
        KeyBinding(key.binding.account_id, uuid4()),
        KeyBinding(uuid4(), key.binding.keypair_id),
    ):
        moved = replace(key, binding=stranger)
        with pytest.raises(SignerFailed, match="belongs to another keypair"):
            hsm.sign(moved, digest_of_content(SHA256))
        renamed = replace(moved, material=f"{stranger.account_id}/{stranger.keypair_id}".encode())
        with pytest.raises(SignerFailed, match="holds no key for this keypair"):
            hsm.sign(renamed, digest_of_content(SHA256))


def test_keys_that_pkcs11_has_no_mechanism_for_are_refused(hsm, binding) -> None:
    with pytest.raises(SignerFailed, match="pkcs11 cannot make ML_DSA_44 keys"):
        hsm.generate(KeypairAlgorithm.ML_DSA_44, binding)


def test_a_message_is_signed_as_itself_by_ed25519_alone(hsm, make_key, stored) -> None:
    key = make_key(KeypairAlgorithm.ED25519)
    public = load_pem_public_key(key.public_key_pem.encode())
    for message in (Message(b"tag v2.4.1"), Message(bytes(MAX_MESSAGE_BYTES))):
        public.verify(hsm.sign(key, message), message.value)
    with pytest.raises(UnsuitableMessage, match="signs a digest, not a message"):
        hsm.sign(replace(key, algorithm=KeypairAlgorithm.ECDSA_P256), Message(b"tag v2.4.1"))


def test_a_key_with_which_the_token_cannot_sign_is_not_made(hsm, binding, monkeypatch) -> None:
    from pkcs11 import Mechanism

    from engine.signers.pkcs11.token import _Connection

    monkeypatch.setattr(_Connection, "mechanisms", lambda _: frozenset({Mechanism.EC_KEY_PAIR_GEN}))
    with pytest.raises(SignerFailed, match="does not offer what this keypair's algorithm needs"):
        hsm.generate(KeypairAlgorithm.ECDSA_P256, binding)
    assert binding not in hsm.stored_keys()


def test_two_backends_and_many_threads_share_the_token(
    hsm, context, make_key, digest_of_content, openssl_verifies
) -> None:
    key, digest = make_key(KeypairAlgorithm.ECDSA_P256), digest_of_content(SHA256)
    second = signer_of(context)
    with ThreadPoolExecutor(8) as threads:
        signatures = list(threads.map(lambda n: (hsm, second)[n % 2].sign(key, digest), range(400)))
    assert len(set(signatures)) == 400
    for signature in signatures[:4]:
        assert openssl_verifies(key.algorithm, key.public_key_pem, digest, signature)


def test_its_keys_are_told_from_those_of_others_by_their_labels(hsm, make_key) -> None:
    key = make_key(KeypairAlgorithm.ECDSA_P256)
    foreign = [f"{uuid4()}", "web", f"{uuid4()}/{uuid4()}".upper(), f"{uuid4()}/x"]
    for label in foreign:
        hsm._token.make_key(KeypairAlgorithm.ECDSA_P256, uuid4().bytes, label)
    other = KeyBinding(uuid4(), uuid4())
    hsm.generate(KeypairAlgorithm.ECDSA_P256, other)
    assert hsm.stored_keys() >= {key.binding, other}
    assert hsm._token.labels() >= set(foreign)
    found = {f"{one.account_id}/{one.keypair_id}" for one in hsm.stored_keys()}
    assert found.isdisjoint(label.lower() for label in foreign)
    hsm.destroy(key)
    assert key.binding not in hsm.stored_keys()


ADOPTED = [KeypairAlgorithm.ECDSA_P384, KeypairAlgorithm.ED25519, KeypairAlgorithm.RSA_PSS_2048]


@pytest.mark.parametrize("algorithm", ADOPTED)
def test_a_key_that_was_in_the_token_is_adopted_by_label_or_uri(
    hsm, stored, digest_of_content, openssl_verifies, algorithm
) -> None:
    key_id, label, binding = uuid4().bytes, f"release {uuid4()}", KeyBinding(uuid4(), uuid4())
    hsm._token.make_key(algorithm, key_id, label)
    percent = "".join(f"%{byte:02x}" for byte in key_id)
    uri = f"pkcs11:token=x;object={quote(label)};type=private?pin-value=1"
    for reference in (label, uri, f"pkcs11:id={percent}"):
        key = stored(algorithm, binding, hsm.adopt(reference, algorithm, binding))
        digest = digest_of_content(SHA256)
        assert openssl_verifies(algorithm, key.public_key_pem, digest, hsm.sign(key, digest))
    assert binding not in hsm.stored_keys()
    moved = replace(key, binding=KeyBinding(binding.account_id, uuid4()))
    with pytest.raises(SignerFailed, match="belongs to another keypair"):
        hsm.sign(moved, digest)


def test_keys_that_cannot_be_adopted_say_why(hsm, make_key) -> None:
    own, twins = make_key(KeypairAlgorithm.ECDSA_P256), f"twins {uuid4()}"
    lonely_id = uuid4().bytes
    for key_id in (uuid4().bytes, uuid4().bytes):
        hsm._token.make_key(KeypairAlgorithm.ECDSA_P256, key_id, twins)
    hsm._token.make_key(KeypairAlgorithm.ECDSA_P256, lonely_id, f"lonely {lonely_id.hex()}")
    drop_public_half(hsm, lonely_id)
    binding, p256 = KeyBinding(uuid4(), uuid4()), KeypairAlgorithm.ECDSA_P256
    for reference, algorithm, sentence in (
        ("nowhere", p256, "has no private key with this label or id"),
        (twins, p256, "has several private keys"),
        (f"lonely {lonely_id.hex()}", p256, "no public key with the id of this private key"),
        (own.material.decode(), p256, "was made for a keypair"),
        (f"lonely {lonely_id.hex()}", KeypairAlgorithm.ECDSA_P384, "is not of ECDSA_P384"),
        (f"lonely {lonely_id.hex()}", KeypairAlgorithm.RSA_PSS_2048, "is not of RSA_PSS_2048"),
        (" ", p256, "Name the key by its label"),
        ("pkcs11:token=x", p256, "A PKCS#11 URI of a key has"),
        ("pkcs11:object=x;color=red", p256, "A PKCS#11 URI of a key has"),
        ("pkcs11:object=%ff", p256, "is not UTF-8"),
    ):
        with pytest.raises(UnacceptableKey, match=sentence):
            hsm.adopt(reference, algorithm, binding)


def drop_public_half(hsm: Pkcs11Signer, key_id: bytes) -> None:
    from pkcs11 import Attribute, ObjectClass

    def drop(connection) -> None:
        with connection.writable() as session:
            halves = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key_id}
            for half in list(session.get_objects(halves)):
                half.destroy()

    hsm._token._run(drop)
