#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules, checked: prints each fault as path:line and exits 1 when there is one.

    tests/house/check.py [CHECKOUT]

Exemptions, each with its reason, are in exempt.txt beside this file."""
import os
import sys

import documents
import examples
import headers
import layers
import limits
import words
from tree import Exemptions, Tree

RULES = (
    layers.check_layers, layers.check_third_party,
    limits.check_size, limits.check_functions, limits.check_macros,
    words.check_spdx, words.check_names, words.check_machine, words.check_banners, words.check_waits,
    documents.check_named_files, documents.check_headers_named, documents.check_lint_reasons,
    examples.check_examples,
    headers.check_headers,
)


def faults_of(root, rules=RULES, exempt="", cache=None):
    """Every fault in the checkout at root, by these rules and then by exemptions that exempt nothing."""
    tree = Tree(root)
    exemptions = Exemptions(exempt)
    faults = []
    for rule in rules:
        if rule is headers.check_headers:
            faults.extend(rule(tree, exemptions, cache))
        else:
            faults.extend(rule(tree, exemptions))
    if rules is RULES:
        faults.extend(exemptions.faults())
    return faults


def check_checkout(root, rules=RULES):
    path = os.path.join(root, "tests/house/exempt.txt")
    exempt = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            exempt = file.read()
    return faults_of(root, rules, exempt, os.path.join(root, "build", "house"))


def main(arguments):
    root = os.path.abspath(arguments[0] if arguments else os.path.join(os.path.dirname(__file__), "..", ".."))
    faults = check_checkout(root)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "the house is in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
