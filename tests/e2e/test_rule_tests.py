# SPDX-License-Identifier: Apache-2.0
"""`tocsin test` on unit tests of rules has promtool 3.15's verdict: on the shipped rules' tests, on promtool's own, and on
cases that are easily judged otherwise."""
import functools
import re
import subprocess

import pytest
import yaml

from harness.agent import PROGRAM
from harness.peers import promtool
from harness.process import ROOT

CONFORMANCE = ROOT.parent / "shared" / "conformance" / "rules" / "promtool"

RULES = """
groups:
  - name: g1
    interval: 30s
    labels: {team: a, sev: grp}
    rules:
      - record: r:one
        expr: sum by (job) (x)
        labels: {sev: own, empty: ""}
      - alert: A
        expr: x > 1
        for: 1m
        labels: {sev: '{{ if gt $value 5.0 }}high{{ else }}low{{ end }}', job: ""}
        annotations: {d: '{{ $labels }} {{ humanize $value }} {{ .Value | printf "%.2f" }}', empty: ''}
      - alert: Scalar
        expr: scalar(sum(x)) > bool 1
      - alert: Vec
        expr: vector(1) > 0
        keep_firing_for: 2m
  - name: g2
    query_offset: 1m
    rules:
      - record: late
        expr: x{job="a"}
  - name: g3
    rules:
      - alert: H
        expr: h
        annotations: {v: '{{ $value }}', l: '{{ $labels.__name__ }}'}
"""

SERIES = """
    interval: 1m
    input_series:
      - {series: 'x{job="a"}', values: '1 2 3 4 5 6 7 8'}
      - {series: 'x{job="b", i="1"}', values: '0 0 9 9 _ _ _ 9'}
      - {series: 'h{k="1"}', values: '{{schema:0 sum:1 count:2 buckets:[2]}}x5'}
"""


def value(expression, at, *samples):
    """A test of an expression over SERIES and RULES."""
    return (f"rule_files: [rules.yml]\ntests:\n  - name: v{SERIES}    promql_expr_test:\n"
            f"      - {{expr: '{expression}', eval_time: {at}, exp_samples: [{', '.join(samples)}]}}\n")


def alert(name, at, *alerts):
    return (f"rule_files: [rules.yml]\ntests:\n  - name: a{SERIES}    alert_rule_test:\n"
            f"      - {{eval_time: {at}, alertname: {name}, exp_alerts: [{', '.join(alerts)}]}}\n")


def series(notation, expression, at, *samples):
    """A test of one input series x."""
    return (f"tests: [{{input_series: [{{series: x, values: '{notation}'}}], promql_expr_test: [{{expr: '{expression}', "
            f"eval_time: {at}, exp_samples: [{', '.join(samples)}]}}]}}]\n")


CASES = {
    "labels of a recording": value("r:one", "3m", "{labels: 'r:one{job=\"a\", sev=\"own\", team=\"a\"}', value: 4}",
                                   "{labels: 'r:one{job=\"b\", sev=\"own\", team=\"a\"}', value: 9}"),
    "a label of the group forgotten": value("r:one{job=\"a\"}", "3m", "{labels: 'r:one{job=\"a\", sev=\"own\"}', value: 4}"),
    "alert of a constant": alert("Vec", "3m", "{exp_labels: {sev: grp, team: a}}"),
    "an empty label expected": alert("Vec", "3m", "{exp_labels: {sev: grp, team: a, x: ''}}"),
    "alert of a scalar": alert("Scalar", "3m", "{exp_labels: {sev: grp, team: a}}"),
    "alert of a histogram": alert("H", "3m", "{exp_labels: {k: '1'}, exp_annotations: {v: '{count:2, sum:1, (0.5,1]:2}', l: h}}"),
    "annotations forgotten": alert("H", "3m", "{exp_labels: {k: '1'}, exp_annotations: {}}"),
    "expected twice": alert("H", "3m", "{exp_labels: {k: '1'}}", "{exp_labels: {k: '1'}}"),
    "an alert nobody has": alert("Nope", "3m"),
    "an alert nobody has, expected": alert("Nope", "3m", "{}"),
    "ended": alert("H", "20m"),
    "query offset": value("late", "3m", "{labels: 'late{job=\"a\"}', value: 3}"),
    "query offset, its time": value("timestamp(late)", "3m", "{labels: '{job=\"a\"}', value: 120}"),
    "between evaluations": value("x{job=\"a\"}", "150s", "{labels: 'x{job=\"a\"}', value: 3}"),
    "the future is not there yet": value("x{job=\"a\"} offset -2m", "1m", "{labels: 'x{job=\"a\"}', value: 4}"),
    "a string": value("\"a\"", "1m", "{value: 1}"),
    "a range": value("x[2m]", "1m", "{value: 1}"),
    "a scalar": value("scalar(x{job=\"a\"})", "1m", "{value: 2}"),
    "NaN is not NaN": value("0/0", "1m", "{value: .nan}"),
    "infinity": value("1/0", "1m", "{value: .inf}"),
    "infinity, not as YAML writes it": value("1/0", "1m", "{value: Inf}"),
    "hexadecimal value": value("x{job=\"a\"}", "1m", "{labels: 'x{job=\"a\"}', value: 0x2}"),
    "a subquery's default step": value("count_over_time(x{job=\"a\"}[3m:])", "3m", "{labels: '{job=\"a\"}', value: 3}"),
    "a histogram": value("h", "2m", "{labels: 'h{k=\"1\"}', histogram: '{{sum:1 count:2 buckets:[2] counter_reset_hint:not_reset}}'}"),
    "a histogram without its hint": value("h", "2m", "{labels: 'h{k=\"1\"}', histogram: '{{sum:1 count:2 buckets:[2]}}'}"),
    "no histogram": value("h", "0m", "{labels: 'h{k=\"1\"}', histogram: '1'}"),
    "bad labels": value("h", "0m", "{labels: 'h{k=1}'}"),
    "experimental function": value("mad_over_time(x[2m])", "3m"),
    "states": value("count by (alertstate) (ALERTS{alertname=\"A\"})", "2m", "{labels: '{alertstate=\"pending\"}', value: 2}"),
    "empty": "",
    "unknown field": "tests: [{foo: 1}]\n",
    "negative time": "tests: [{promql_expr_test: [{expr: '1', eval_time: -1m, exp_samples: [{value: 1}]}]}]\n",
    "interval of zero": "evaluation_interval: 0s\ntests: [{interval: 0s, promql_expr_test: [{expr: '1', exp_samples: [{value: 1}]}]}]\n",
    "no such rule file": "rule_files: [nothere.yml]\ntests: [{}]\n",
    "bad rule file": "rule_files: [bad.yml]\ntests: [{}]\n",
    "bad rule file, no test": "rule_files: [bad.yml]\ntests: []\n",
    "the same file twice": "rule_files: ['rul*.yml', 'rules.yml']\ntests: [{}]\n",
    "old booleans": "fuzzy_compare: yes\ntests: [{}]\n",
    "no boolean": "fuzzy_compare: maybe\ntests: [{}]\n",
    "start in seconds": "tests: [{start_timestamp: 1000.5, promql_expr_test: [{expr: time(), exp_samples: [{value: 1000.5}]}]}]\n",
    "start as a date": "tests: [{start_timestamp: '2020-01-01T01:00:00+01:00', promql_expr_test: "
                       "[{expr: time(), exp_samples: [{value: 1577836800}]}]}]\n",
    "start as a day": "tests: [{start_timestamp: '2020-01-01'}]\n",
    "a series twice": "tests: [{input_series: [{series: x, values: '5'},{series: x, values: '6'}], "
                      "promql_expr_test: [{expr: x, exp_samples: [{labels: x, value: 6}]}]}]\n",
    "a comment for a series": "tests: [{input_series: [{series: '#x', values: '5'}], promql_expr_test: [{expr: x}]}]\n",
    "values on two lines": "tests:\n - input_series:\n   - series: x\n     values: |\n       1 2\n       3\n",
    "staleness": series("5 stale _ 6", "x", "2m"),
    "staleness repeated": series("stalex3", "x", "2m"),
    "NaN repeated": series("NaNx3 1", "x", "2m"),
    "octal": series("010", "x", "0", "{labels: x, value: 8}"),
    "hexadecimal": series("0x10", "x", "0", "{labels: x, value: 0}"),
    "a duration": series("1m", "x", "0", "{labels: x, value: 60}"),
    "signs": series("+1 -1+-1x2", "x", "0", "{labels: x, value: 1}"),
}


def verdicts(file):
    ours = subprocess.run([str(PROGRAM), "test", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert ours.returncode in (0, 1), ours.stderr
    theirs = promtool("3.15", "test", "rules", file)
    return ours.returncode == 0, theirs.returncode == 0, ours.stdout + ours.stderr + theirs.stdout + theirs.stderr


@pytest.mark.parametrize("name", CASES)
def test_the_same_verdict(name, tmp_path):
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "bad.yml").write_text("groups: [{name: a, rules: [{record: b, expr: 'c('}]}]\n")
    file = tmp_path / "case.yml"
    file.write_text(CASES[name])
    ours, theirs, said = verdicts(file)
    assert ours == theirs, f"promtool says {theirs}\n{said}"


SHIPPED = sorted((ROOT / "tests" / "rules").glob("*_test.yml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem)
def test_the_same_verdict_on_the_shipped_tests(file):
    ours, theirs, said = verdicts(file)
    assert ours and theirs, said
    old = promtool("2.42", "test", "rules", file)
    assert old.returncode == 0, old.stdout + old.stderr


# How the names of an alert's tests tell which form they are.
FORMS = {"fires": r"\bfires\b", "just below": r"\bjust (below|above)\b", "low traffic": r"\blow traffic\b|\bfew\b", "absent": r"\babsent|\babsence\b|\bgone\b",
         "counter reset": r"\b(counter )?reset\b"}
CONSTANT = {"Watchdog", "InfoInhibitor"}  # they look at no meter, or only at other alerts


def forms_of(expression):
    """Which forms an alert can have: a gauge has no reset, and where a single event is one too many there is no low traffic."""
    forms = {"fires", "just below", "absent"}
    counter = re.search(r"\b(rate|increase|irate|resets)\(", expression)
    if counter:
        forms.add("counter reset")
    if counter and re.search(r">= *\d", expression):
        forms.add("low traffic")
    return forms


def shipped():
    """{alert: its expression, with those of the recordings that it reads}."""
    rules = [rule for path in (ROOT / "rules" / "library").glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"]
             for rule in group["rules"]]
    recorded = {}
    for rule in rules:
        if "record" in rule and "alert_threshold" not in rule["record"]:  # limits are no events
            recorded[rule["record"]] = recorded.get(rule["record"], "") + "\n" + rule["expr"]
    for rule in rules:
        if "alert" not in rule:
            continue
        expression = rule["expr"]
        for _ in range(3):  # recordings of recordings
            expression += "".join(text for name, text in recorded.items() if name in expression and text not in expression)
        yield rule["alert"], expression


@functools.cache
def names_of_tests():
    return [case["name"] for path in SHIPPED for case in yaml.safe_load(path.read_text())["tests"]]


@pytest.mark.parametrize("alert, expression", shipped(), ids=[alert for alert, _ in shipped()])
def test_an_alert_is_tested_in_every_form(alert, expression):
    own = [name for name in names_of_tests() if re.match(rf"{alert}\b", name)]
    have = {form for form, pattern in FORMS.items() if any(re.search(pattern, name) for name in own)}
    wanted = {"fires"} if alert in CONSTANT else forms_of(expression)
    assert wanted <= have, f"{alert} has no test of: {', '.join(sorted(wanted - have))}"


def test_the_same_verdict_on_promtools_own():
    if not CONFORMANCE.exists():
        pytest.skip(f"no conformance data at {CONFORMANCE}")
    for file in sorted(CONFORMANCE.glob("*.yml")):
        ours, theirs, said = verdicts(file)
        assert ours == theirs, f"{file.name}: promtool says {theirs}\n{said}"
