"""Settings that are read from files of their own, as secret stores mount them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from api.settings_rules import Unreadable

PREFIX = "COUNTERSIGN_"
ENV_FILE = ".env"


class SecretFiles(PydanticBaseSettingsSource):
    """`COUNTERSIGN_X_FILE` names a file that holds X, as secret stores mount them."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._told = {**dotenv_values(ENV_FILE), **os.environ}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file's text without the line break at its end, or None."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = self._told.get(variable)
        return _read(variable, path) if path else None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """All fields that a file gives."""
        names = self.settings_cls.model_fields
        found = {name: self.get_field_value(field, name)[0] for name, field in names.items()}
        return {name: value for name, value in found.items() if value is not None}


def _read(variable: str, path: str) -> str | Unreadable:
    """What cannot be read becomes a fault like any other, told with the rest of them."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        return Unreadable(variable, path, error.strerror or "it cannot be read")
    except UnicodeDecodeError:
        return Unreadable(variable, path, "it is no text in UTF-8; write the key in base64")
