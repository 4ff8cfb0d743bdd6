"""coremltools: a neural network, the same quantised, a linear model, and a program with its weights beside it."""

import json
import logging
import pathlib
import sys

logging.disable(logging.CRITICAL)

import coremltools
import numpy
from coremltools.converters.mil import Builder
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder, quantization_utils
from coremltools.proto import MIL_pb2, Model_pb2

out = pathlib.Path(sys.argv[1])
NAMES = {'FLOAT16': ('F16', 2), 'FLOAT32': ('F32', 4), 'INT8': ('I8', 1), 'UINT8': ('U8', 1)}


def said(file, **facts):
    print(json.dumps({'file': file, **facts}))


builder = NeuralNetworkBuilder([('x', datatypes.Array(64))], [('y', datatypes.Array(20))])
weights = (numpy.arange(6400) / 7).reshape(100, 64)
builder.add_inner_product('first', weights, numpy.ones(100), 64, 100, True, 'x', 'h')
builder.add_activation('relu', 'RELU', 'h', 'r')
builder.add_inner_product('second', numpy.ones((20, 100)), None, 100, 20, False, 'r', 'y')
spec = builder.spec
spec.description.metadata.author = 'Tidewater'
spec.description.metadata.license = 'proprietary'
coremltools.models.utils.save_spec(spec, str(out / 'model.mlmodel'))


def network(path):
    """The weights of the inner products, as the library reads them back."""
    layers = coremltools.models.utils.load_spec(str(path)).neuralNetwork.layers
    found = [part for layer in layers if layer.WhichOneof('layer') == 'innerProduct'
             for part in [layer.innerProduct.weights, layer.innerProduct.bias]]
    return [part for part in found if part.ByteSize()]


found = network(out / 'model.mlmodel')
said('model.mlmodel', format='coreml', architecture='neural network', author='Tidewater', license='proprietary',
     weights='inside', tensors=len(found), parameters=sum(len(part.floatValue) for part in found), dtypes=['F32'],
     version=f'specification {spec.specificationVersion}')

for name, bits in [('halves', 16), ('bytes', 8)]:
    whole = coremltools.models.MLModel(str(out / 'model.mlmodel'), skip_model_load=True)
    # Elsewhere than on a Mac the library gives back the description of the model.
    small = quantization_utils.quantize_weights(whole, bits, 'linear')
    small = small if isinstance(small, Model_pb2.Model) else small.get_spec()
    coremltools.models.utils.save_spec(small, str(out / f'{name}.mlmodel'))
found = network(out / 'halves.mlmodel')
said('halves.mlmodel', format='coreml', tensors=len(found), dtypes=['F16'],
     parameters=sum(len(part.float16Value) // 2 for part in found))
found = network(out / 'bytes.mlmodel')
said('bytes.mlmodel', format='coreml', tensors=len(found), parameters=sum(len(part.rawValue) for part in found),
     dtypes=['U8'], quantisation='8 bits linear')

linear = Model_pb2.Model(specificationVersion=1)
linear.glmRegressor.weights.add().value.extend([0.5] * 300)
linear.glmRegressor.offset.append(1)
(out / 'linear.mlmodel').write_bytes(linear.SerializeToString())
said('linear.mlmodel', format='coreml', architecture='GLM regressor', tensors=1, parameters=300, dtypes=['F64'])


@Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 64))])
def program(x):
    return Builder.linear(x=x, weight=weights.astype(numpy.float32), bias=numpy.ones(100, numpy.float32))


package = out / 'program.mlpackage'
coremltools.convert(program, convert_to='mlprogram', minimum_deployment_target=coremltools.target.iOS16,
                    skip_model_load=True).save(str(package))
inner = package / 'Data/com.apple.CoreML'
spec = Model_pb2.Model.FromString((inner / 'model.mlmodel').read_bytes())
found = []
for function in spec.mlProgram.functions.values():
    for block in function.block_specializations.values():
        for operation in block.operations:
            for value in operation.attributes.values():
                if value.WhichOneof('value') == 'blobFileValue':
                    kind = value.type.tensorType
                    sides = [side.constant.size for side in kind.dimensions]
                    found.append((MIL_pb2.DataType.Name(kind.dataType), int(numpy.prod(sides))))
facts = {
    'tensors': len(found),
    'parameters': sum(count for _, count in found),
    'dtypes': sorted({NAMES[name][0] for name, _ in found}),
    'bytes': sum(count * NAMES[name][1] for name, count in found),
}
said('program.mlpackage/', format='coreml', architecture='ML program', weights='external',
     parts=['weights/weight.bin'], missing_parts=None, **facts)
(out / 'weight.bin').write_bytes((inner / 'weights/weight.bin').read_bytes())
said('weight.bin', format='coreml-weights', weights='inside', **facts)
