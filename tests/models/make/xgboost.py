"""XGBoost: the same trees in JSON and in UBJSON."""

import json
import pathlib
import sys

# The folder of this script must not stand in for the library of the same name.
sys.path.pop(0)
import numpy
import xgboost

out = pathlib.Path(sys.argv[1])
numbers = numpy.random.RandomState(7)
data = xgboost.DMatrix(numbers.rand(200, 5), numbers.randint(0, 2, 200))
for booster, objective in [('gbtree', 'binary:logistic'), ('dart', 'reg:squarederror')]:
    model = xgboost.train({'objective': objective, 'booster': booster, 'max_depth': 3, 'nthread': 1}, data, 6)
    for extension in ['json', 'ubj']:
        file = f'{booster}.{extension}'
        model.save_model(out / file)
        print(json.dumps({
            'file': file, 'format': 'xgboost', 'version': xgboost.__version__, 'trees': model.num_boosted_rounds(),
            'features': model.num_features(), 'architecture': booster, 'objective': objective,
            'bytes': (out / file).stat().st_size, 'weights': 'inside', 'protection': 'plain',
        }))
