"""An HTTP server on a Unix socket that a test plays an agent with, in the test's own process."""

import http.server
import json
import os
import socketserver
import threading


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class UnixServer:
    """answer(method, path, headers, body) -> (status, content type, bytes); keeps what was asked."""

    def __init__(self, path, answer):
        self.path = str(path)
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                outer.asked.append((self.command, self.path, body))
                status, kind, content = answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

        self._server = _Server(self.path, Handler)
        os.chmod(self.path, 0o600)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        os.unlink(self.path)


def as_json(status, value):
    return status, "application/json", json.dumps(value, separators=(",", ":")).encode()


def as_text(status, text):
    return status, "text/plain; charset=utf-8", text.encode()
