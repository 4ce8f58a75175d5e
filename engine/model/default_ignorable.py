"""Characters that are drawn as nothing, so that two names with and without them look the same.

The property Default_Ignorable_Code_Point of Unicode 16.0, from DerivedCoreProperties.txt. It is
written down here since Python's own tables have no such property.
"""

from __future__ import annotations

import idna

_RANGES = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
#: Every such character.
DEFAULT_IGNORABLE = frozenset(
    chr(code) for first, last in _RANGES for code in range(first, last + 1)
)
#: ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER, which some scripts need between letters.
_JOINERS = frozenset("\u200c\u200d")


def is_needed(text: str, position: int) -> bool:
    """Whether the character is a joiner where its script needs one (RFC 5892, appendix A)."""
    if text[position] not in _JOINERS:
        return False
    try:
        return idna.valid_contextj(text, position)
    except (idna.IDNAError, ValueError):
        return False


def has_ignorable(text: str) -> bool:
    """Whether a text has characters that are drawn as nothing and that no script needs there."""
    return any(
        character in DEFAULT_IGNORABLE and not is_needed(text, position)
        for position, character in enumerate(text)
    )


def without_ignorable(text: str) -> str:
    """The text without any of them, for comparisons."""
    return "".join(character for character in text if character not in DEFAULT_IGNORABLE)
