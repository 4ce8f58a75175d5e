"""A token that fails in every way: each call of each operation answers each return code.

After a failure the next call succeeds in the same process, nothing that may have signed is done
twice, and no key is left behind.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.base import Digest, SignerContext, SignerFailed, SigningKey
from engine.signers.keyring import KeyBinding, Keyring
from engine.signers.pkcs11.signer import Pkcs11Signer
from tests.support.pkcs11_faults import CODES, REFUSED_PIN, FaultyModule
from tests.support.softhsm import add_token, configure_softhsm, softhsm_module

pytestmark = [
    # The package ends a search a second time when it forgets it, and complains of its own error.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(300),
]

LABEL, PIN = "faulty", "2468-1357"
P256 = KeypairAlgorithm.ECDSA_P256
DIGEST = Digest(DigestAlgorithm.SHA256, hashlib.sha256(b"installer").digest())
# Turned away at the door: these, and no others, are tried again over a new connection.
NOT_BEGUN = {
    "CRYPTOKI_NOT_INITIALIZED",
    "KEY_HANDLE_INVALID",
    "OBJECT_HANDLE_INVALID",
    "OPERATION_ACTIVE",
    "SESSION_HANDLE_INVALID",
    "USER_NOT_LOGGED_IN",
}


@dataclass
class Hsm:
    """A signer over the faulty module, and a key that is there throughout."""

    faults: FaultyModule
    signer: Pkcs11Signer
    key: SigningKey

    def sign(self) -> bytes:
        return self.signer.sign(self.key, DIGEST)

    def health(self) -> None:
        self.signer.health()

    def generate(self) -> None:
        key = new_key(self.signer)
        self.signer.destroy(key)

    def reconnect(self) -> None:
        """The next call is the first of a new connection."""
        self.signer._token._disconnect()

    def keys(self) -> set[bytes]:
        """The ids of all private and public keys in the token."""
        from pkcs11 import Attribute

        def ids(connection: Any) -> set[bytes]:
            return {found[Attribute.ID] for found in connection.session.get_objects()}

        return self.signer._token._run(ids)


def new_key(signer: Pkcs11Signer) -> SigningKey:
    binding = KeyBinding(uuid4(), uuid4())
    key = signer.generate(P256, binding)
    return SigningKey(binding, P256, key.public_key_pem, key.material, None)


def make_signer(module: str, pin: str = PIN, label: str = LABEL) -> Pkcs11Signer:
    options = {"pkcs11_module": module, "pkcs11_token": label, "pkcs11_pin": pin}
    (signer,) = Pkcs11Signer.from_context(SignerContext(Keyring([bytes(32)]), options))
    return signer


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyModule]:
    real = softhsm_module()
    if real is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    home = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", configure_softhsm(home))
        add_token(LABEL, PIN)
        faults = FaultyModule(home, real)
        faults.reset()
        yield faults
        faults.reset()
        pkcs11.lib(faults.path).finalize()


@pytest.fixture
def hsm(faults: FaultyModule) -> Iterator[Hsm]:
    faults.reset()
    signer = make_signer(faults.path)
    key = new_key(signer)
    faults.reset()
    yield Hsm(faults, signer, key)
    faults.reset()
    make_signer(faults.path).destroy(key)


def connected_sign(hsm: Hsm) -> None:
    hsm.sign()


def connecting_sign(hsm: Hsm) -> None:
    hsm.reconnect()
    hsm.sign()


def make_and_destroy(hsm: Hsm) -> None:
    hsm.generate()


def health(hsm: Hsm) -> None:
    hsm.health()


SIGNING: list[Callable[[Hsm], None]] = [connected_sign, connecting_sign, health]
# One of each kind of reaction. Keys are made with these alone but for one call: the token writes
# each key to the disk, which takes long.
KINDS = [
    "ATTRIBUTE_TYPE_INVALID",
    "FUNCTION_FAILED",
    "MECHANISM_INVALID",
    "SESSION_HANDLE_INVALID",
    "VENDORS_OWN",
]
# Everyday tests try one code of each kind, the long ones all of them.
RETURN_CODES = pytest.mark.parametrize(
    "codes",
    [
        pytest.param(KINDS, id="each-kind"),
        pytest.param(list(CODES), id="all-codes", marks=pytest.mark.long),
    ],
)
MODES = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


def places(hsm: Hsm, operation: Callable[[Hsm], None]) -> list[tuple[str, int]]:
    """Every call that the operation makes: the function, and the how-manieth of it."""
    hsm.sign()
    hsm.faults.reset()
    operation(hsm)
    return [(name, n + 1) for name, number in hsm.faults.calls().items() for n in range(number)]


@MODES
@RETURN_CODES
@pytest.mark.parametrize("operation", SIGNING, ids=lambda operation: operation.__name__)
def test_after_any_error_at_any_call_the_next_call_succeeds(
    hsm: Hsm, operation: Callable[[Hsm], None], codes: list[str], after: bool
) -> None:
    logging_in = {"C_OpenSession", "C_Login"} if operation is connecting_sign else set()
    cases = [
        (function, nth, code)
        for function, nth in places(hsm, operation)
        for code in codes
        if not (function in logging_in and code in REFUSED_PIN)
    ]
    assert len(cases) >= len(codes)
    assert stranded(hsm, operation, cases, after=after) == {}


@MODES
@pytest.mark.parametrize(
    "codes",
    [
        pytest.param(["FUNCTION_FAILED"], id="one-code"),
        pytest.param(KINDS, id="each-kind", marks=pytest.mark.long),
    ],
)
def test_a_key_that_fails_to_be_made_or_destroyed_leaves_nothing_behind(
    hsm: Hsm, codes: list[str], after: bool
) -> None:
    called = places(hsm, make_and_destroy)
    assert {"C_GenerateKeyPair", "C_DestroyObject", "C_GetAttributeValue"} <= dict(called).keys()
    cases = [(function, nth, code) for function, nth in called for code in codes]
    assert stranded(hsm, make_and_destroy, cases, after=after) == {}


@RETURN_CODES
def test_whatever_the_token_answers_when_it_has_made_a_key_no_key_is_left(
    hsm: Hsm, codes: list[str]
) -> None:
    cases = [("C_GenerateKeyPair", 1, code) for code in codes]
    assert stranded(hsm, make_and_destroy, cases, after=True) == {}


def stranded(
    hsm: Hsm,
    operation: Callable[[Hsm], None],
    cases: list[tuple[str, int, str]],
    *,
    after: bool,
) -> dict[tuple[str, int, str], str]:
    """The faults after which something is wrong, and what."""
    wrong = {case: inject_and_recover(hsm, operation, case, after=after) for case in cases}
    return {case: fault for case, fault in wrong.items() if fault is not None}


def inject_and_recover(
    hsm: Hsm, operation: Callable[[Hsm], None], case: tuple[str, int, str], *, after: bool
) -> str | None:
    """What is wrong after the fault, if anything is."""
    function, nth, code = case
    hsm.faults.reset()
    hsm.faults.inject(function, nth, code, after=after)
    try:
        operation(hsm)
    except SignerFailed:
        pass
    except Exception as error:  # noqa: BLE001 - the very thing that is looked for
        return f"raised {error!r}"
    if hsm.faults.hits != 1:
        return "was not injected"
    if function == "C_Sign" and code not in NOT_BEGUN and hsm.faults.calls()["C_Sign"] > nth:
        return "may have been signed a second time"
    hsm.faults.reset()
    try:
        hsm.sign()
    except SignerFailed as failed:
        return f"the next call failed: {failed}"
    if operation is not make_and_destroy:
        return None
    hsm.health()
    left = hsm.keys() - {hsm.key.binding.keypair_id.bytes}
    return f"left behind: {left}" if left else None


@MODES
@RETURN_CODES
def test_after_any_error_while_a_key_is_adopted_it_can_be_adopted_and_stays(
    hsm: Hsm, codes: list[str], after: bool
) -> None:
    label, key_id, binding = f"release {uuid4()}", uuid4().bytes, KeyBinding(uuid4(), uuid4())
    hsm.signer._token.make_key(P256, key_id, label)

    def adopt(hsm: Hsm) -> None:
        hsm.signer.adopt(label, P256, binding)

    try:
        called = places(hsm, adopt)
        cases = [(function, nth, code) for function, nth in called for code in codes]
        assert len(cases) >= len(codes)
        assert stranded(hsm, adopt, cases, after=after) == {}
        adopt(hsm)
    finally:
        hsm.faults.reset()
        hsm.signer._token.destroy_key(key_id, label)


@pytest.mark.parametrize("code", sorted(REFUSED_PIN))
def test_a_refused_pin_is_never_tried_again(hsm: Hsm, code: str) -> None:
    hsm.reconnect()
    hsm.faults.inject("C_Login", 1, code)
    with pytest.raises(SignerFailed, match=r"It is not tried again before a restart\.$"):
        hsm.sign()
    for _ in range(3):
        with pytest.raises(SignerFailed, match=r"It is not tried again before a restart\.$"):
            hsm.sign()
    with pytest.raises(SignerFailed, match=r"It is not tried again before a restart\.$"):
        hsm.health()
    assert hsm.faults.calls()["C_Login"] == 1
    hsm.signer = make_signer(hsm.faults.path)  # as after a restart
    assert hsm.sign()


@pytest.mark.parametrize("flag", ["USER_PIN_FINAL_TRY", "USER_PIN_LOCKED"])
def test_the_last_try_of_a_pin_is_never_used(hsm: Hsm, flag: str) -> None:
    from pkcs11 import TokenFlag

    hsm.reconnect()
    hsm.faults.add_token_flags(int(TokenFlag[flag]))
    for _ in range(2):
        with pytest.raises(SignerFailed, match="one wrong PIN away from it, and is not tried"):
            hsm.sign()
    assert "C_Login" not in hsm.faults.calls()
    hsm.faults.reset()
    assert hsm.sign()


def test_a_token_that_was_away_during_one_call_is_there_for_the_next(hsm: Hsm) -> None:
    hsm.reconnect()
    hsm.faults.unplug(unplugged=True)
    for _ in range(2):
        with pytest.raises(SignerFailed, match=r"Check the label, and that the HSM is connected"):
            hsm.sign()
    hsm.faults.unplug(unplugged=False)
    assert hsm.sign()


def test_a_key_that_could_not_be_destroyed_at_once_is_destroyed_later(hsm: Hsm) -> None:
    kept = hsm.keys()
    hsm.faults.inject("C_GenerateKeyPair", 1, "FUNCTION_FAILED", after=True)
    hsm.faults.unplug(unplugged=True)  # while it is cleaned up, the token is away
    with pytest.raises(SignerFailed, match="FunctionFailed"):
        new_key(hsm.signer)
    hsm.faults.unplug(unplugged=False)
    assert hsm.keys() != kept
    hsm.health()
    assert hsm.keys() == kept


def test_the_callers_own_errors_keep_the_session(hsm: Hsm) -> None:
    hsm.reconnect()
    hsm.sign()
    hsm.faults.reset()
    missing = KeyBinding(uuid4(), uuid4())
    material = f"{missing.account_id}/{missing.keypair_id}".encode()
    for _ in range(3):
        with pytest.raises(SignerFailed, match="holds no key for this keypair"):
            hsm.signer.sign(SigningKey(missing, P256, "", material, None), DIGEST)
    assert hsm.sign()
    assert "C_Initialize" not in hsm.faults.calls()
    assert "C_Login" not in hsm.faults.calls()


def test_signing_needs_no_session_that_may_write(hsm: Hsm) -> None:
    for code, sentence in (
        ("TOKEN_WRITE_PROTECTED", "The token is write-protected: no key can be made in it."),
        ("SESSION_READ_ONLY", "This user of the token may not make keys in it."),
    ):
        hsm.reconnect()
        hsm.faults.refuse_writing(code)
        assert hsm.sign()
        hsm.health()
        with pytest.raises(SignerFailed) as failed:
            new_key(hsm.signer)
        assert str(failed.value).startswith(sentence)
        assert hsm.sign()


@pytest.mark.parametrize(
    ("function", "code", "sentence"),
    [
        (
            "C_Login",
            "USER_PIN_NOT_INITIALIZED",
            (
                "The token has no user PIN yet."
                " Have its security officer set one, and put it into COUNTERSIGN_PKCS11_PIN."
            ),
        ),
        (
            "C_OpenSession",
            "DEVICE_REMOVED",
            "The HSM cannot be reached. Check that it is connected and running.",
        ),
        (
            "C_OpenSession",
            "SESSION_COUNT",
            "The HSM has no session left. Close other programs that use it.",
        ),
        (
            "C_Sign",
            "FUNCTION_FAILED",
            "The HSM failed: FunctionFailed. Try again; if it persists, see the log of the HSM.",
        ),
        (
            "C_Sign",
            "VENDORS_OWN",
            (
                "The HSM failed: Unmapped error code 0x8000cafe."
                " Try again; if it persists, see the log of the HSM."
            ),
        ),
    ],
)
def test_each_failure_says_what_to_check(hsm: Hsm, function: str, code: str, sentence: str) -> None:
    hsm.reconnect()
    hsm.faults.inject(function, 1, code)
    with pytest.raises(SignerFailed) as failed:
        hsm.sign()
    assert str(failed.value) == sentence


def test_two_tokens_of_one_label_are_told_of(hsm: Hsm) -> None:
    for _ in range(2):
        add_token("twin", PIN)
    hsm.reconnect()
    twin = make_signer(hsm.faults.path, label="twin")
    with pytest.raises(SignerFailed) as failed:
        twin.health()
    assert str(failed.value) == (
        "Several tokens have the label of COUNTERSIGN_PKCS11_TOKEN."
        " Give each token a label of its own."
    )
    assert hsm.sign()
