"""What the viewer can do with things other than releases."""

from __future__ import annotations

import strawberry

from api.graphql.errors import UserError
from api.graphql.types.enum_descriptions import describe_enum
from engine.model.errors import Refusal
from engine.queries import available_actions

SubjectAction = available_actions.SubjectAction
describe_enum(
    SubjectAction,
    "SubjectAction",
    "An action that a user can take on a keypair, a certificate, a team, a user, an API token, a"
    " trusted issuer, a rule about pipelines, a webhook or the account.",
    {
        "UPDATE": "Change the object's ordinary properties, such as a user's time zone.",
        "ENABLE": "Enable the keypair or webhook, so that it can be used.",
        "DISABLE": "Disable the keypair, which stops the open release that holds it, or the"
        " webhook, to which nothing is sent then.",
        "SIGN": "Sign with the keypair now.",
        "REQUEST_RELEASE": "Request a release that belongs to the team.",
        "RENAME": "Change the name of the user.",
        "CHANGE_ROLES": "Change the roles of the user; giving a role needs what it grants.",
        "ACTIVATE": "Activate the user, who is deactivated.",
        "DEACTIVATE": "Deactivate the user, whose sessions and tokens then end.",
        "CREATE_TOKEN": "Create an API token of the user; its scopes need what they cover.",
        "REVOKE": "Revoke the API token and those that were created with it.",
        "DELETE": "Delete the issuer with its rules, or the rule, and end the tokens that pipelines"
        " have by it.",
        "ROTATE_SECRET": "Give the webhook a new secret.",
        "SEND_TEST": "Send the webhook a test event.",
        "ADD_CERTIFICATE": "Add an X.509 certificate to the keypair.",
        "CERTIFY": "Have the keypair sign a certificate request or a certificate of its own.",
        "RENEW_OPENPGP_CERTIFICATE": "Have the keypair sign its OpenPGP certificate again, with"
        " another expiry or user id.",
        "RENEW": "Create a successor of the keypair, with a key of its own.",
        "RETIRE": "Retire the keypair, which never signs again then.",
        "SET_DEFAULT": "Make the certificate the default of its keypair.",
        "REMOVE": "Remove the certificate from its keypair.",
        "FREEZE_SIGNING": "Refuse every signature of the account from now on.",
        "UNFREEZE_SIGNING": "Allow signatures of the account again.",
        "CREATE_KEYPAIR": "Create a keypair of the account.",
        "CREATE_TEAM": "Create a team in the account.",
        "CREATE_USER": "Add a user to the account; giving roles needs what they grant.",
        "CREATE_ROLE": "Define a role in the account; it can only grant what its creator may give.",
    },
)


@strawberry.type(
    description="Tells whether the caller may take one action now on an object other than a"
    " release, such as a keypair or the account."
)
class AvailableSubjectAction:
    action: SubjectAction = strawberry.field(description="The action that is described here.")
    allowed: bool = strawberry.field(
        description="Whether the action would be accepted if the caller took it now, unless"
        " something else that it is given is at fault."
    )
    refusal: UserError | None = strawberry.field(
        description="Why the action would be refused, or null if it would be accepted."
    )

    @classmethod
    def of(cls, action: SubjectAction, refusal: Refusal | None) -> AvailableSubjectAction:
        """An action with the refusal that it would meet, if any."""
        error = UserError.of(refusal) if refusal is not None else None
        return cls(action=action, allowed=refusal is None, refusal=error)
