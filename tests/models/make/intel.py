"""openvino: a description with its weights beside it, in single and in half precision."""

import json
import pathlib
import sys

import numpy
import openvino
from openvino import opset13

out = pathlib.Path(sys.argv[1])
SHORT = {'f32': 'F32', 'f16': 'F16', 'i64': 'I64', 'i8': 'I8'}

x = opset13.parameter([1, 64], openvino.Type.f32, name='x')
weights = opset13.constant((numpy.arange(6400) / 7).reshape(64, 100).astype(numpy.float32))
model = openvino.Model([opset13.relu(opset13.matmul(x, weights, False, False))], [x], 'harbour')
for name, half in [('single', False), ('half', True)]:
    folder = out / name
    folder.mkdir()
    openvino.save_model(model, folder / 'model.xml', compress_to_fp16=half)
    back = openvino.Core().read_model(folder / 'model.xml')
    found = [op for op in back.get_ops() if op.get_type_name() == 'Constant']
    facts = {
        'tensors': len(found),
        'parameters': int(sum(numpy.prod(op.get_output_shape(0), dtype=numpy.int64) for op in found)),
        'dtypes': sorted({SHORT[op.get_output_element_type(0).get_type_name()] for op in found}),
        'bytes': (folder / 'model.bin').stat().st_size,
    }
    print(json.dumps({'file': f'{name}/', 'format': 'openvino', 'version': 'IR 11', 'weights': 'external',
                      'parts': ['model.bin'], 'missing_parts': None, **facts}))
