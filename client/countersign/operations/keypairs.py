"""Keypairs and their public keys."""

from countersign.operations.names import names_of
from countersign.operations.operation import Operation

_FIELDS = """
    fragment KeypairFields on Keypair {
      id alias category type access algorithm enabled state retiredAt
      hasDefaultCertificate createdAt
      successor { id alias }
      heldBy { id name status }
      defaultCertificate { chainPem }
      publicKey { pem der jwk ssh openpgp fingerprint sshFingerprint }
    }
"""

KEYPAIR = Operation(
    f"""
    query Keypair($id: ID, $alias: String) {{
      serverTime
      keypair(id: $id, alias: $alias) {{ ...KeypairFields }}
    }}
    {_FIELDS}
    """
)

#: With what a person looks at, which who signs need not be allowed to see.
KEYPAIR_DETAILS = Operation(
    f"""
    query KeypairDetails($id: ID, $alias: String) {{
      keypair(id: $id, alias: $alias) {{
        ...KeypairFields
        openpgp {{ userId expiresAt }}
        teamsConnection(first: 100) {{ totalCount edges {{ node {{ name }} }} }}
      }}
    }}
    {_FIELDS}
    """
)

KEYPAIRS = Operation(
    f"""
    query Keypairs($filter: KeypairFilter, $after: String) {{
      keypairs(filter: $filter, first: 100, after: $after) {{
        edges {{ node {{ ...KeypairFields }} }}
        pageInfo {{ endCursor hasNextPage }}
      }}
    }}
    {_FIELDS}
    """
)

KEYPAIR_ALIASES = names_of("keypairs", "alias")

#: What tools that sign by themselves need to know.
SIGNING_KEYPAIRS = Operation(
    """
    query SigningKeypairs($after: String) {
      keypairs(first: 100, after: $after) {
        edges { node {
          id alias algorithm enabled
          successor { alias }
          publicKey { der openpgp }
          defaultCertificate { chainPem }
        } }
        pageInfo { endCursor hasNextPage }
      }
    }
    """
)
