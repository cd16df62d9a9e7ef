"""A way to a server of plain HTTP on 127.0.0.1 that tells what goes through, and can be as slow as a bad line.

    with Relay(port) as relay:
        relay.url             instead of the server's
        relay.heads           the head of each request, as text
        relay.connections     how many there were
        relay.passed          bytes that went to the server
        relay.rate = 1e6      bytes a second from now on, of each connection; None: at once
"""
import contextlib
import re
import socket
import threading
import time

from httpd import free_port

PIECE = 65536
LENGTH = re.compile(r"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Requests:
    """Finds the heads of requests among the bytes of one connection."""

    def __init__(self, heads):
        self.heads, self.rest, self.body = heads, b"", 0

    def take(self, data):
        while data:
            skipped = min(self.body, len(data))
            self.body -= skipped
            self.rest += data[skipped:]
            head, mark, data = self.rest.partition(b"\r\n\r\n")
            if not mark:
                return
            self.rest = b""
            self.heads.append(head.decode("latin-1"))
            length = LENGTH.search(self.heads[-1])
            self.body = int(length[1]) if length else 0


class Relay:
    def __init__(self, port):
        self.target, self.rate = ("127.0.0.1", port), None
        self.heads, self.connections, self.passed = [], 0, 0
        self.lock = threading.Lock()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        self.listener.bind(("127.0.0.1", free_port()))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=self.listener.accept()[:1], daemon=True).start()

    def serve(self, client):
        with self.lock:
            self.connections += 1
        with contextlib.suppress(OSError), client, socket.create_connection(self.target) as server:
            back = threading.Thread(target=self.pump, args=(server, client, None), daemon=True)
            back.start()
            self.pump(client, server, Requests(self.heads))
            back.join()

    def pump(self, source, sink, requests):
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                sink.sendall(data)
                if requests is not None:
                    requests.take(data)
                    with self.lock:
                        self.passed += len(data)
                    if self.rate is not None:
                        time.sleep(len(data) / self.rate)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
