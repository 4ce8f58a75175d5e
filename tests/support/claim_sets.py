"""The claims of pipelines' tokens, as the documentation of their systems shows them."""

from __future__ import annotations

from typing import Any

from engine.model.claims import ClaimCondition
from engine.model.origins import IssuerKind

#: docs.github.com, "OpenID Connect reference".
GITHUB_ACTIONS: dict[str, Any] = {
    "jti": "example-id",
    "sub": "repo:octo-org/octo-repo:environment:prod",
    "environment": "prod",
    "ref": "refs/tags/v1.4.0",
    "ref_protected": "true",
    "ref_type": "tag",
    "sha": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "repository": "octo-org/octo-repo",
    "repository_id": "4711",
    "repository_owner": "octo-org",
    "repository_owner_id": "65",
    "repository_visibility": "private",
    "run_id": "1234567890",
    "run_number": "10",
    "run_attempt": "2",
    "runner_environment": "github-hosted",
    "actor": "octocat",
    "actor_id": "12",
    "workflow": "release",
    "workflow_ref": "octo-org/octo-repo/.github/workflows/release.yml@refs/tags/v1.4.0",
    "workflow_sha": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
    "head_ref": "",
    "base_ref": "",
    "event_name": "push",
}

#: docs.gitlab.com, "OpenID Connect (OIDC) Authentication Using ID Tokens".
GITLAB_CI: dict[str, Any] = {
    "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
    "sub": "project_path:my-group/my-project:ref_type:tag:ref:v2.0",
    "namespace_id": "72",
    "namespace_path": "my-group",
    "project_id": "20",
    "project_path": "my-group/my-project",
    "user_id": "1",
    "user_login": "sample-user",
    "user_email": "sample-user@example.com",
    "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "v2.0",
    "ref_type": "tag",
    "ref_path": "refs/tags/v2.0",
    "ref_protected": "true",
    "groups_direct": ["mygroup/mysubgroup", "myothergroup/myothersubgroup"],
    "environment": "test-environment2",
    "environment_protected": "false",
    "deployment_tier": "testing",
    "environment_action": "start",
    "runner_id": 1,
    "runner_environment": "self-hosted",
    "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
    "project_visibility": "public",
    "ci_config_ref_uri": "gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/tags/v2.0",
    "ci_config_sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
}

#: buildkite.com/docs, "buildkite-agent oidc".
BUILDKITE: dict[str, Any] = {
    "sub": "organization:acme-inc:pipeline:super-app:ref:refs/tags/v3:commit:9f3182061f1e2cca4702"
    ":step:release",
    "organization_slug": "acme-inc",
    "pipeline_slug": "super-app",
    "pipeline_id": "018e5a22-d14c-7085-bb28-db0f83f43a1c",
    "build_number": 1,
    "build_branch": "main",
    "build_tag": "v3",
    "build_commit": "9f3182061f1e2cca4702c368cbc039b7dc9d4485",
    "step_key": "release",
    "job_id": "0184990a-477b-4fa8-9968-496074483cee",
    "agent_id": "0184990a-4782-42b5-afc1-16715b10b8ff",
    "build_source": "ui",
    "runner_environment": "buildkite-hosted",
}

#: kubernetes.io, "Managing Service Accounts": a projected token, without a `typ` in its header.
KUBERNETES: dict[str, Any] = {
    "jti": "e51f1fbc-4733-4b85-a59f-ba80c0523874",
    "sub": "system:serviceaccount:release:signer",
    "kubernetes.io": {
        "namespace": "release",
        "node": {"name": "worker-1", "uid": "517eb86e-b863-451b-bf70-86cb61439a3a"},
        "pod": {"name": "sign-7", "uid": "0d8b260e-ef0e-45fb-be8e-ff44f97722e8"},
        "serviceaccount": {"name": "signer", "uid": "e6a8680e-d103-4cce-80ea-03acbbeacf7d"},
        "warnafter": 1717674962,
    },
}

#: By system: its claims, the conditions of a rule, and the facts that are known then.
SYSTEMS: dict[IssuerKind, tuple[dict[str, Any], tuple[ClaimCondition, ...], dict[str, str]]] = {
    IssuerKind.GITHUB_ACTIONS: (
        GITHUB_ACTIONS,
        (
            ClaimCondition("repository_id", ("4711",)),
            ClaimCondition("ref", matches=("refs/tags/v*",)),
            ClaimCondition("event_name", ("push",)),
        ),
        {
            "repository": "octo-org/octo-repo",
            "repository_id": "4711",
            "ref": "refs/tags/v1.4.0",
            "commit": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
            "workflow": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
            "run": "1234567890",
        },
    ),
    IssuerKind.GITLAB_CI: (
        GITLAB_CI,
        (
            ClaimCondition("project_id", ("20",)),
            ClaimCondition("ref_type", ("tag",)),
            ClaimCondition("ref_protected", ("true",)),
        ),
        {
            "repository": "my-group/my-project",
            "repository_id": "20",
            "ref": "refs/tags/v2.0",
            "commit": "714a629c0b401fdce83e847fc9589983fc6f46bc",
            "workflow": "gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/tags/v2.0",
            "run": "574",
        },
    ),
    IssuerKind.BUILDKITE: (
        BUILDKITE,
        (
            ClaimCondition("pipeline_id", ("018e5a22-d14c-7085-bb28-db0f83f43a1c",)),
            ClaimCondition("build_tag", matches=("v*",)),
            ClaimCondition("build_number", ("1",)),
        ),
        {
            "repository": "super-app",
            "repository_id": "018e5a22-d14c-7085-bb28-db0f83f43a1c",
            "ref": "v3",
            "commit": "9f3182061f1e2cca4702c368cbc039b7dc9d4485",
            "workflow": "release",
            "run": "1",
        },
    ),
    IssuerKind.KUBERNETES: (
        KUBERNETES,
        (
            ClaimCondition("sub", ("system:serviceaccount:release:signer",)),
            ClaimCondition(
                "kubernetes.io/serviceaccount/uid", ("e6a8680e-d103-4cce-80ea-03acbbeacf7d",)
            ),
        ),
        {
            "repository": "release",
            "repository_id": "e6a8680e-d103-4cce-80ea-03acbbeacf7d",
            "workflow": "signer",
            "run": "sign-7",
        },
    ),
}
