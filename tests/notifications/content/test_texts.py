"""Every sentence of the templates exists in every language, with the same places to fill in."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.web import pages as sign_in_pages
from api.web.approval_pages import decision_notices, pages
from api.web.sign_in.device_page import WRONG_USER_CODE
from api.web.sign_in.mail import WRONG_CODE
from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.credentials.identities import BELONGS_TO_ANOTHER
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model import addresses
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Refusal
from engine.model.facts import FIELD_NAMES
from engine.model.vocabulary import (
    BUILT_IN_ROLES,
    Channel,
    KeypairAccess,
    KeypairCategory,
    KeySource,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    Verdict,
)
from engine.persistence.store.constraints import CONFLICTS
from notifications.content import datetimes, plain_message, texts, vocabulary
from notifications.webhooks.create import CreateWebhook
from notifications.webhooks.tags import known_tags
from tests.support.chains import add_certificate
from tests.support.notices import Notices, add_administrator
from tests.support.world import World

PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
OTHERS = [language for language in texts.LANGUAGES if language != "en"]


def sentences_in(folder: Path) -> dict[str, tuple[str, ...]]:
    """Every message id that the folder's templates use, with its plural if it has one."""
    environment = texts.environment((folder,), "en", "text")
    found: dict[str, tuple[str, ...]] = {}
    for path in folder.rglob("*"):
        if path.suffix in {".j2", ".html", ".txt", ".subject"}:
            for _, _, message in environment.extract_translations(path.read_text("utf-8")):
                forms = message if isinstance(message, tuple) else (message,)
                said = tuple(form for form in forms if isinstance(form, str))
                found[said[0]] = max(said, found.get(said[0], ()), key=len)
    return found


def sign_in_notices() -> Iterator[str]:
    """What sign-in pages show that is in no template: refusals of the engine among them."""
    with pytest.raises(Refusal) as refused:
        addresses.require("dana", international=True)
    _, address_taken, _ = CONFLICTS["uq_users_account_id_email_key"]
    yield from (
        WRONG_CODE,
        WRONG_USER_CODE,
        refused.value.message,
        address_taken,
        BELONGS_TO_ANOTHER,
    )


EXPECTED = {
    texts.HERE: sentences_in(texts.HERE)
    | {word: (word,) for word in (*datetimes.WORDS, *plain_message.WORDS)}
    | {word: (word,) for words in vocabulary.WORDS.values() for word in words.values()},
    pages.FOLDER: sentences_in(pages.FOLDER)
    | {said: (said,) for said in decision_notices.SENTENCES},
    sign_in_pages.FOLDERS[0]: sentences_in(sign_in_pages.FOLDERS[0])
    | {said: (said,) for said in sign_in_notices()},
}


def catalogue(folder: Path, language: str) -> dict[str, Any]:
    return dict(json.loads((folder / f"{language}.json").read_text("utf-8")))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("folder", EXPECTED, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_every_sentence_is_translated_and_none_is_left_over(folder: Path, language: str) -> None:
    assert set(catalogue(folder, language)) == set(EXPECTED[folder])


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("folder", EXPECTED, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_translations_fill_in_the_same(folder: Path, language: str) -> None:
    for original, translated in catalogue(folder, language).items():
        forms = EXPECTED[folder][original]
        said = translated if isinstance(translated, list) else [translated]
        assert len(said) == len(forms), original
        for form, translation in zip(forms, said, strict=True):
            assert sorted(PLACES.findall(form)) == sorted(PLACES.findall(translation)), original


def macro(name: str, language: str = "de") -> Any:
    """A word of the messages."""
    environment = texts.environment((texts.HERE,), language, "text")
    known = {"event": {"tag": ""}, "audiences": (), "approval": None, "moment": str}
    return getattr(environment.get_template("words.j2").make_module(known), name)


def test_every_event_has_a_name() -> None:
    assert [tag for tag in known_tags() if macro("deed")(tag).strip() == tag] == []


def test_every_field_that_can_change_has_a_name(world: World, notices: Notices) -> None:
    meg = add_administrator(world)
    settings = {"signing_frozen": True, "allow_self_approval": True, "required_approvals": 2}
    settings |= {"reapprove_on_edit": False, "quota_on_online": QuotaOnOnline.UNASSOCIATED}
    settings |= {"restrict_signing_to_releases": True, "signed_in_approvals": True}
    settings |= {"users_may_rename_themselves": False, "offline_certification": False}
    settings |= {"max_window_days": 30}
    settings |= {"enabled_release_types": frozenset({ReleaseType.OFFLINE})}
    world.settings(**settings)
    world.add_user("robot", "SIGNER", service=True)
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="E", time_zone="Asia/Tokyo"))
    world.do("admin", UpdateUser(user_id=world.people["eve"], locale="de", active=False))
    world.do("admin", CreateRole(name="Both", permissions=frozenset({Permission.SIGN})))
    world.do("ann", CreateApiToken(name="ci", scopes=frozenset({Permission.SIGN})))
    world.add_keypair("third")
    add_certificate(world, "third")
    world.do("admin", UpdateKeypair(keypair_id=world.things["third"], enabled=False))
    world.add_team("red", ["ann", "bob"], ["third"], 1)
    world.do("admin", CreateWebhook(name="CI", url="https://hooks.example.com", key=bytes(32)))

    rows = notices.rows(kind="ADMINISTERED", user_id=meg)
    edits = [json.loads(row.facts)["event"]["changes"] for row in rows]
    changed = {change["field"] for changes in edits for change in changes} | set(FIELD_NAMES)

    assert len(changed) > 30
    name = macro("field")
    assert [f for f in sorted(changed) if name(f).strip() == f.replace("_", " ")] == []


#: The fields whose values are constants of ours, and all of those.
CONSTANTS: dict[str, Iterable[str]] = {
    "type": ReleaseType,
    "enabled_release_types": ReleaseType,
    "category": KeypairCategory,
    "access": KeypairAccess,
    "algorithm": KeypairAlgorithm,
    "quota_on_online": QuotaOnOnline,
    "key_source": KeySource,
    "permissions": Permission,
    "scopes": Permission,
    "roles": BUILT_IN_ROLES,
}
#: Called the same by everybody.
NAMES = {"GPG"}


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("field", CONSTANTS)
def test_every_constant_that_mails_show_has_words(field: str, language: str) -> None:
    value = macro("value", language)
    for constant in set(CONSTANTS[field]) - NAMES:
        for said in (value(str(constant), field), value([str(constant)], field)):
            assert said.strip()
            assert constant not in said


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_verdict_channel_and_type_has_words(language: str) -> None:
    known = {Verdict: "verdict", Channel: "channel", ReleaseType: "type"}
    for constants, name in known.items():
        said = [macro(name, language)(str(one)).strip() for one in constants]
        assert len(set(said)) == len(constants)
        assert not set(said) & set(constants)


def test_a_name_that_somebody_chose_is_left_alone() -> None:
    value = macro("value")

    assert value("LEAD", "name").strip() == "LEAD"
    assert value(["Deploy", "LEAD"], "roles").strip() == "Deploy, Leitung"


def test_languages_of_locales() -> None:
    spoken = {locale: texts.language_of(locale) for locale in ("de", "de-AT", "DE", "en-GB", "fr")}

    assert spoken == {"de": "de", "de-AT": "de", "DE": "de", "en-GB": "en", "fr": "en"}
