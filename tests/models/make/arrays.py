"""numpy: arrays and archives of them."""

import json
import pathlib
import sys

import numpy

out = pathlib.Path(sys.argv[1])


def said(file, **facts):
    print(json.dumps({'file': file, **facts}))


weights = numpy.arange(40_000, dtype=numpy.float32).reshape(200, 200) / 7
numpy.save(out / 'weights.npy', weights)
said('weights.npy', format='npy', tensors=1, parameters=weights.size, bytes=weights.nbytes)
halves = numpy.arange(300, dtype=numpy.float16)
numpy.savez(out / 'weights.npz', weights=weights, halves=halves)
said('weights.npz', format='npz', tensors=2, parameters=weights.size + halves.size)
