"""A proxy before an FTP server without TLS that cuts its connections and knows what was said.

    with Proxy(port) as proxy:                     to 127.0.0.1:port; proxy.port is its own
        proxy.cut(DATA_UP, 1000)                   the next connection ends after so many bytes of that kind, once
        proxy.cut(DATA_UP, 1000, times=None)       each does
        proxy.said                                 what clients sent on control connections, bytes
"""
import re
import socket
import struct
import threading

CONTROL_UP, CONTROL_DOWN, DATA_UP, DATA_DOWN = "to control", "from control", "to data", "from data"
BACKLOG = 64
EPSV_REPLY = re.compile(rb"^(229 .*\|\|\|)(\d+)(\|.*)", re.DOTALL)


def listen():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    return listener


def end(*ends):
    """Resets both connections: what is on its way is lost."""
    for one in ends:
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy:
    def __init__(self, port, unknown=()):
        self.server = port
        self.unknown = unknown         # commands that the server shall not know, bytes
        self.said = b""
        self.cuts = 0                  # that took place
        self.lock = threading.Lock()
        self.plan = None               # [kind, bytes left, times left]
        self.open = set()
        self.listener = listen()
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self.start(self.accept_control)
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            end(*self.open)

    def start(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def cut(self, kind, after, times=1):
        with self.lock:
            self.plan = (kind, after, times)
            self.cuts = 0

    def allowance(self, kind):
        """How many bytes of this kind a new connection may carry; None for all."""
        with self.lock:
            return self.plan[1] if self.plan and self.plan[0] == kind else None

    def note_cut(self):
        with self.lock:
            self.cuts += 1
            if self.plan and self.plan[2] is not None:
                kind, after, times = self.plan
                self.plan = (kind, after, times - 1) if times > 1 else None

    def accept_control(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connect(client, self.server, CONTROL_UP, CONTROL_DOWN)

    def accept_data(self, listener, port):
        client, _ = listener.accept()
        listener.close()
        self.connect(client, port, DATA_UP, DATA_DOWN)

    def connect(self, client, port, up, down):
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:   # it has gone meanwhile
            end(client)
            return
        with self.lock:
            self.open |= {client, server}
        self.start(self.pump, client, server, up)
        self.start(self.pump, server, client, down)

    def translate(self, kind, data):
        if kind == CONTROL_UP:
            self.said += data
            return b"X" + data[1:] if data.startswith(self.unknown) else data
        reply = EPSV_REPLY.match(data) if kind == CONTROL_DOWN else None
        if reply is None:
            return data
        listener = listen()
        self.start(self.accept_data, listener, int(reply[2]))
        return reply[1] + str(listener.getsockname()[1]).encode() + reply[3]

    def pump(self, source, target, kind):
        carried = 0
        try:
            while data := source.recv(65536):
                most = self.allowance(kind)
                if most is not None and carried + len(data) >= most:
                    target.sendall(self.translate(kind, data[:max(0, most - carried)]))
                    self.note_cut()
                    end(source, target)
                    break
                carried += len(data)
                target.sendall(self.translate(kind, data))
            target.shutdown(socket.SHUT_WR)
        except OSError:
            end(source, target)
