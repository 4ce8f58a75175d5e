"""Certificates of keypairs."""

from countersign.operations.operation import Operation

_FIELDS = """
    fragment CertificateFields on Certificate {
      id kind subject issuer serialNumber fingerprint validFrom expiresAt isDefault warnings
      createdAt chainPem openpgp
    }
"""

CERTIFICATES = Operation(
    f"""
    query Certificates($filter: CertificateFilter, $after: String) {{
      certificates(filter: $filter, first: 100, after: $after) {{
        edges {{ node {{ ...CertificateFields }} }}
        pageInfo {{ endCursor hasNextPage }}
      }}
    }}
    {_FIELDS}
    """
)

#: The keypair signs each time, so that it is not sent again when an answer was lost.
CREATE_CERTIFICATE_REQUEST = Operation(
    """
    mutation CreateCertificateRequest($input: CreateCertificateRequestInput!) {
      createCertificateRequest(input: $input) {
        requestPem
        errors { code message field }
      }
    }
    """,
    is_repeatable=False,
)


def _change(mutation: str) -> Operation:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    return Operation(
        f"""
        mutation Change($input: {kind}!) {{
          {mutation}(input: $input) {{
            certificate {{ ...CertificateFields }}
            errors {{ code message field }}
          }}
        }}
        {_FIELDS}
        """,
        is_repeatable=False,
    )


ISSUE_SELF_SIGNED_CERTIFICATE = _change("issueSelfSignedCertificate")
ADD_CERTIFICATE = _change("addCertificate")
SET_DEFAULT_CERTIFICATE = _change("setDefaultCertificate")
REMOVE_CERTIFICATE = _change("removeCertificate")
