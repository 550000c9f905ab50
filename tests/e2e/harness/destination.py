# SPDX-License-Identifier: Apache-2.0
"""A programmable OTLP/HTTP destination that counts: the other side of every ledger that the tests check."""
import dataclasses
import http.server
import json
import socket
import struct
import threading

from . import otlp
from .process import free_port, wait_until


@dataclasses.dataclass
class Answer:
    """How one request is answered. `rejected` makes a partial success; `hang` holds the answer back for so many seconds or
    until release(); `reset` cuts the connection instead, "before" or "after" the body was read and counted."""
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = None
    rejected: int = 0
    message: str = ""
    hang: float = 0.0
    reset: str = ""


OK = Answer()
HANG = Answer(hang=3600.0)
RESET = Answer(reset="before")


def unavailable(retry_after=None, status=503):
    return Answer(status, {"Retry-After": str(retry_after)} if retry_after is not None else {})


@dataclasses.dataclass
class Received:
    """One request as it came, and what was answered: a status, or None where the connection was cut or nothing was said."""
    signal: str
    headers: dict
    size: int
    message: object
    items: int
    answered: object = None
    accepted: int = 0


class Destination:
    """Listens from start() to stop(), and again on the same port. script(...) queues answers, one a request; when there are
    none, `default` is given. Thread-safe."""

    name = "destination"

    def __init__(self, name=None, port=None):
        self.name = name or self.name
        self.port = port or free_port()
        self.default = OK
        self.requests = []
        self.faults = []          # bodies that did not decode, wrong paths: a test ends by looking that there are none
        self._answers = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._server = None
        self._thread = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        assert self._server is None, "started already"
        self._released.clear()
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        """Stops listening and cuts what is open."""
        if self._server is not None:
            self._released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_connections()
            self._thread.join(5)
            self._server = None

    def release(self):
        """Ends every hang, also those to come."""
        self._released.set()

    def script(self, *answers):
        with self._lock:
            self._answers.extend(answers)
        return self

    def scripted_left(self):
        with self._lock:
            return len(self._answers)

    def _next_answer(self):
        with self._lock:
            return self._answers.pop(0) if self._answers else self.default

    def _record(self, received):
        with self._lock:
            self.requests.append(received)

    def _fault(self, text):
        with self._lock:
            self.faults.append(text)

    def received(self, signal="metrics", answered=()):
        """The requests of a signal so far, of these answered statuses if any are named."""
        with self._lock:
            return [request for request in self.requests
                    if request.signal == signal and (not answered or request.answered in answered)]

    def offered_items(self, signal="metrics"):
        """Points or spans in all requests, however they were answered: a retried one counts each time."""
        return sum(request.items for request in self.received(signal))

    def accepted_items(self, signal="metrics"):
        """Points or spans that were answered with success, less those that a partial success rejected."""
        return sum(request.accepted for request in self.received(signal))

    def points(self, name=None):
        """Every point of every accepted request, in the order they came."""
        return [point for request in self.received("metrics", (200,)) for point in otlp.points_of(request.message)
                if name is None or point.name == name]

    def latest(self, name, **attributes):
        """The value of the last point of a name whose attributes include these; None where there is none."""
        for point in reversed(self.points(name)):
            if attributes.items() <= point.attributes.items():
                return point.value
        return None

    def spans(self):
        return [pair for request in self.received("traces", (200,)) for pair in otlp.spans_of(request.message)]

    def wait_for(self, predicate, timeout=15.0, what=""):
        """predicate is given this destination."""
        return wait_until(lambda: predicate(self), timeout, what or f"{self.name} has what was waited for")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, handler):
        self._open = set()
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request, client_address):
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self):
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def handle_error(self, request, client_address):
        # A client that hangs up is part of the tests.
        pass


def _handler(destination):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def log_message(self, *_):
            pass

        def do_POST(self):  # pylint: disable=invalid-name
            answer = destination._next_answer()
            if answer.reset == "before":
                self._cut()
                return
            signal = self.path.rsplit("/", 1)[-1]
            body = self._body()
            if signal not in otlp.REQUESTS:
                destination._fault(f"POST {self.path}")
                self._reply(404, {}, b"", "text/plain")
                return
            content_type = self.headers.get("Content-Type", "")
            try:
                plain = otlp.decompress(body, self.headers.get("Content-Encoding"))
                message = otlp.decode(signal, content_type, plain)
            except Exception as error:  # pylint: disable=broad-except
                destination._fault(f"{self.path}: {error!r}")
                self._reply(400, {}, b"", content_type)
                return
            received = Received(signal, dict(self.headers.items()), len(body), message, otlp.count_items(signal, message))
            if answer.reset or answer.hang:
                destination._record(received)
                if answer.reset or destination._released.wait(answer.hang) and destination._server is None:
                    self._cut()
                    return
            received.answered = answer.status
            if answer.status == 200:
                received.accepted = received.items - answer.rejected
            if not answer.hang:
                destination._record(received)
            self._reply(answer.status, answer.headers, self._answer_body(signal, content_type, answer), content_type)

        def _body(self):
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer_body(self, signal, content_type, answer):
            if answer.body is not None:
                return answer.body
            if answer.status != 200:
                return b""
            response = otlp.RESPONSES[signal]()
            if answer.rejected or answer.message:
                field = "rejected_data_points" if signal == "metrics" else "rejected_spans"
                setattr(response.partial_success, field, answer.rejected)
                response.partial_success.error_message = answer.message
            if content_type.startswith("application/json"):
                return json.dumps(otlp.json_format.MessageToDict(response)).encode()
            return response.SerializeToString()

        def _reply(self, status, headers, body, content_type):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Type" not in headers:
                self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _cut(self):
            # With lingering switched on and no time to linger the peer sees a reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    return Handler
