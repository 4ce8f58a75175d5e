"""Names that look the same are the same, and nothing in a name is drawn as nothing."""

import pytest

from engine.model.default_ignorable import DEFAULT_IGNORABLE, has_ignorable
from engine.model.errors import Code
from engine.model.text import check_name, name_key


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Falcon 1.0", "FALCON 1.0"),
        ("Falcon 1.0", "Falcon  1.0"),
        ("Falcon 1.0", "Falcon\u00a01.0"),
        ("Falcon 1.0", "Falcon\u30001.0"),
        ("Falcon 1.0", "\uff26alcon 1.0"),
        ("Falcon 1.0", "Falc\u200bon 1.0"),
        ("Falcon 1.0", "Falcon 1\ufe0f.0"),
        ("Straße", "STRASSE"),
        ("\u00e9", "e\u0301"),
        ("file", "\ufb01le"),
        ("2", "\u00b2"),
    ],
)
def test_names_that_look_the_same_have_one_key(name: str, same: str) -> None:
    assert name_key(same) == name_key(name)
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize("other", ["Falcon 1.1", "Falcon1.0", "F\u0430lcon 1.0", "Falcón 1.0"])
def test_names_that_differ_have_keys_that_differ(other: str) -> None:
    assert name_key(other) != name_key("Falcon 1.0")


@pytest.mark.parametrize(
    "name",
    ["\u200b", "\u3164", "\u2800", "\u115f\u1160", "\u200d", "a\u200bb", "a\u200db", "\u00adab",
     "\U0001f468\u200d\U0001f469", "a\ufe0f", "\U000e0041b", "\u061cab", "می\u200c\u200cخواهم"],
)  # fmt: skip
def test_what_is_drawn_as_nothing_is_in_no_name(name: str) -> None:
    fault = check_name(name, "name", "name")
    assert fault is not None
    assert (fault.code, fault.field) == (Code.INVALID_INPUT, ("name",))


@pytest.mark.parametrize(
    "name", ["می\u200cخواهم", "क्\u200dष", "Falcon 1.0", "ß", "名前", "\U0001f511"]
)
def test_a_joiner_that_a_script_needs_is_welcome(name: str) -> None:
    assert check_name(name, "name", "name") is None


def test_each_ignorable_character_is_noticed() -> None:
    assert len(DEFAULT_IGNORABLE) == 4174
    assert all(has_ignorable(f"a{character}b") for character in DEFAULT_IGNORABLE)
