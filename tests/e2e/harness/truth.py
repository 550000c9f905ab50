# SPDX-License-Identifier: Apache-2.0
"""A scrape target whose every value the test sets: what is true is what it says, and nobody has to guess."""
import http.server
import threading

from .process import free_port


class Truth:
    """Exposes gauges and counters in the text format. silent: it answers 503, as a target that is not well."""

    def __init__(self):
        self.port = free_port()
        self.silent = False
        self.delay = 0.0  # seconds before each answer
        self._lock = threading.Lock()
        self._values = {}  # (name, ((label, value), ...)) -> number
        self._types = {}
        self._wake = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                if outer.delay:
                    outer._wake.wait(outer.delay)
                body = b"" if outer.silent else outer.text().encode()
                self.send_response(503 if outer.silent else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # who asked was killed

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass  # who asked was killed

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def set(self, name, value, /, kind="gauge", **labels):
        with self._lock:
            self._types[name] = kind
            self._values[(name, tuple(sorted(labels.items())))] = value

    def forget(self, name, /, **labels):
        with self._lock:
            self._values.pop((name, tuple(sorted(labels.items()))), None)

    def add(self, name, by=1, **labels):
        with self._lock:
            key = (name, tuple(sorted(labels.items())))
            self._types[name] = "counter"
            self._values[key] = self._values.get(key, 0) + by

    def text(self):
        with self._lock:
            lines, last = [], None
            for (name, labels), value in sorted(self._values.items()):
                if name != last:
                    lines.append(f"# TYPE {name} {self._types[name]}")
                    last = name
                inside = ",".join(f'{label}="{text}"' for label, text in labels)
                lines.append(f"{name}{{{inside}}} {value}")
            return "\n".join(lines) + "\n"

    def stop(self):
        self._wake.set()
        self._server.shutdown()
        self._server.server_close()
