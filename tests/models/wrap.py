"""Packs models as they are shipped. Usage: wrap.py FOLDER OUT < the lines that a maker printed.

Prints one JSON object for each packed model: which line it belongs to, how it was packed, and where it lies.
"""

import base64
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import zipfile

folder, out = map(pathlib.Path, sys.argv[1:3])
PROGRAM = 'int main(void) { return 0; }\n'


def files_of(model):
    """The files of a model, with the names that they keep: only a model of one file can be renamed."""
    if model.is_dir():
        return [(f'{model.name}/{path.relative_to(model).as_posix()}', path.read_bytes())
                for path in sorted(model.rglob('*')) if path.is_file()]
    return [('x.bin', model.read_bytes())]


def tgz(members):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode='w:gz') as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return target.getvalue()


def zipped(members, method):
    target = io.BytesIO()
    with zipfile.ZipFile(target, 'w', method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return target.getvalue()


def renamed(files):
    return 'x.bin', files[0][1]


def wheel(files):
    members = [('harbour/__init__.py', b'')]
    members += [(f'harbour/data/{name}', data) for name, data in files]
    members += [('harbour-1.0.dist-info/METADATA', b'Metadata-Version: 2.1\nName: harbour\nVersion: 1.0\n')]
    return 'harbour-1.0-py3-none-any.whl', zipped(members, zipfile.ZIP_DEFLATED)


def tgz_in_zip(files):
    inner = tgz([(f'assets/{name}', data) for name, data in files])
    return 'release.zip', zipped([('assets.tgz', inner)], zipfile.ZIP_STORED)


def javascript(files):
    text = base64.b64encode(files[0][1]).decode()
    source = f'"use strict";\nconst decode = require("./decode");\nmodule.exports = decode("{text}");\n'
    package = b'{"name": "harbour", "version": "1.0.0", "main": "index.js"}\n'
    return 'harbour-1.0.0.tgz', tgz([('package/package.json', package), ('package/index.js', source.encode())])


def executable(files):
    program = out / 'program'
    if not program.exists():
        (out / 'program.c').write_text(PROGRAM)
        subprocess.run(['gcc', '-Os', '-s', '-o', program, out / 'program.c'], check=True)
    return 'pilot', program.read_bytes() + files[0][1]


WAYS = [renamed, wheel, tgz_in_zip, javascript, executable]
ONE_FILE = {renamed, javascript, executable}

for index, line in enumerate(sys.stdin):
    said = json.loads(line)
    model = folder / said['file']
    for way in WAYS:
        if way.__name__ in said.get('not', {}) or (model.is_dir() and way in ONE_FILE):
            continue
        name, data = way(files_of(model))
        path = out / f'{index}-{way.__name__}' / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        print(json.dumps({'line': index, 'way': way.__name__, 'path': str(path)}))
