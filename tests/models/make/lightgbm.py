"""LightGBM: trees as text, trained from a file, whose path ends up in the model."""

import json
import pathlib
import sys

# The folder of this script must not stand in for the library of the same name.
sys.path.pop(0)
import lightgbm
import numpy

out = pathlib.Path(sys.argv[1])
numbers = numpy.random.RandomState(7)
numpy.savetxt(out / 'customers.csv', numpy.column_stack([numbers.randint(0, 2, 300), numbers.rand(300, 4)]), delimiter=',')
data = lightgbm.Dataset(str(out / 'customers.csv'))
model = lightgbm.train({'objective': 'binary', 'num_leaves': 7, 'verbose': -1, 'num_threads': 1}, data, 5)
model.save_model(out / 'model.txt')
print(json.dumps({
    'file': 'model.txt', 'format': 'lightgbm', 'version': 'v4', 'trees': model.num_trees(), 'features': model.num_feature(),
    'objective': 'binary', 'bytes': (out / 'model.txt').stat().st_size, 'weights': 'inside', 'protection': 'plain',
}))
