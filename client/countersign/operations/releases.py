"""Releases: what is requested, decided, followed and ended."""

from countersign.operations.names import names_of
from countersign.operations.operation import Operation

_FIELDS = """
    fragment ReleaseFields on Release {
      id name version note type category status startsAt endsAt maxSignatures signaturesUsed
      signaturesLeft revision createdAt openedAt endedAt endReason endCode
      team { id name }
      requestedBy { id name }
      keypairs { id alias }
      approval { required received remaining }
    }
"""

RELEASE = Operation(
    f"""
    query Release($id: ID, $name: String) {{
      serverTime
      release(id: $id, name: $name) {{ ...ReleaseFields }}
    }}
    {_FIELDS}
    """
)

#: Who may sign, which is a long list where the release belongs to a large team.
RELEASE_PARTICIPANTS = Operation(
    "query ReleaseParticipants($id: ID!) { release(id: $id) { participants { email } } }"
)

RELEASES = Operation(
    f"""
    query Releases($filter: ReleaseFilter, $first: Int, $after: String) {{
      releases(filter: $filter, first: $first, after: $after) {{
        edges {{ node {{ ...ReleaseFields }} }}
        pageInfo {{ endCursor hasNextPage }}
      }}
    }}
    {_FIELDS}
    """
)

INBOX = Operation(
    f"""
    query Inbox($after: String) {{
      approvalInbox(first: 100, after: $after) {{
        edges {{ node {{ ...ReleaseFields }} }}
        pageInfo {{ endCursor hasNextPage }}
      }}
    }}
    {_FIELDS}
    """
)

RELEASE_NAMES = names_of("releases", "name")


def _change(mutation: str, input_type: str, *, is_repeatable: bool) -> Operation:
    return Operation(
        f"""
        mutation Change($input: {input_type}!) {{
          {mutation}(input: $input) {{
            release {{ ...ReleaseFields }}
            errors {{ code message field }}
          }}
        }}
        {_FIELDS}
        """,
        is_repeatable=is_repeatable,
    )


#: A name is unique in its account: a second request of the same name is refused, not made.
CREATE_RELEASE = _change("createRelease", "CreateReleaseInput", is_repeatable=True)
APPROVE_RELEASE = _change("approveRelease", "ApproveReleaseInput", is_repeatable=False)
REJECT_RELEASE = _change("rejectRelease", "RejectReleaseInput", is_repeatable=False)
WITHDRAW_RELEASE = _change("withdrawRelease", "WithdrawReleaseInput", is_repeatable=False)
CLOSE_RELEASE = _change("closeRelease", "CloseReleaseInput", is_repeatable=False)
STOP_RELEASE = _change("stopRelease", "StopReleaseInput", is_repeatable=False)

RELEASE_EVENTS = Operation(
    f"""
    subscription ReleaseEvents($releaseId: ID, $after: String) {{
      releaseEvents(releaseId: $releaseId, after: $after) {{
        cursor
        tag
        release {{ ...ReleaseFields }}
      }}
    }}
    {_FIELDS}
    """
)

INBOX_EVENTS = Operation(
    f"""
    subscription InboxEvents($after: String) {{
      inboxEvents(after: $after) {{
        cursor
        tag
        occurredAt
        began {{ ...ReleaseFields }}
        endedIds
      }}
    }}
    {_FIELDS}
    """
)
