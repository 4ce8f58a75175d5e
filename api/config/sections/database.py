"""Settings of the database."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from api.config import settings_rules as rules
from api.config.settings_rules import validated_by


class DatabaseSection(BaseModel):
    """Where everything is stored."""

    database_url: Annotated[SecretStr, validated_by(rules.database_url)] = Field(
        default=SecretStr("sqlite:///countersign.db"),
        description="Where everything is kept. SQLite suits one machine; PostgreSQL runs many"
        " processes, as postgresql+psycopg://countersign:password@db.example.com/countersign does.",
    )
    listen_url: Annotated[SecretStr, validated_by(rules.postgresql_url)] | None = Field(
        default=None,
        description="PostgreSQL itself, where DATABASE_URL leads to a pooler like PgBouncer: to"
        " hear of other processes' commits at once, over one connection of each process. Without"
        " it they are polled for, about once a second.",
        examples=["postgresql+psycopg://countersign:password@db.example.com/countersign"],
    )
