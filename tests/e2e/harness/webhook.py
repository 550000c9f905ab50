# SPDX-License-Identifier: Apache-2.0
"""A receiver of Alertmanager's webhook JSON that counts, and refuses while it is told to."""
import http.server
import json
import threading

from .process import free_port, wait_until


class Webhook:
    def __init__(self):
        self.port = free_port()
        self.messages = []
        self.refusing = False
        self._lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._lock:
                    refused = outer.refusing
                    if not refused:
                        outer.messages.append(json.loads(body))
                self.send_response(503 if refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def told(self, name=None):
        """(status, labels, annotations) of every alert in every message, in their order."""
        with self._lock:
            return [(alert["status"], alert["labels"], alert["annotations"]) for message in self.messages
                    for alert in message["alerts"] if name in (None, alert["labels"]["alertname"])]

    def statuses(self, name=None):
        return [status for status, _, _ in self.told(name)]

    def wait_for(self, statuses, name=None, timeout=30):
        wait_until(lambda: self.statuses(name) == statuses, timeout, f"{statuses}, but was told {self.statuses(name)}")

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
