"""People and service users."""

from countersign.operations.names import names_of
from countersign.operations.operation import Operation

USER = Operation(
    """
    query User($id: ID, $email: String) {
      user(id: $id, email: $email) { id name email }
    }
    """
)
USER_EMAILS = names_of("users", "email")
