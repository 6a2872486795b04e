#!/usr/bin/env python3
"""The zoo: models served with default flags, each answer compared with TensorFlow's in Python. `npm run zoo` starts it.

    run.py --cache=build/zoo --server='node bin/tensorgate.mjs' [--quick] [--only=NAME,NAME] [--write-docs=FILE]

The models are made below --cache when they are missing. One line for each model, a last line
`zoo: N passed, N failed, N skipped`; the exit status is 1 after a failure. The server's logs are beside the models.
"""
import argparse
import contextlib
import gc
import hashlib
import importlib.util
import logging
import os
import pathlib
import shutil
import sys
import time
import traceback
import unittest
import warnings

warnings.simplefilter('ignore')  # of old models and their packages
logging.getLogger('tensorflow').setLevel(logging.ERROR)
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')
os.environ.setdefault('GRPC_VERBOSITY', 'ERROR')
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), 'interop')]

from archives import ArchiveMissing, Archives  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cache', required=True, metavar='DIR', help='where wheels and models are kept')
    parser.add_argument('--server', required=True, metavar='COMMAND', help='started for each model')
    parser.add_argument('--server_flags', default='', help='flags for each server, parted by blanks')
    parser.add_argument('--quick', action='store_true', help='only the models that are part of npm test')
    parser.add_argument('--only', metavar='NAMES', help='only these, parted by commas')
    parser.add_argument('--list', action='store_true', help='list the models and end')
    parser.add_argument('--write-docs', metavar='FILE', help='write the table of all that was run below --cache')
    arguments = parser.parse_args()
    arguments.cache = os.path.abspath(arguments.cache)
    return arguments


def wanted(arguments):
    from models import ENTRIES
    names = arguments.only.split(',') if arguments.only else [entry.name for entry in ENTRIES]
    unknown = set(names) - {entry.name for entry in ENTRIES}
    if unknown:
        sys.exit(f'no model {", ".join(sorted(unknown))}; there are {", ".join(entry.name for entry in ENTRIES)}')
    return [entry for entry in ENTRIES if entry.name in names and (entry.quick or not arguments.quick)]


def saved_model(entry, arguments, archives):
    """The base path of the model, which is made where it is missing or made otherwise than now."""
    base = os.path.join(arguments.cache, 'models', entry.name)
    files = [entry.make.__module__ + '.py', 'save.py', 'archives.txt', 'requirements.txt']
    stamp = hashlib.sha256(b''.join(pathlib.Path(HERE, file).read_bytes() for file in files)).hexdigest()
    stamp_file = pathlib.Path(base + '.stamp')
    if not stamp_file.exists() or stamp_file.read_text() != stamp:
        shutil.rmtree(base, ignore_errors=True)
        entry.make(os.path.join(base, '1'), archives)
        stamp_file.write_text(stamp)
    return base


def serve_and_check(entry, arguments, archives):
    """The Outcome of one model, served by a server of its own."""
    import harness
    from check import check
    from clients import MODEL, TIMEOUT
    from outcomes import Outcome, decisions
    from reference import Reference
    base = saved_model(entry, arguments, archives)
    reference = Reference(os.path.join(base, '1'), entry.op_module)
    with open(f'{base}.log', 'w') as log:
        flags = [f'--rest_api_timeout_in_ms={TIMEOUT}000', *entry.flags, *arguments.server_flags.split()]
        target = harness.start_server(MODEL, base, flags, log)
        with contextlib.ExitStack() as ends:
            ends.callback(target.close)
            result = check(entry, target, reference)
            ends.pop_all()
        ended = target.close()
    if ended != 0:
        result.faults.append(f'the server ended with {ended} after SIGTERM')
    batched, plan = decisions(f'{base}.log', entry.signature)
    if result.faults:
        note = '\n'.join([*result.faults[:5], f'{len(result.faults)} disagreements'])
    else:
        note = f'{result.requests} answers, floats differ by up to {result.largest:.0e}'
    return Outcome('not ok' if result.faults else 'ok', note, result.requests, result.largest, sorted(result.refused),
                   batched, plan)


def outcome_of(entry, arguments, archives):
    from outcomes import Outcome
    missing = [name for name in entry.modules if importlib.util.find_spec(name) is None]
    if missing:
        return Outcome('skip', f'no Python package {", ".join(missing)}')
    try:
        return serve_and_check(entry, arguments, archives)
    except ArchiveMissing as error:
        return Outcome('skip', str(error))
    except Exception:
        return Outcome('not ok', traceback.format_exc())


def show(entry, outcome, seconds):
    first = f'{outcome.word:7}{entry.name}'
    if outcome.word == 'not ok':
        print(first, *outcome.note.rstrip().splitlines(), sep='\n    ', flush=True)
    else:
        print(f'{first} # {outcome.note}, {seconds:.0f} s', flush=True)


def main():
    arguments = parse_arguments()
    import harness
    import keras
    import outcomes
    import report
    from models import ENTRIES
    entries = wanted(arguments)
    if arguments.list:
        print(*(f'{entry.name:24} {entry.source}' for entry in entries), sep='\n')
        return 0
    harness.options = arguments
    archives = Archives(os.path.join(arguments.cache, 'archives'))
    tests = harness.LineResult()
    unittest.defaultTestLoader.loadTestsFromName('agree_test').run(tests)
    counts = {'ok': tests.passed, 'not ok': tests.failed, 'skip': 0}
    for entry in entries:
        start = time.monotonic()
        outcome = outcome_of(entry, arguments, archives)
        counts[outcome.word] += 1
        outcomes.keep(arguments.cache, entry.name, outcome)
        show(entry, outcome, time.monotonic() - start)
        keras.utils.clear_session()
        gc.collect()
    if arguments.write_docs:
        report.write(arguments.write_docs, arguments.cache, ENTRIES)
    print(f'zoo: {counts["ok"]} passed, {counts["not ok"]} failed, {counts["skip"]} skipped')
    return 1 if counts['not ok'] or not counts['ok'] else 0


if __name__ == '__main__':
    sys.exit(main())
