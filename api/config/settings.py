"""Settings from the environment and `.env`; each can come from a file named by `..._FILE`.

`COUNTERSIGN_ENV_FILE` names another file than `.env` of the working directory. The fields are in
`api/config/sections`. Their descriptions are all there is to say of a setting: `.env.example` is
made of them.
"""

from __future__ import annotations

from pydantic import field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from api.config import settings_rules as rules
from api.config.sections.database import DatabaseSection
from api.config.sections.graphql import GraphQLSection
from api.config.sections.hsm import HSMSection
from api.config.sections.kms import KMSSection
from api.config.sections.mail import MailSection
from api.config.sections.messages import MessagesSection
from api.config.sections.observability import ObservabilitySection
from api.config.sections.openid import OpenIDSection
from api.config.sections.pipelines import PipelinesSection
from api.config.sections.service import ServiceSection
from api.config.sections.timestamps import TimestampsSection
from api.config.settings_files import PREFIX, SecretFiles, existing_env_file, values_in_env_file

__all__ = ["PREFIX", "Settings"]


# pydantic orders fields by the bases from the last to the first.
class Settings(
    ObservabilitySection,
    GraphQLSection,
    MessagesSection,
    TimestampsSection,
    PipelinesSection,
    OpenIDSection,
    KMSSection,
    HSMSection,
    ServiceSection,
    MailSection,
    DatabaseSection,
    BaseSettings,
):
    """All settings; each is `COUNTERSIGN_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    _is_readable = field_validator("*", mode="before")(rules.is_readable)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base says so
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then files it names, then `.env` or the file in its place."""
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        file = existing_env_file() if dotenv_settings.env_file is not None else None
        in_file = DotEnvSettingsSource(settings_cls, env_file=file)
        secret_files = SecretFiles(settings_cls, values_in_env_file() if file is not None else {})
        return init_settings, env_settings, secret_files, in_file
