# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, while gates open and close: what a webhook and a real Alertmanager are told, against the truth.

A gate opens, and once everybody was told so it closes; once everybody was told that, it opens again. Each opening must be told
once as firing and once as resolved, by either way, however often the agent dies. A webhook may hear a thing twice only where the
agent died between the acceptance and its record: that is looked up in its database after every kill."""
import calendar
import dataclasses
import pathlib
import random
import shutil
import sqlite3
import tempfile
import time

from .truth import Truth
from .webhook import Webhook

RULES = """
groups:
- name: gates
  interval: 250ms
  rules:
  - {alert: Open, expr: gate > 0}
  - {alert: Held, expr: gate > 0, for: 1s}
"""
ALERTS = ("Open", "Held")
LONGEST = 90.0  # seconds: what is not told until then is lost


@dataclasses.dataclass
class Gate:
    name: str
    open: bool = False
    since: float = 0.0
    next_flip: float = 0.0
    episodes: int = 0
    settled: bool = True  # everybody was told of what is now


class Ear:
    """One way to hear: everything that was told, judged as it comes."""

    def __init__(self, name, webhook, run):
        self.name, self.webhook, self.run = name, webhook, run
        self.seen = 0
        self.state = {}    # (alert, gate) -> the status last told
        self.accepted = []  # (status, alert, gate, startsAt), in order

    def listen(self):
        messages = self.webhook.messages[self.seen:]
        self.seen += len(messages)
        for message in messages:
            for alert in message["alerts"]:
                self._judge(alert["status"], alert["labels"]["alertname"], alert["labels"]["name"], alert["startsAt"])

    def _judge(self, status, alert, gate, starts):
        told = (status, alert, gate, starts)
        repeated = told in self.accepted
        self.accepted.append(told)
        if repeated:
            if self.name == "webhook" and told in self.run.may_repeat:
                self.run.may_repeat.remove(told)
                self.run.repeats += 1
            else:
                self.run.wrong.append(f"{self.name}: told twice: {told}")
            return
        truth = self.run.gates[gate]
        if status == "firing":
            if self.state.get((alert, gate)) == "firing":
                self.run.wrong.append(f"{self.name}: fires anew while it fired: {told}")
            elif not truth.open:
                self.run.wrong.append(f"{self.name}: fires while the gate is shut: {told}")
        elif truth.open and self.state.get((alert, gate)) == "firing":
            self.run.wrong.append(f"{self.name}: resolved while the gate is open: {told}")
        elif self.state.get((alert, gate)) != "firing":
            self.run.wrong.append(f"{self.name}: resolved what it never told: {told}")
        self.state[(alert, gate)] = status

    def knows(self, gate):
        wanted = "firing" if gate.open else "resolved"
        return all(self.state.get((alert, gate.name), "resolved") == wanted for alert in ALERTS)


def nanoseconds(text):
    """Of 2026-03-01T12:00:00.25Z, without a float between."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int((fraction + "0" * 9)[:9])


class KillRun:
    def __init__(self, folder, start_agent, start_alertmanager, seed, gates=4):
        self.random = random.Random(seed)
        self.folder = pathlib.Path(folder)
        self.truth, self.hook, self.behind = Truth(), Webhook(), Webhook()
        self.gates = {name: Gate(name) for name in (f"gate{i}" for i in range(gates))}
        self.wrong, self.may_repeat, self.repeats, self.kills, self.unready = [], [], 0, 0, 0
        self.ears = [Ear("webhook", self.hook, self), Ear("alertmanager", self.behind, self)]
        for name in self.gates:
            self.truth.set("gate", 0, name=name)
        rules = self.folder / "gates.yml"
        rules.write_text(RULES)
        self.alertmanager = start_alertmanager(webhook=self.behind.url)
        self.agent = start_agent({
            "tick": "250ms", "rules": {"files": [str(rules)]}, "notify": {"resend_delay": "15s"},
            "scrape": [{"name": "truth", "targets": [self.truth.address], "interval": "250ms"}],
            "alertmanager": [{"name": "am", "url": self.alertmanager.url, "late_firing_for": "3s"}],
            "webhook": [{"name": "hook", "url": self.hook.url, "group_by": ["..."], "group_wait": "0s", "group_interval": "0s"}]})

    def stop(self):
        for one in (self.truth, self.hook, self.behind):
            one.stop()

    def go(self, kills, longest):
        """Until so many kills, or so many seconds; then everything comes to rest."""
        until = time.monotonic() + longest
        next_kill = self._later(0.3, 2.5)
        while self.kills < kills and time.monotonic() < until and not self.wrong:
            self._step(flip=True)
            if time.monotonic() >= next_kill:
                next_kill = self._kill()
        self._rest()

    def _later(self, least, most):
        return time.monotonic() + self.random.uniform(least, most)

    def _step(self, flip):
        for ear in self.ears:
            ear.listen()
        now = time.monotonic()
        for gate in self.gates.values():
            known = all(ear.knows(gate) for ear in self.ears)
            if known and not gate.settled:
                gate.settled, gate.next_flip = True, self._later(0.0, 2.0)
            if not gate.settled and now - gate.since > LONGEST:
                self.wrong.append(f"{gate.name}: open={gate.open} not told within {LONGEST} s: "
                                  f"{[(ear.name, {a: ear.state.get((a, gate.name)) for a in ALERTS}) for ear in self.ears]}")
                gate.settled = True
            if flip and gate.settled and now >= gate.next_flip:
                self._flip(gate)
        time.sleep(0.02)

    def _flip(self, gate):
        gate.open, gate.since, gate.settled = not gate.open, time.monotonic(), False
        gate.episodes += gate.open
        self.truth.set("gate", 1 if gate.open else 0, name=gate.name)

    def _kill(self):
        self.agent.kill()
        self.kills += 1
        # What was on its way into the receiver is in its hands now, also on a busy machine.
        time.sleep(0.2)
        for ear in self.ears:
            ear.listen()
        self._note_unrecorded()
        early = self.random.random() < 0.3
        self.agent.start(wait=not early)
        if early:  # in the middle of its start
            self.unready += 1
            return self._later(0.0, 0.5)
        return self._later(0.0, 2.0)

    def _note_unrecorded(self):
        """What the webhook accepted and the database does not know: only this may be told again."""
        recorded = self._recorded()
        if recorded is None:
            return
        last = {}
        for status, alert, gate, starts in self.ears[0].accepted:
            last[(alert, gate, starts)] = last.get((alert, gate, starts), set()) | {status}
        for (alert, gate, starts), statuses in last.items():
            firing, resolved, there = recorded.get((alert, gate, nanoseconds(starts)), (False, False, False))
            if not there and "resolved" in statuses:
                continue  # known to everybody and forgotten, or newer than its row
            for status, known in (("firing", firing), ("resolved", resolved)):
                told = (status, alert, gate, starts)
                if status in statuses and not known and told not in self.may_repeat:
                    self.may_repeat.append(told)

    def _recorded(self):
        source = self.agent.data_folder / "state.db"
        if not source.exists():
            return None
        with tempfile.TemporaryDirectory() as copy:
            for name in ("state.db", "state.db-wal"):
                if (self.agent.data_folder / name).exists():
                    shutil.copy(self.agent.data_folder / name, copy)
            database = sqlite3.connect(f"{copy}/state.db")
            try:
                rows = database.execute("SELECT o.labels, o.starts_at, t.firing_at, t.resolved_at FROM outbox o LEFT JOIN told t"
                                        " ON t.key = o.key AND t.receiver = CAST('hook' AS BLOB)").fetchall()
            finally:
                database.close()
        out = {}
        for labels, starts, firing, resolved in rows:
            alert = next(name for name in ALERTS if name.encode() in bytes(labels))
            gate = next(name for name in self.gates if name.encode() in bytes(labels))
            out[(alert, gate, starts)] = (bool(firing), bool(resolved), True)
        return out

    def _rest(self):
        if not self.agent.running:
            self.agent.start()
        else:
            self.agent.wait_ready()
        for gate in self.gates.values():
            if gate.open:
                while not gate.settled and not self.wrong:
                    self._step(flip=False)
                self._flip(gate)
        while not all(gate.settled for gate in self.gates.values()) and not self.wrong:
            self._step(flip=False)
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            self._step(flip=False)

    @property
    def episodes(self):
        return sum(gate.episodes for gate in self.gates.values())

    def summary(self):
        return (f"{self.kills} kills ({self.unready} followed by one in the middle of the start), {self.episodes} openings of gates, "
                f"{2 * self.episodes} alerts by each way, {self.repeats} told twice where the record was lost, {len(self.wrong)} wrong")
