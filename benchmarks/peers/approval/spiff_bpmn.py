"""SpiffWorkflow: a BPMN process of two user tasks, kept as JSON between people's visits.

https://spiffworkflow.readthedocs.io/en/latest/bpmn/workflows.html (the loop that runs it) and
/bpmn/serialization.html: the workflow is saved whenever it waits, and read back to go on.
"""

import uuid

import sqlalchemy as sa
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from sqlalchemy import event
from timing import APPROVERS, DATABASE, TOLD, measure

PROCESS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="release">
  <process id="release" isExecutable="true">
    <startEvent id="start"><outgoing>f1</outgoing></startEvent>
    <sequenceFlow id="f1" sourceRef="start" targetRef="split"/>
    <parallelGateway id="split"/>
    <sequenceFlow id="f2" sourceRef="split" targetRef="ann"/>
    <sequenceFlow id="f3" sourceRef="split" targetRef="bob"/>
    <userTask id="ann" name="ann"/>
    <userTask id="bob" name="bob"/>
    <sequenceFlow id="f4" sourceRef="ann" targetRef="join"/>
    <sequenceFlow id="f5" sourceRef="bob" targetRef="join"/>
    <parallelGateway id="join"/>
    <sequenceFlow id="f6" sourceRef="join" targetRef="approve"/>
    <scriptTask id="approve"><script>status = "APPROVED"</script></scriptTask>
    <sequenceFlow id="f7" sourceRef="approve" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"""

metadata = sa.MetaData()
workflows = sa.Table(
    "workflows",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text),
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
parser = BpmnParser()
parser.add_bpmn_str(PROCESS)
spec = parser.get_spec("release")
serializer = BpmnWorkflowSerializer()


def tell(connection, people, text):
    rows = [{"id": uuid.uuid4(), "recipient": who, "text": text} for who in people]
    connection.execute(mails.insert(), rows)


def request(name):
    id_ = uuid.uuid4()
    workflow = BpmnWorkflow(spec)
    workflow.data["name"] = name
    workflow.do_engine_steps()
    with engine.begin() as connection:
        state = serializer.serialize_json(workflow)
        connection.execute(workflows.insert().values(id=id_, state=state))
        tell(connection, APPROVERS, f"Decide {name}")
    return id_


def approve(id_, who):
    with engine.begin() as connection:
        chosen = sa.select(workflows.c.state).where(workflows.c.id == id_).with_for_update()
        workflow = serializer.deserialize_json(connection.execute(chosen).scalar_one())
        (task,) = workflow.get_tasks(state=TaskState.READY, spec_name=who)
        task.run()
        workflow.do_engine_steps()
        state = serializer.serialize_json(workflow)
        connection.execute(workflows.update().where(workflows.c.id == id_).values(state=state))
        if workflow.is_completed():
            assert workflow.last_task.data["status"] == "APPROVED"
            tell(connection, TOLD, f"{workflow.data['name']} is approved")
    return workflow.is_completed()


def job(name: str) -> None:
    id_ = request(name)
    done = [approve(id_, who) for who in APPROVERS]
    assert done == [False, True]


measure(job)
