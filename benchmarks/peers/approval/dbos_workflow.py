"""DBOS: a durable workflow that waits for two messages.

https://docs.dbos.dev/python/examples/agent-inbox (recv and send for approvals) and
https://docs.dbos.dev/python/tutorials/step-tutorial (changes of one's own tables in steps).
"""

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID, SQLAlchemyDatasource
from sqlalchemy import event
from timing import APPROVERS, DATABASE, TOLD, measure

# The mails are a table in the system's database, so that their transactions cost no second sync.
mails = sa.Table(
    "mails",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recipient", sa.Text),
    sa.Column("text", sa.Text),
)


@event.listens_for(sa.Engine, "connect")
def be_careful(connection, _record):
    """As careful as Countersign, and with a log written ahead, which is quicker."""
    if DATABASE.startswith("sqlite"):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")


DBOS(config=DBOSConfig(name="approval", system_database_url=DATABASE, log_level="ERROR"))
source = SQLAlchemyDatasource.create(database_url=DATABASE)


@source.transaction
def tell(people, text):
    rows = [{"recipient": who, "text": text} for who in people]
    source.sql_session().execute(mails.insert(), rows)


@DBOS.workflow()
def release(name):
    tell(APPROVERS, f"Decide {name}")
    for _ in APPROVERS:
        if DBOS.recv("decision", timeout_seconds=60) != "APPROVE":
            return "REJECTED"
    tell(TOLD, f"{name} is approved")
    return "APPROVED"


def job(name: str) -> None:
    with SetWorkflowID(name):
        handle = DBOS.start_workflow(release, name)
    for _ in APPROVERS:
        DBOS.send(handle.workflow_id, "APPROVE", "decision")
    assert handle.get_result() == "APPROVED"


DBOS.launch()
mails.create(source.engine)
# More at once only wait for each other on SQLite.
measure(job, at_once=1 if DATABASE.startswith("sqlite") else 8)
DBOS.destroy()
