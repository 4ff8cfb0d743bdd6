"""tflite with flatbuffers: models with plain and quantised tensors and metadata, read back by the same library."""

import json
import pathlib
import sys

import flatbuffers
import numpy
import tflite

out = pathlib.Path(sys.argv[1])
SHORT = {tflite.TensorType.FLOAT32: 'F32', tflite.TensorType.INT8: 'I8', tflite.TensorType.FLOAT16: 'F16',
         tflite.TensorType.INT32: 'I32'}


def vector(builder, start, items):
    start(builder, len(items))
    for item in reversed(items):
        builder.PrependUOffsetTRelative(item)
    return builder.EndVector()


def model(tensors):
    """A model with these (name, array, scale); without an array it is an input."""
    builder = flatbuffers.Builder(1024)
    data = [array is not None and builder.CreateNumpyVector(array.reshape(-1).view(numpy.uint8)) for _, array, _ in tensors]
    buffers = []
    for content in [None, *data]:
        tflite.BufferStart(builder)
        if content:
            tflite.BufferAddData(builder, content)
        buffers.append(tflite.BufferEnd(builder))
    made = []
    for index, (name, array, scale) in enumerate(tensors):
        name = builder.CreateString(name)
        shape = builder.CreateNumpyVector(numpy.array(array.shape if array is not None else [1, 64], numpy.int32))
        quantised = None
        if scale:
            scales = builder.CreateNumpyVector(numpy.array([scale], numpy.float32))
            tflite.QuantizationParametersStart(builder)
            tflite.QuantizationParametersAddScale(builder, scales)
            quantised = tflite.QuantizationParametersEnd(builder)
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, shape)
        tflite.TensorAddType(builder, {'float32': 0, 'float16': 1, 'int32': 2, 'int8': 9}[str(array.dtype) if array is not None else 'float32'])
        tflite.TensorAddBuffer(builder, index + 1)
        tflite.TensorAddName(builder, name)
        if quantised:
            tflite.TensorAddQuantization(builder, quantised)
        made.append(tflite.TensorEnd(builder))
    found = vector(builder, tflite.SubGraphStartTensorsVector, made)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, found)
    graphs = vector(builder, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
    all_buffers = vector(builder, tflite.ModelStartBuffersVector, buffers)
    description = builder.CreateString('tidewater')
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddDescription(builder, description)
    tflite.ModelAddBuffers(builder, all_buffers)
    builder.Finish(tflite.ModelEnd(builder), b'TFL3')
    return bytes(builder.Output())


def counted(path):
    """The tensors with data, as the library reads them back."""
    back = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph = back.Subgraphs(0)
    found = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    found = [tensor for tensor in found if back.Buffers(tensor.Buffer()).DataLength()]
    return {
        'tensors': len(found),
        'parameters': int(sum(numpy.prod(tensor.ShapeAsNumpy(), dtype=numpy.int64) for tensor in found)),
        'dtypes': sorted({SHORT[tensor.Type()] for tensor in found}),
        'bytes': sum(back.Buffers(tensor.Buffer()).DataLength() for tensor in found),
    }


first = (numpy.arange(6400) / 7).reshape(64, 100)
CASES = {
    'plain.tflite': ([('x', None, 0), ('first', first.astype(numpy.float32), 0), ('bias', numpy.ones(100, numpy.float32), 0)], None),
    'halves.tflite': ([('x', None, 0), ('first', first.astype(numpy.float16), 0)], None),
    'quantised.tflite': ([('x', None, 0), ('first', (first % 100).astype(numpy.int8), 0.25), ('bias', numpy.ones(100, numpy.int32), 0.5)], 'I32, I8'),
}
for name, (tensors, quantisation) in CASES.items():
    (out / name).write_bytes(model(tensors))
    print(json.dumps({'file': name, 'format': 'tflite', 'weights': 'inside', 'producer': 'tidewater',
                      'quantisation': quantisation, **counted(out / name)}))
