# SPDX-License-Identifier: Apache-2.0
"""axe-core, as the page's own package.json pins it, run in the page: what of its findings is serious or critical."""
from .process import ROOT

SCRIPT = ROOT / "dashboards" / "web" / "node_modules" / "axe-core" / "axe.min.js"


def serious_findings(page):
    """One line a finding: rule, what it says, the first elements."""
    page.evaluate(SCRIPT.read_text())  # by the debugger's way in, which the page's Content-Security-Policy leaves open
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {one['help']}: " + "; ".join(f"{node['html'][:160]} {node['failureSummary'][:160]}" for node in one["nodes"][:4])
            for one in found if one["impact"] in ("serious", "critical")]
