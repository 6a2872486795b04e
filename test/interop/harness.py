"""What all interop tests share: the server under test, calls over gRPC and REST, one printed line per test.

Options are set once by run.py before any test runs. With --grpc and --rest the tests talk to that server; with
--server they start one server per model and stop it afterwards. A test whose model is not served is skipped.
"""
import contextlib
import http.client
import itertools
import os
import shlex
import signal
import socket
import subprocess
import time
import unittest

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, prediction_service_pb2_grpc

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL_FOLDERS = [os.path.join(ROOT, 'examples', 'models'), os.path.join(ROOT, 'test', 'models')]
START_SECONDS = 600  # the first start may have to set the server up

options = None  # argparse.Namespace, set by run.py
_targets = {}   # one entry: the fixed server, or the one started for the model in use


def model_path(name):
    return next((p for p in (os.path.join(f, name) for f in MODEL_FOLDERS) if os.path.isdir(p)), None)


def test_ports():
    """The ports of this test run in turn, TENSORGATE_TEST_PORTS=FIRST-LAST, so that runs side by side do not meet."""
    first, last = map(int, os.environ.get('TENSORGATE_TEST_PORTS', '0-0').split('-'))
    return itertools.cycle(range(first, last + 1))


_ports = test_ports()


def free_ports(count):
    """Ports that nobody listens on, each another: they are held until all are there."""
    with contextlib.ExitStack() as sockets:
        held = []
        while len(held) < count:
            with contextlib.suppress(OSError):  # somebody else's
                held.append(sockets.enter_context(socket.create_server(('127.0.0.1', next(_ports)))))
        return [each.getsockname()[1] for each in held]


class Target:
    """One server: its stubs, and REST calls that give back status, headers and exact bytes."""

    def __init__(self, grpc_address, rest_address, process=None):
        self.grpc_address = grpc_address
        self.rest_address = rest_address
        self.process = process
        self.channel = grpc.insecure_channel(grpc_address, options=[
            ('grpc.max_receive_message_length', -1), ('grpc.enable_http_proxy', 0)])
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def rest(self, method, path, body=None):
        if self.rest_address is None:
            raise unittest.SkipTest('no --rest address given')
        connection = http.client.HTTPConnection(self.rest_address, timeout=60)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body)
            reply = connection.getresponse()
            return reply.status, dict((k.lower(), v) for k, v in reply.getheaders()), reply.read()
        finally:
            connection.close()

    def call_raw(self, method, request_bytes):
        """A unary call with hand-made request bytes; gives back the reply's bytes."""
        return self.channel.unary_unary(method)(request_bytes, timeout=60)

    def status(self, name):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = name
        return self.model.GetModelStatus(request, timeout=10).model_version_status

    def close(self):
        """Stops a server that was started here, and says how: the exit status of SIGTERM."""
        self.channel.close()
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError('the server did not stop within 60 s of SIGTERM') from None


def start_server(name, base_path, flags=(), log=None):
    """Starts --server on one model and waits until the model answers; its stderr goes into the file `log`."""
    ports = free_ports(2)
    process = subprocess.Popen(shlex.split(options.server) + [
        f'--port={ports[0]}', f'--rest_api_port={ports[1]}',
        f'--model_name={name}', f'--model_base_path={base_path}', *flags], cwd=ROOT, stderr=log)
    target = Target(f'127.0.0.1:{ports[0]}', f'127.0.0.1:{ports[1]}', process)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if target.status(name):
                return target
        except grpc.RpcError:
            pass
        if process.poll() is not None:
            raise AssertionError(f'the server for {name} exited with {process.returncode} while starting')
        if time.monotonic() > deadline:
            target.close()
            raise AssertionError(f'the server for {name} did not answer within {START_SECONDS} s')
        time.sleep(0.1)


def target_for(name):
    """The server that serves this model; raises SkipTest when there is none."""
    if options.server:
        if name not in _targets:
            close_targets()
            _targets[name] = start_server(name, model_path(name), ['--enable_grpc_healthcheck_service'])
        return _targets[name]
    if '' not in _targets:
        _targets[''] = Target(options.grpc, options.rest)
    try:
        _targets[''].status(name)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:
            raise AssertionError(f'no answer from the server: {error.code()} {error.details()}') from error
        raise unittest.SkipTest(f'model {name} is not served') from error
    return _targets['']


def close_targets():
    while _targets:
        _targets.popitem()[1].close()


class ModelTest(unittest.TestCase):
    """Tests of one model; `model` names it."""

    model = ''
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = target_for(cls.model)

    def assert_rpc_error(self, code, message, call, *arguments):
        """message: a text that must be equal, or a compiled pattern that must be found."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=60)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        if hasattr(message, 'search'):
            self.assertRegex(caught.exception.details(), message)
        else:
            self.assertEqual(caught.exception.details(), message)


def cases(table):
    """Decorates a method of (self, *row): makes one test per row {name: row}."""
    def mark(method):
        method.cases = table
        return method
    return mark


def expand_cases(cls):
    """Class decorator that turns methods marked with @cases into test methods."""
    for name, method in list(vars(cls).items()):
        for label, row in getattr(method, 'cases', {}).items():
            def test(self, method=method, row=row):
                method(self, *row)
            setattr(cls, f'test_{name}: {label}', test)
    return cls


class LineResult(unittest.TestResult):
    """Prints `ok|not ok|skip <test>` per test, and the traceback of failures."""

    def __init__(self):
        super().__init__()
        self.passed = self.failed = self.skips = 0

    def _line(self, word, test, note=''):
        print(f'{word:7}{test.id()}{note}', flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self._line('ok', test)

    def addFailure(self, test, err):
        self.failed += 1
        self._line('not ok', test)
        print('    ' + self._exc_info_to_string(err, test).rstrip().replace('\n', '\n    '), flush=True)

    addError = addFailure

    def addSkip(self, test, reason):
        self.skips += 1
        self._line('skip', test, f' # {reason}')
