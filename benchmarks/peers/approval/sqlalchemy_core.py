"""SQLAlchemy Core by hand: the least that does it, without a ledger, a permission, or a rule.

https://docs.sqlalchemy.org/en/21/core/: one transaction for the request and for each approval.
"""

import uuid

import sqlalchemy as sa
from sqlalchemy import event
from timing import APPROVERS, DATABASE, TOLD, measure

metadata = sa.MetaData()
releases = sa.Table(
    "releases",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, unique=True),
    sa.Column("status", sa.Text),
)
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("release_id", sa.ForeignKey("releases.id"), primary_key=True),
    sa.Column("approver", sa.Text, primary_key=True),
)
mails = sa.Table(
    "mails",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("recipient", sa.Text),
    sa.Column("text", sa.Text),
)
engine = sa.create_engine(DATABASE)
if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def be_careful(connection, _record):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")


metadata.create_all(engine)


def tell(connection, people, text):
    rows = [{"id": uuid.uuid4(), "recipient": who, "text": text} for who in people]
    connection.execute(mails.insert(), rows)


def request(name):
    id_ = uuid.uuid4()
    with engine.begin() as connection:
        connection.execute(releases.insert().values(id=id_, name=name, status="PENDING"))
        tell(connection, APPROVERS, f"Decide {name}")
    return id_


def approve(id_, who):
    with engine.begin() as connection:
        chosen = sa.select(releases).where(releases.c.id == id_).with_for_update()
        release = connection.execute(chosen).one()
        assert release.status == "PENDING"
        connection.execute(decisions.insert().values(release_id=id_, approver=who))
        count = sa.select(sa.func.count()).where(decisions.c.release_id == id_)
        if connection.execute(count).scalar_one() == len(APPROVERS):
            change = releases.update().where(releases.c.id == id_)
            connection.execute(change.values(status="APPROVED"))
            tell(connection, TOLD, f"{release.name} is approved")


def job(name: str) -> None:
    id_ = request(name)
    for who in APPROVERS:
        approve(id_, who)


measure(job)
