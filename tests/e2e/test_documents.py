# SPDX-License-Identifier: Apache-2.0
"""What README.md and docs/ show is what works: their configurations and catalogues are taken by `tocsin check`, their commands that
make or judge files end well, in the order in which they are read."""
import os
import re
import subprocess

import pytest

from harness.agent import PROGRAM
from harness.process import ROOT

DOCUMENTS = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
OFFLINE = {"generate", "check", "test"}
MADE = {"docs/meters.md", "docs/alert_truth.md", "docs/performance.md", "docs/status.md"}  # nobody follows them


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def commands(text):
    """Lines of code that begin with our program, without remarks; what is optional in them is given."""
    for line in re.findall(r"^(?: {4})?(tocsin (?:\S+) .*)$", text, re.M):
        words = re.sub(r"\s+#.*$", "", line).replace("[", "").replace("]", "").replace("http://...", "http://127.0.0.1:5001/page")
        if words.split()[1] in OFFLINE:
            yield words


def lay_out(text, folder):
    """The document's TOML as the files that its commands name, beside the rules and dashboards of a checkout."""
    (folder / "dashboards").symlink_to(ROOT / "dashboards")
    (folder / "rules").mkdir()
    (folder / "rules" / "library").symlink_to(ROOT / "rules" / "library")
    for rules in (ROOT / "rules" / "library").glob("*.yml"):
        (folder / "rules" / rules.name).symlink_to(rules)
    files = {}
    for block in blocks(text, "toml"):
        name = "shop.toml" if "[[meter]]" in block else "tocsin.toml"
        files[name] = files.get(name, "") + block + "\n"
    for name, content in files.items():
        (folder / name).write_text(content)
    return sorted(files)


def run(command, folder):
    # Where a command writes into a folder that the checkout has, it gets one of its own.
    words = re.sub(r"--out (rules|dashboards)\b", r"--out made/\1", command)
    done = subprocess.run(["bash", "-c", words], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"})
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name not in MADE])
def test_what_a_document_shows_works(document, tmp_path):
    text = (ROOT / document).read_text()
    files = lay_out(text, tmp_path)
    for name in files:
        status, told = run(f"tocsin check {name}", tmp_path)
        assert status == 0, f"{document}: {name}: {told}"
    for command in commands(text):
        if "shop.toml" in command and "shop.toml" not in files or "tocsin.toml" in command and "tocsin.toml" not in files:
            lacking = set(re.findall(r"\b(?:shop|tocsin)\.toml", command)) - set(files)
            shown = blocks((ROOT / "docs/catalogue.md").read_text(), "toml")[0]
            for name in lacking:
                (tmp_path / name).write_text(shown if name == "shop.toml" else "")
        status, told = run(command, tmp_path)
        # The catalogue that stands for the reader's own is on none of our dashboards.
        other = [line for line in told.splitlines() if not line.endswith("in order") and "no panel shows" not in line]
        assert status == 0 or status == 1 and "check" in command.split() and not other, f"{document}: {command}: {told}"


def test_the_documents_show_commands_and_configurations():
    """That the others look at anything."""
    texts = [(ROOT / name).read_text() for name in DOCUMENTS if name not in MADE]
    assert sum(len(list(commands(text))) for text in texts) > 12
    assert sum(len(blocks(text, "toml")) for text in texts) > 5
