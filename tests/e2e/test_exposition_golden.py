# SPDX-License-Identifier: Apache-2.0
"""The golden files that encoders are held to are themselves judged: by promtool and by the reference OpenMetrics parser."""
import pytest
from harness.peers import promtool
from harness.process import ROOT
from prometheus_client.openmetrics.parser import text_string_to_metric_families

GOLDEN = ROOT / "tests" / "golden" / "exposition"


@pytest.mark.parametrize("version", ["2.42", "3.15"])
def test_text(version):
    done = promtool(version, "check", "metrics", standard_input=(GOLDEN / "everything.txt").read_text())
    found = [line for line in done.stdout.splitlines() + done.stderr.splitlines() if "use base unit" not in line]
    assert not found, found


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.openmetrics")), ids=lambda path: path.name)
def test_open_metrics(path):
    families = list(text_string_to_metric_families(path.read_text()))
    assert sum(len(family.samples) for family in families) > 20
    assert any(sample.exemplar for family in families for sample in family.samples)
