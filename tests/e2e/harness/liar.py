# SPDX-License-Identifier: Apache-2.0
"""An HTTP peer that hangs or lies in one way, until it is told to be good."""
import gzip
import json
import socket
import threading

from .process import free_port

_BOMB = gzip.compress(bytes(256 << 20), compresslevel=9)  # 256 KiB that become 256 MiB
WAYS = ("accepts nobody", "never answers", "hangs up", "answers what is no HTTP", "never ends its headers", "never ends its body", "ends too early",
        "sends a bomb", "leads in a circle", "dribbles")


class Liar:
    """Takes anything on any path. Good, it answers 200 to what it read whole and keeps the JSON of it in `messages`."""

    def __init__(self, way):
        assert way in WAYS
        self.way, self.good = way, False
        self.messages = []
        self.port = free_port()
        self._stop = threading.Event()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(1 if way == "accepts nobody" else 64)
        self._fillers = []
        if way == "accepts nobody":  # its queue is full: a SYN is not answered
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", self.port))
                self._fillers.append(filler)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def statuses(self):
        return [alert["status"] for message in self.messages for alert in message.get("alerts", ())]

    def stop(self):
        self._stop.set()
        self._thread.join(10)
        for one in (*self._fillers, self._listener):
            one.close()

    def _serve(self):
        self._listener.settimeout(0.2)
        while not self._stop.is_set():
            if self.way == "accepts nobody" and not self.good:
                self._stop.wait(0.1)
                continue
            try:
                peer, _ = self._listener.accept()
            except OSError:
                continue
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _read(self, peer):
        """(first line, body), or None where the peer went away."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = peer.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
        if any(line.startswith("expect: 100") for line in lines):
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < length:
            more = peer.recv(65536)
            if not more:
                return None
            body += more
        return lines[0], body

    def _answer(self, peer):
        with peer:
            peer.settimeout(30)
            try:
                while not self._stop.is_set():
                    asked = self._read(peer)
                    if asked is None:
                        return
                    if not self.good:
                        return self._lie(peer)
                    if asked[0].startswith("post") and asked[1].startswith(b"{"):
                        self.messages.append(json.loads(asked[1]))
                    body = b"good 1\n" if asked[0].startswith("get") else b""
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            except OSError:
                pass  # it went away, as it should

    def _lie(self, peer):
        if self.way == "never answers":
            self._stop.wait(30)
        elif self.way == "answers what is no HTTP":
            peer.sendall(bytes(range(256)) * 16)
        elif self.way == "never ends its headers":
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._stop.is_set():
                peer.sendall(b"X-More: " + b"y" * 8000 + b"\r\n")
        elif self.way == "never ends its body":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not self._stop.is_set():
                peer.sendall(b"10000\r\n" + b"# what nobody wants to know\n" * 2340 + b"#" * 16 + b"\r\n")
        elif self.way == "ends too early":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nbad 1\n")
        elif self.way == "sends a bomb":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(_BOMB) + _BOMB)
        elif self.way == "leads in a circle":
            peer.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif self.way == "dribbles":
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
                if self._stop.wait(0.5):
                    return
                peer.sendall(bytes([byte]))
