# SPDX-License-Identifier: Apache-2.0
"""The demo workload against an agent, and its own ledger of what it did."""
import json

from .agent import PROGRAM
from .process import Process


class Demo(Process):
    name = "demo"

    def __init__(self, folder, endpoint, phase="15s", rate=120, services=4, duration=None):
        super().__init__(folder)
        self.ledger_path = self.folder / "ledger.json"
        self.arguments = ["--endpoint", endpoint, "--phase", phase, "--rate", str(rate), "--services", str(services),
                          "--ledger", str(self.ledger_path)]
        if duration:
            self.arguments += ["--for", duration]

    def command(self):
        return [PROGRAM, "demo", *self.arguments]

    def ready(self):
        return self.ledger_path.exists()

    def ledger(self):
        return json.loads(self.ledger_path.read_text())

    def sum(self, what="count", **labels):
        """The sum over the ledger's rows with these values: sum("count", service="checkout", status="ok")."""
        return sum(row[what] for row in self.ledger()["requests"] if all(row[key] == value for key, value in labels.items()))
