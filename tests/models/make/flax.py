"""Flax: parameters in MessagePack, as `flax.serialization.to_bytes` writes them. Flax needs JAX, which is large: the form is its
documented one, and is written by the library that Flax uses for it."""

import json
import pathlib
import sys

import msgpack
import numpy

out = pathlib.Path(sys.argv[1])


def extended(value):
    if isinstance(value, numpy.ndarray):
        return msgpack.ExtType(1, msgpack.packb((value.shape, value.dtype.name, value.tobytes())))
    raise TypeError(value)


arrays = {
    'params': {
        'Dense_0': {'bias': numpy.zeros(24, numpy.float32), 'kernel': numpy.ones((16, 24), numpy.float32)},
        'Dense_1': {'bias': numpy.zeros(3, numpy.float16), 'kernel': numpy.ones((24, 3), numpy.float16)},
    },
}
leaves = [array for layer in arrays['params'].values() for array in layer.values()]
facts = {'format': 'flax', 'tensors': len(leaves), 'parameters': sum(a.size for a in leaves), 'dtypes': ['float32', 'float16'],
         'bytes': sum(a.nbytes for a in leaves)}
(out / 'flax_model.msgpack').write_bytes(msgpack.packb(arrays, default=extended))
print(json.dumps({'file': 'flax_model.msgpack', **facts}))
arrays['opt_state'] = {'0': {'mu': arrays['params']}}
(out / 'checkpoint_9').write_bytes(msgpack.packb(arrays, default=extended))
print(json.dumps({'file': 'checkpoint_9', 'format': 'flax', 'tensors': 8, 'kind': 'checkpoint'}))
