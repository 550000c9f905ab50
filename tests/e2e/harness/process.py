# SPDX-License-Identifier: Apache-2.0
"""A child process with a log, bounded waits and a sure end; free ports; wait_until."""
import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
# A test run that is killed leaves nothing behind: the kernel ends a child with the thread that started it, so start
# processes on pytest's own thread. By a program rather than preexec_fn, which is not safe beside gRPC's threads.
_END_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]
_ports_given = {}  # port -> its claim


def wait_until(predicate, timeout=15.0, what="", every=0.05):
    """Calls predicate until it returns something true, and returns that. An exception counts as "not yet" and is told
    when time is up."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = predicate()
            if last:
                return last
        except Exception as error:  # pylint: disable=broad-except
            last = error
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {timeout} s: {what or getattr(predicate, '__name__', 'predicate')}; last: {last!r}")
        time.sleep(every)


def _claim(port):
    """An open file that says to other test runs on this machine that the port is ours; None where it is theirs."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"tocsin-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    claim = open(folder / str(port), "w", encoding="ascii")  # held until this process ends
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        claim.close()
        return None
    return claim


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that is free now, below the range that the system hands out by itself, and given once only, here
    and to test runs beside this one."""
    base = os.getpid() % 200 * 50
    for offset in range(10000):
        port = 20000 + (base + offset) % 10000
        if port in _ports_given:
            continue
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        claim = _claim(port)
        if claim is None:
            continue
        _ports_given[port] = claim
        return port
    raise RuntimeError("no free port")


class Process:
    """One program. start() runs it and waits for ready(); stop() ends it by SIGTERM, or by SIGKILL when that takes too long."""

    name = "process"
    start_timeout = 20.0
    stop_timeout = 15.0

    def __init__(self, folder, name=None):
        self.name = name or self.name
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path = self.folder / "log.txt"
        self.child = None
        self.environment = {}
        self.ended_on_purpose = False

    def command(self):
        raise NotImplementedError

    def ready(self):
        return True

    def start(self, wait=True):
        assert self.child is None or self.child.poll() is not None, f"{self.name} is running already"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        environment.update(self.environment)
        self.ended_on_purpose = False
        with open(self.log_path, "ab") as log:
            command = [str(word) for word in (*_END_WITH_PARENT, *self.command())]
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                          env=environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def answers():
            if self.child.poll() is not None:
                return True
            return self.ready()
        try:
            wait_until(answers, self.start_timeout, f"{self.name} is ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log_tail()}") from None
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended with status {self.child.returncode} at start:\n{self.log_tail()}")

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def signal(self, number):
        self.child.send_signal(number)

    def pause(self):
        """Stands still, as a stuck machine does: connections stay, nothing answers."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout=15.0):
        """The exit status; a negative number is the signal that ended it."""
        return self.child.wait(timeout)

    def stop(self, timeout=None):
        """Asks it to end and returns its exit status. One that does not end in time is killed, and its status says so."""
        self.ended_on_purpose = True
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.resume()
            self.signal(signal.SIGTERM)
            try:
                self.child.wait(timeout or self.stop_timeout)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait(10)
        return self.child.returncode

    def kill(self):
        """As a crash or the out-of-memory killer would."""
        self.ended_on_purpose = True
        if self.running:
            self.child.kill()
        return self.child.wait(10) if self.child else None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join([f"--- {self.name}: {' '.join(map(str, self.command()))}"] + self.log().splitlines()[-lines:])

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self):
        """User and system time so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))
