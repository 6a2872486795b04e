#!/usr/bin/env python3
"""Interoperability tests: the PyPI client (tensorflow-serving-api) and plain HTTP against a running server.

    python3 -m venv /tmp/interop && /tmp/interop/bin/pip install -r test/interop/requirements.txt

Against a server that serves models of examples/models and test/models under their folder names:

    /tmp/interop/bin/python test/interop/run.py --grpc=127.0.0.1:8500 --rest=127.0.0.1:8501

or with one server started per model, which also can load upstream's models:

    /tmp/interop/bin/python test/interop/run.py --server='node bin/tensorgate.mjs' --testdata=DIR

One line per test, a last line `interop: N passed, N failed, N skipped`; the exit status is 1 after a failure.
"""
import argparse
import os
import sys
import unittest

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')
os.environ.setdefault('GRPC_VERBOSITY', 'ERROR')
sys.dont_write_bytecode = True


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--grpc', metavar='HOST:PORT', help='a running server')
    parser.add_argument('--rest', metavar='HOST:PORT', help='its REST address; REST tests are skipped without it')
    parser.add_argument('--server', metavar='COMMAND', help='start this command per model instead')
    parser.add_argument('--testdata', metavar='DIR', help="folder with upstream's test data; needs --server")
    parser.add_argument('--only', metavar='TEXT', help='run only tests whose name contains TEXT')
    parser.add_argument('--no-skips', action='store_true', help='count a skipped test as failed')
    arguments = parser.parse_args()
    if bool(arguments.grpc) == bool(arguments.server):
        parser.error('give either --grpc or --server')
    if arguments.testdata and not arguments.server:
        parser.error('--testdata needs --server')
    return arguments


def tests_of(suite):
    for item in suite:
        yield from tests_of(item) if isinstance(item, unittest.TestSuite) else [item]


def main():
    arguments = parse_arguments()
    import harness
    harness.options = arguments
    suite = unittest.TestSuite()
    modules = ['identity_test', 'predict_test', 'errors_test', 'rest_test', 'services_test', 'agreement_test',
               'reflection_test', 'session_run_test', 'warmup_test', 'reload_test', 'request_logging_test',
               'access_test', 'tracing_test', 'profiler_test', 'example_client_test', 'trees_test']
    if arguments.testdata:
        modules.append('upstream_test')
    for module in modules:
        found = unittest.defaultTestLoader.loadTestsFromName(module)
        # By model, so that --server starts each model once.
        suite.addTests(t for t in tests_of(found) if not arguments.only or arguments.only in t.id())
    ordered = unittest.TestSuite(sorted(suite, key=lambda t: (getattr(t, 'model', ''), t.id())))
    result = harness.LineResult()
    try:
        ordered.run(result)
    finally:
        harness.close_targets()
    failed = result.failed + (result.skips if arguments.no_skips else 0)
    skipped = 0 if arguments.no_skips else result.skips
    print(f'interop: {result.passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed or not result.passed else 0


if __name__ == '__main__':
    sys.exit(main())
