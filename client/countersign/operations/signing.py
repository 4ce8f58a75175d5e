"""Signatures."""

from countersign.operations.operation import Operation

#: Up to 1,000 digests; each has an idempotency key, so that sending it again signs nothing twice.
SIGN_BATCH = Operation(
    """
    mutation SignBatch($input: SignBatchInput!) {
      signBatch(input: $input) {
        outcomes {
          signature { id value createdAt release { id name signaturesLeft } }
          errors { code message field }
        }
        errors { code message field }
      }
    }
    """
)

EXPLAIN_SIGN = Operation(
    """
    query ExplainSign($input: ExplainSignInput!) {
      explainSign(input: $input) { allowed factors { name passed detail code } }
    }
    """
)

#: Which signatures a file has already, with what was said about them.
EARLIER_SIGNATURES = Operation(
    """
    query EarlierSignatures($filter: SignatureFilter!) {
      signatures(filter: $filter, first: 100) {
        edges { node { digest context { name value } } }
      }
    }
    """
)
