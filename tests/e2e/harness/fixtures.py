# SPDX-License-Identifier: Apache-2.0
"""Fixtures: each `start_...` makes and starts as many of its kind as a test asks for; all end with the test, in reverse
order, and a failing test shows the end of their logs."""
import pytest

from .agent import Agent
from .collector import Collector
from .destination import Destination
from .grpc_destination import GrpcDestination
from .process import Process
from .prometheus import Alertmanager, Prometheus

_started_by_test = {}


@pytest.fixture
def started(request):
    """What this test has started, in order."""
    things = []
    _started_by_test[request.node.nodeid] = things
    yield things
    complaints = []
    for thing in reversed(things):
        unexpected = isinstance(thing, Agent) and not thing.ended_on_purpose
        if unexpected and thing.child is not None and not thing.running:
            complaints.append(f"{thing.name} ended by itself with status {thing.child.returncode}\n{thing.log_tail()}")
        status = thing.stop()
        if unexpected and not complaints and status not in (0, None):
            complaints.append(f"{thing.name} did not stop cleanly: status {status}\n{thing.log_tail()}")
    _started_by_test.pop(request.node.nodeid, None)
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for thing in _started_by_test.get(item.nodeid, ()):
            if isinstance(thing, Process):
                report.sections.append((f"log of {thing.name}", thing.log_tail()))
            elif thing.faults:
                report.sections.append((f"faults of {thing.name}", "\n".join(thing.faults)))
    return report


def _starter(started, make):
    def start(*arguments, **options):
        thing = make(*arguments, **options)
        started.append(thing)
        return thing.start()
    return start


@pytest.fixture
def start_agent(started, tmp_path):
    """start_agent({"section": {...}}, name=...) -> Agent, ready."""
    return _starter(started, lambda *a, **o: Agent(tmp_path, *a, **o))


@pytest.fixture
def start_prometheus(started, tmp_path):
    """start_prometheus("3.15", scrape=[target(...)], ...) -> Prometheus, ready."""
    return _starter(started, lambda *a, **o: Prometheus(tmp_path, *a, **o))


@pytest.fixture
def start_alertmanager(started, tmp_path):
    return _starter(started, lambda *a, **o: Alertmanager(tmp_path, *a, **o))


@pytest.fixture
def start_collector(started, tmp_path):
    """start_collector(forward_to=destination) -> Collector, ready."""
    return _starter(started, lambda *a, **o: Collector(tmp_path, *a, **o))


@pytest.fixture
def start_destination(started):
    """start_destination() -> Destination, listening; script() it before the sender starts."""
    return _starter(started, Destination)


@pytest.fixture
def start_grpc_destination(started):
    return _starter(started, GrpcDestination)
