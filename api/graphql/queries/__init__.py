"""The queries of the schema, grouped by subject."""

import strawberry

from api.graphql.queries.administration import AdministrationQueries
from api.graphql.queries.certificates import CertificateQueries
from api.graphql.queries.counts import CountQueries
from api.graphql.queries.lookups import LookupQueries
from api.graphql.queries.manifests import ManifestQueries
from api.graphql.queries.nodes import NodeQueries
from api.graphql.queries.pipelines import PipelineQueries
from api.graphql.queries.releases import ReleaseQueries
from api.graphql.queries.signatures import SignatureQueries
from api.graphql.queries.signers import SignerQueries
from api.graphql.queries.webhooks import WebhookQueries


@strawberry.type(
    description="The queries that read data; whatever the caller may not see is treated"
    " as if it did not exist."
)
class Query(
    NodeQueries,
    LookupQueries,
    ReleaseQueries,
    SignatureQueries,
    ManifestQueries,
    CountQueries,
    AdministrationQueries,
    CertificateQueries,
    SignerQueries,
    WebhookQueries,
    PipelineQueries,
):
    pass
