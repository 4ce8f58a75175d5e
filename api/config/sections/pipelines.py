"""Settings of pipelines that prove themselves with a token of a trusted issuer."""

from __future__ import annotations

from pydantic import BaseModel, Field


class PipelinesSection(BaseModel):
    """Pipelines without stored secrets."""

    issuer_allow_private: bool = Field(
        default=False,
        description="Let accounts trust issuers at private addresses, and without TLS, such as a"
        " GitLab or a Kubernetes cluster of your own. Without it only https to the public"
        " internet: whoever manages an account's users could otherwise reach into your network.",
    )
