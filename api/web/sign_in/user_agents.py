"""Names of browsers and systems, read from the User-Agent header."""

from __future__ import annotations

#: The first that is part of it names it: they all claim to be others, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def name_of(user_agent: str) -> tuple[str, str]:
    """Return the names of browser and system, each empty if it is not known."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    return browser, next((name for sign, name in _SYSTEMS if sign in user_agent), "")
