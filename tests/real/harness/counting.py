"""A backend that accepts everything and only counts, for more records than a test wants to remember."""
import http.server
import re
import threading

PLACE = re.compile(rb'"partition":(\d+),"offset":(\d+),"timestamp":\d+}(?=[,\]])')


class CountingBackend:
    """Knows of each partition how far it came; counts what came again and what came too early."""

    def __init__(self):
        self.records = self.again = self.early = self.batches = self.bytes = 0
        self.next: dict[int, int] = {}
        self.lock = threading.Lock()
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                count = backend.take(body)
                answer = b"[" + b",".join([b'{"processed":true}'] * count) + b"]"
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes) -> int:
        places = PLACE.findall(body)
        with self.lock:
            self.batches += 1
            self.bytes += len(body)
            for partition, offset in ((int(partition), int(offset)) for partition, offset in places):
                expected = self.next.get(partition, 0)
                if offset == expected:
                    self.records += 1
                    self.next[partition] = offset + 1
                elif offset < expected:
                    self.again += 1
                else:
                    self.early += 1
        return len(places)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
