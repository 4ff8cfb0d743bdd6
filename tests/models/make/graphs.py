"""onnx and onnxruntime: graphs with their weights inside, outside and quantised, and ONNX Runtime's own format."""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.InferenceSession import InferenceSession

out = pathlib.Path(sys.argv[1])
SHORT = {'FLOAT': 'F32', 'FLOAT16': 'F16', 'INT8': 'I8', 'UINT8': 'U8', 'INT64': 'I64', 'INT32': 'I32'}


def said(file, **facts):
    print(json.dumps({'file': file, **facts}))


def counted(tensors):
    """Counts by (dimensions, type) as the library gives them back."""
    tensors = list(tensors)
    return {
        'tensors': len(tensors),
        'parameters': int(sum(numpy.prod(dims, dtype=numpy.int64) for dims, _ in tensors)),
        'dtypes': sorted({SHORT[TensorProto.DataType.Name(kind)] for _, kind in tensors}),
    }


def of_onnx(path):
    graph = onnx.load(path).graph
    return counted((tuple(tensor.dims), tensor.data_type) for tensor in graph.initializer)


def of_ort(path):
    graph = InferenceSession.GetRootAs(path.read_bytes(), 0).Model().Graph()
    found = [graph.Initializers(index) for index in range(graph.InitializersLength())]
    return counted((tuple(t.Dims(at) for at in range(t.DimsLength())), t.DataType()) for t in found)


def model():
    first = numpy.arange(6400, dtype=numpy.float32).reshape(64, 100) / 7
    second = numpy.arange(3000, dtype=numpy.float32).reshape(100, 30) / 9
    graph = helper.make_graph(
        [
            helper.make_node('MatMul', ['x', 'first'], ['h']),
            helper.make_node('Relu', ['h'], ['r']),
            helper.make_node('MatMul', ['r', 'second'], ['y']),
        ],
        'harbour',
        [helper.make_tensor_value_info('x', TensorProto.FLOAT, ['n', 64])],
        [helper.make_tensor_value_info('y', TensorProto.FLOAT, ['n', 30])],
        [numpy_helper.from_array(first, 'first'), numpy_helper.from_array(second, 'second')],
    )
    made = helper.make_model(graph, producer_name='tidewater', opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    helper.set_model_props(made, {'license': 'proprietary', 'author': 'Tidewater'})
    onnx.checker.check_model(made)
    return made


plain = out / 'model.onnx'
onnx.save(model(), plain)
said('model.onnx', format='onnx', weights='inside', producer='tidewater', license='proprietary', author='Tidewater',
     **of_onnx(plain))

(out / 'outside').mkdir()
onnx.save(model(), out / 'outside/model.onnx', save_as_external_data=True, location='model.onnx.data', size_threshold=0)
said('outside/', format='onnx', weights='external', parts=['model.onnx.data'], missing_parts=None,
     bytes=(out / 'outside/model.onnx.data').stat().st_size, **of_onnx(out / 'outside/model.onnx'))

(out / 'alone').mkdir()
(out / 'alone/model.onnx').write_bytes((out / 'outside/model.onnx').read_bytes())
said('alone/', format='onnx', weights='external', missing_parts=['model.onnx.data'])

quantize_dynamic(plain, out / 'quantised.onnx')
said('quantised.onnx', format='onnx', quantisation='DynamicQuantizeLinear, MatMulInteger',
     **of_onnx(out / 'quantised.onnx'))

options = onnxruntime.SessionOptions()
options.optimized_model_filepath = str(out / 'model.ort')
options.add_session_config_entry('session.save_model_format', 'ORT')
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
onnxruntime.InferenceSession(str(plain), options, providers=['CPUExecutionProvider'])
said('model.ort', format='ort', weights='inside', producer='tidewater', license='proprietary', **of_ort(out / 'model.ort'))
