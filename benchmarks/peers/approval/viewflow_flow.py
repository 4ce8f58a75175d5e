"""django-viewflow: a flow of two approvals, run from code.

https://docs.viewflow.io/workflow/quick_start.html, /workflow/writing.html (data, starting a flow
from code) and /workflow/nodes.html (StartHandle, Split, Handle, Join, If, Function).
"""

import django_project
from timing import APPROVERS, measure

django_project.start("viewflow", "viewflow.workflow", "viewflow_app")

from django.db import transaction  # noqa: E402 - once Django is set up
from viewflow_app.flows import ReleaseFlow  # noqa: E402

django_project.make_tables("viewflow_app")


def job(name: str) -> None:
    with transaction.atomic():
        process = ReleaseFlow.start.run(name=name)
    for who in APPROVERS:
        node = getattr(ReleaseFlow, who)
        with transaction.atomic():
            node.run(process.task_set.get(flow_task=node))
    process.refresh_from_db()
    assert process.status == "DONE" and process.approved


measure(job)
