"""Who is signed in."""

from countersign.operations.operation import Operation

VIEWER = Operation(
    """
    query Viewer {
      serverTime
      viewer {
        user { id name email timeZone }
        account { id name signingFrozen teamsEnabled }
        permissions
        inboxCount
      }
    }
    """
)

SERVER_TIME = Operation("query ServerTime { serverTime }")
