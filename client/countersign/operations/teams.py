"""Teams, for which releases are requested."""

from countersign.operations.names import names_of
from countersign.operations.operation import Operation

TEAM = Operation(
    """
    query Team($id: ID, $name: String) {
      team(id: $id, name: $name) {
        id name requiredApprovals createdAt
        membersConnection(first: 100) { totalCount edges { node { name email } } }
        keypairsConnection(first: 100) { totalCount edges { node { alias } } }
      }
    }
    """
)

TEAMS = Operation(
    """
    query Teams($filter: TeamFilter, $after: String) {
      teams(filter: $filter, first: 100, after: $after) {
        edges { node {
          id name requiredApprovals createdAt
          membersConnection(first: 0) { totalCount }
          keypairsConnection(first: 20) { totalCount edges { node { alias } } }
        } }
        pageInfo { endCursor hasNextPage }
      }
    }
    """
)
TEAM_NAMES = names_of("teams", "name")
