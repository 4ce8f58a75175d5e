"""API tokens and sessions."""

from countersign.operations.operation import Operation

TOKENS = Operation(
    """
    query Tokens($after: String) {
      apiTokens(first: 100, after: $after) {
        edges { node { id name scopes createdAt expiresAt lastUsedAt revokedAt user { id name } } }
        pageInfo { endCursor hasNextPage }
      }
    }
    """
)

CREATE_TOKEN = Operation(
    """
    mutation CreateToken($input: CreateApiTokenInput!) {
      createApiToken(input: $input) {
        token { id name scopes expiresAt }
        secret
        errors { code message field }
      }
    }
    """,
    is_repeatable=False,
)

REVOKE_TOKEN = Operation(
    """
    mutation RevokeToken($input: RevokeApiTokenInput!) {
      revokeApiToken(input: $input) { revokedIds errors { code message field } }
    }
    """
)

OWN_SESSIONS = Operation("query OwnSessions { viewer { user { sessions { id current } } } }")

REVOKE_SESSION = Operation(
    """
    mutation RevokeSession($input: RevokeSessionInput!) {
      revokeSession(input: $input) { errors { code message field } }
    }
    """
)
