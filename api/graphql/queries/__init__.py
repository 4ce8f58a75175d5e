"""What can be asked, grouped by what it is about."""

from strawberry.tools import merge_types

from api.graphql.queries.administration import AdministrationQueries
from api.graphql.queries.nodes import NodeQueries
from api.graphql.queries.releases import ReleaseQueries

Query = merge_types("Query", (NodeQueries, ReleaseQueries, AdministrationQueries))
