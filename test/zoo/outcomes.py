"""What came out for each model, kept as JSON below the cache, so that the table can be made of several runs."""
import dataclasses
import datetime
import json
import os
import subprocess

from harness import ROOT


@dataclasses.dataclass
class Outcome:
    word: str
    """ok, not ok or skip, as it was printed."""
    note: str
    requests: int = 0
    largest: float = 0.0
    refused: list[int] = dataclasses.field(default_factory=list)
    batched: str = ''
    plan: str = ''
    commit: str = ''
    date: str = ''


def keep(cache, name, outcome):
    outcome.commit, outcome.date = commit(), datetime.date.today().isoformat()
    folder = os.path.join(cache, 'outcomes')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f'{name}.json'), 'w') as file:
        json.dump(dataclasses.asdict(outcome), file)


def kept(cache, name):
    """The last Outcome of a model, or None."""
    try:
        with open(os.path.join(cache, 'outcomes', f'{name}.json')) as file:
            return Outcome(**json.load(file))
    except FileNotFoundError:
        return None


def decisions(log, signature):
    """(batched, plan), as the server's log has them: whether concurrent requests share runs, and which graph runs."""
    batched, plan = '', ''
    with open(log) as lines:
        for line in lines:
            if not line.startswith('{'):
                continue
            entry = json.loads(line)
            if entry.get('msg') == 'which signatures are batched':
                batched = 'yes' if signature in entry['batched'] else f'no: {entry["alone"].get(signature, "")}'
            elif entry.get('msg') == 'execution plan':
                plan = entry['plan']
    return batched, plan


def commit():
    """The last one that changed the server."""
    git = subprocess.run(['git', 'log', '-1', '--format=%h', '--abbrev=10', '--', 'src', 'binding'], cwd=ROOT,
                         capture_output=True, text=True)
    return git.stdout.strip() or 'unknown'
