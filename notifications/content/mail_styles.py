"""The style sheet of mails, which mail programs want repeated at each element."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

_STYLE_SHEET = Path(__file__).parent / "templates" / "mail.css"
#: A rule outside of `@media`: it starts at the start of its line.
_RULE = re.compile(r"^([^\s@{}][^{}]*?) \{ ([^{}]*) \}$", re.MULTILINE)


@cache
def _rules() -> dict[str, str]:
    return dict(_RULE.findall(_STYLE_SHEET.read_text("utf-8")))


@cache
def style_attribute(selectors: str | tuple[str, ...]) -> Markup:
    """The attribute ` style="..."` with the rules of these selectors of `mail.css`, in this order.

    A selector without a rule adds nothing; without any rule there is no attribute.
    """
    names = (selectors,) if isinstance(selectors, str) else selectors
    declarations = " ".join(filter(None, map(_rules().get, names)))
    return Markup(' style="{}"').format(declarations) if declarations else Markup("")
