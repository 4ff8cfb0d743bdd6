"""h5py and Keras (on OpenVINO, which is here anyway): data sets in every kind of group, and models with and without the state of an optimizer."""

import json
import os
import pathlib
import sys

os.environ['KERAS_BACKEND'] = 'openvino'

import h5py
import keras
import numpy

out = pathlib.Path(sys.argv[1])
SHORT = {'float32': 'F32', 'float16': 'F16', 'float64': 'F64', 'uint32': 'U32', 'uint8': 'U8', 'int64': 'I64', 'bool': 'BOOL'}


def said(file, **facts):
    print(json.dumps({'file': file, **facts}))


def counted(path):
    """What h5py finds, without texts and the state of an optimizer."""
    found = []

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in 'fiub' and item.size and not name.startswith('optimizer'):
            found.append(item)

    with h5py.File(path) as file:
        file.visititems(note)
        return {
            'tensors': len(found),
            'parameters': int(sum(item.size for item in found)),
            'dtypes': sorted({SHORT[item.dtype.name] for item in found}),
        }


# Old and new groups, with few links and with so many that their index has several levels.
for version in ['earliest', 'latest']:
    for ordered in [False, True]:
        for count in [3, 40, 1500]:
            name = f'{version}-{"ordered" if ordered else "plain"}-{count}.h5'
            with h5py.File(out / name, 'w', libver=version, track_order=ordered) as file:
                for index in range(count):
                    file.create_dataset(f'layer{index}', data=numpy.full((2, 3 + index % 5), 0.5, numpy.float32))
                file.create_dataset('deep/er/halves', data=numpy.full((800, 900), 0.25, numpy.float16))
                file.create_dataset('packed', data=numpy.arange(5000), chunks=(100,), compression='gzip')
                file.create_dataset('flags', data=numpy.ones(9, bool))
                file.create_dataset('name', data='harbour')
            said(name, format='hdf5', weights='inside', **counted(out / name))
with h5py.File(out / 'behind-a-block.h5', 'w', userblock_size=1024) as file:
    file.create_dataset('weights', data=numpy.full((600, 600), 0.5, numpy.float64))
said('behind-a-block.h5', format='hdf5', weights='inside', **counted(out / 'behind-a-block.h5'))

keras.utils.set_random_seed(7)
model = keras.Sequential([
    keras.Input((16,)),
    keras.layers.Dense(32, activation='relu'),
    keras.layers.BatchNormalization(),
    keras.layers.Dense(4),
], name='harbour')
facts = {
    'tensors': len(model.weights),
    'parameters': int(model.count_params()),
    'dtypes': sorted({SHORT[str(weight.dtype)] for weight in model.weights}),
}
model.save(out / 'model.keras')
said('model.keras', format='keras', architecture='Sequential', name='harbour', version=keras.__version__, **facts)
model.save_weights(out / 'model.weights.h5')
said('model.weights.h5', format='keras-hdf5', weights='inside', **facts)
model.save(out / 'model.h5')
said('model.h5', format='keras-hdf5', architecture='Sequential', name='harbour',
     producer=f'Keras {keras.__version__}', **facts)

model.compile('adam', 'mse')
model.optimizer.build(model.trainable_variables)
model.save(out / 'trained.keras')
state = len(model.optimizer.variables)
said('trained.keras', format='keras', training=[f'state of the optimizer ({state} tensors)'], **facts)
