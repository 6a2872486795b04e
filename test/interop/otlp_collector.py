"""A collector of OpenTelemetry spans, from the official proto packages: OTLP over HTTP (protobuf) and over gRPC."""
import concurrent.futures
import gzip
import http.server
import threading
import time

import grpc
import harness
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


def attributes_of(message):
    return {each.key: getattr(each.value, each.value.WhichOneof('value')) for each in message.attributes}


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self):
        self.spans = []      # of both
        self.resources = []  # attributes
        self.headers = []    # of HTTP
        self._lock = threading.Lock()
        self.http_port, self.grpc_port = harness.free_ports(2)
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.body()
                if self.headers.get('Content-Encoding') == 'gzip':
                    body = gzip.decompress(body)
                wanted = self.path == '/v1/traces' and self.headers['Content-Type'] == 'application/x-protobuf'
                if wanted:
                    collector.headers.append(dict(self.headers))
                    collector.take(trace_service_pb2.ExportTraceServiceRequest.FromString(body))
                self.send_response(200 if wanted else 404)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def body(self):
                if self.headers.get('Transfer-Encoding') != 'chunked':
                    return self.rfile.read(int(self.headers['Content-Length']))
                body = b''
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', self.http_port), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.grpc)
        self.grpc.add_insecure_port(f'127.0.0.1:{self.grpc_port}')
        self.grpc.start()

    def Export(self, request, context):  # the name is gRPC's
        self.take(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    def take(self, request):
        with self._lock:
            for each in request.resource_spans:
                self.resources.append(attributes_of(each.resource))
                self.spans += [span for scope in each.scope_spans for span in scope.spans]

    def wait_for(self, is_enough, seconds=30):
        """The spans, once they are enough."""
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                spans = list(self.spans)
            if is_enough(spans):
                return spans
            if time.monotonic() > deadline:
                raise AssertionError(f'after {seconds} s there are: ' + ', '.join(sorted(s.name for s in spans)))
            time.sleep(0.05)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.grpc.stop(None)
