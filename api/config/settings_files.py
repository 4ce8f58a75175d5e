"""Settings that are read from files of their own, as secret stores mount them."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from api.config.settings_rules import Unreadable

PREFIX = "COUNTERSIGN_"
#: The variable of the environment that names another file than `.env` of the working directory.
ENV_FILE_VARIABLE = f"{PREFIX}ENV_FILE"


def env_file() -> Path:
    """Return the file that settings are read from if the environment does not have them."""
    return Path(os.environ.get(ENV_FILE_VARIABLE) or ".env")


def existing_env_file() -> Path | None:
    """Return that file if it exists.

    Raises:
        FileNotFoundError: The environment names a file that is not there. To go on without it
            would look as if all that it says had been forgotten.
    """
    file = env_file()
    if file.exists():
        return file
    if os.environ.get(ENV_FILE_VARIABLE):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
    return None


def values_in_env_file() -> dict[str, str | None]:
    """Return the values of that file by variable; none if it does not exist."""
    file = existing_env_file()
    return dotenv_values(file) if file is not None else {}


class SecretFiles(PydanticBaseSettingsSource):
    """`COUNTERSIGN_X_FILE` names a file that holds X, as secret stores mount them."""

    def __init__(
        self, settings_cls: type[BaseSettings], in_env_file: Mapping[str, str | None]
    ) -> None:
        super().__init__(settings_cls)
        self._values = {**in_env_file, **os.environ}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the file's text without the line break at its end, or None."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = self._values.get(variable)
        return _read(variable, path) if path else None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return all fields that a file gives."""
        names = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in names.items()}
        return {name: value for name, value in values.items() if value is not None}


def _read(variable: str, path: str) -> str | Unreadable:
    """Return a file's text, or a marker if it cannot be read, which validation reports."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        return Unreadable(variable, path, error.strerror or "it cannot be read")
    except UnicodeDecodeError:
        return Unreadable(variable, path, "it is no text in UTF-8; write the key in base64")
