#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over every source, as many at once as there are processors; a source that was clean is looked at again only
when it, a header of ours that it includes, its compile command, .clang-tidy or clang-tidy itself changed.

    tests/house/tidy.py CLANG_TIDY BUILD_FOLDER [--checks CHECKS] [SOURCE...]

BUILD_FOLDER has compile_commands.json and gets a folder `clean` with one empty file a clean source. Ends with 1 where
there is a finding."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


class Sources:
    """The text of our files, and what each includes."""

    def __init__(self, root):
        self._root = root
        self._texts = {}

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = path.read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def _included(self, path):
        for name in _INCLUDE.findall(self.text(path)):
            for folder in (self._root, path.parent):
                if (folder / name).is_file():
                    yield (folder / name).resolve()
                    break

    def closure(self, path):
        """The file and all of ours that it includes, sorted."""
        found, waiting = {path}, [path]
        while waiting:
            for included in self._included(waiting.pop()):
                if included not in found:
                    found.add(included)
                    waiting.append(included)
        return sorted(found)


def key_of(sources, path, command, about_all):
    digest = hashlib.sha256("\0".join((*about_all, command)).encode())
    for file in sources.closure(path):
        digest.update(f"\0{file}\0{sources.text(file)}".encode())
    return digest.hexdigest()


def run(tidy, build, checks, path):
    command = [tidy, "-p", str(build), "--quiet", *([f"--checks={checks}"] if checks else []), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return done.returncode, done.stdout + (done.stderr if done.returncode and not done.stdout else "")


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("tidy")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--checks", default="")
    parser.add_argument("sources", nargs="*")
    options = parser.parse_intermixed_args(arguments)  # sources may stand behind a flag
    wanted = {(ROOT / source).resolve() for source in options.sources}
    version = subprocess.run([options.tidy, "--version"], capture_output=True, text=True, check=True).stdout
    configuration = "".join(path.read_text() for path in (ROOT / ".clang-tidy", ROOT / "tests/.clang-tidy") if path.exists())
    commands = json.loads((options.build / "compile_commands.json").read_text())
    clean = options.build / "clean"
    clean.mkdir(exist_ok=True)
    sources = Sources(ROOT)
    todo = {}
    for entry in commands:
        path = pathlib.Path(entry["file"]).resolve()
        if not path.is_relative_to(ROOT) or path.is_relative_to(options.build.resolve()) or "/generated/" in str(path):
            continue
        if wanted and path not in wanted:
            continue
        todo.setdefault(path, key_of(sources, path, entry["command"], (version, configuration, options.checks)))
    due = {path: key for path, key in todo.items() if not (clean / key).exists()}
    print(f"{len(todo)} sources, {len(todo) - len(due)} of them clean since they last changed", flush=True)
    told, faulty = set(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(run, options.tidy, options.build, options.checks, path): path for path in due}
        for done in concurrent.futures.as_completed(running):
            path = running[done]
            status, text = done.result()
            if status == 0:
                (clean / due[path]).touch()
                continue
            faulty += 1
            # A finding in a header is told once, not for each source that includes it.
            for finding in re.split(r"(?m)^(?=/\S+:\d+:\d+: (?:error|warning):)", text):
                if finding.strip() and finding not in told:
                    told.add(finding)
                    print(finding.replace(f"{ROOT}/", "").rstrip(), flush=True)
    print(f"clang-tidy: {len(told)} findings in {faulty} of {len(due)} sources")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
