"""pickle, joblib, cloudpickle, dill, skops and scikit-learn: pickled models, and what is in them once they are loaded."""
import io
import json
import pathlib
import pickle
import sys
import zipfile

sys.path.pop(0)
import cloudpickle
import dill
import joblib
import numpy as np
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

out = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(7)


def said(file, **facts):
    print(json.dumps({"file": file, **facts}))


def name(dtype):
    return {"f": "F", "i": "I", "u": "U"}[dtype.kind] + str(dtype.itemsize * 8)


def arrays_say(arrays):
    return {"tensors": len(arrays), "parameters": int(sum(array.size for array in arrays)),
            "bytes": int(sum(array.nbytes for array in arrays)), "dtypes": sorted({name(array.dtype) for array in arrays})}


arrays = {"weights": rng.standard_normal((200, 30)), "bias": np.ones(30, np.float32), "ids": np.arange(17, dtype=np.int16)}
for protocol in range(6):
    file = f"arrays-{protocol}.pkl"
    (out / file).write_bytes(pickle.dumps(arrays, protocol))
    loaded = pickle.loads((out / file).read_bytes())
    facts = {"not": {"javascript": "text is no base64"}} if protocol == 0 else {}
    said(file, format="pickle", producer="NumPy", code=None, indirect=None, foreign=None,
         **arrays_say(list(loaded.values())), **facts)
for compress, ending in [(0, "joblib"), (("zlib", 3), "joblib.z"), (("gzip", 3), "joblib.gz"), (("bz2", 3), "joblib.bz2"),
                         (("xz", 3), "joblib.xz"), (("lzma", 3), "joblib.lzma"), (("lz4", 3), "joblib.lz4")]:
    file = f"arrays.{ending}"
    joblib.dump(arrays, out / file, compress=compress)
    missed = {"javascript": "compression inside base64 is not undone"} if compress else {}
    if ending in ("joblib.z", "joblib.lzma", "joblib.lz4"):
        missed["executable"] = "behind a program, streams of this kind are not looked for"
    if ending == "joblib.lzma":
        missed["renamed"] = "this stream has no mark of its own"
    facts = {"not": missed} if missed else {}
    said(file, format="joblib", code=None, **arrays_say(list(joblib.load(out / file).values())), **facts)

data = rng.standard_normal((60, 7))
model = LogisticRegression(solver="liblinear", random_state=0).fit(data, data[:, 0] > 0)
model.classes_ = model.classes_.astype(np.int8)
joblib.dump(model, out / "logistic.joblib")
loaded = joblib.load(out / "logistic.joblib")
said("logistic.joblib", format="joblib", producer="scikit-learn", code=None, indirect=None, foreign=None,
     **arrays_say([value for value in vars(loaded).values() if isinstance(value, np.ndarray)]))
scaler = StandardScaler().fit(data)
skops.io.dump(scaler, out / "scaler.skops")
with zipfile.ZipFile(out / "scaler.skops") as archive:
    stored = [np.load(io.BytesIO(archive.read(entry))) for entry in archive.namelist() if entry.endswith(".npy")]
said("scaler.skops", format="skops", architecture=type(skops.io.load(out / "scaler.skops")).__name__, producer="scikit-learn",
     **arrays_say(stored))


def score(values):
    return values @ arrays["weights"]


def functions(dumps):
    return dumps({"score": score, "weights": arrays["weights"]})


cloudpickle.register_pickle_by_value(sys.modules[__name__])
for library, file in [(cloudpickle, "cloudpickle.pkl"), (dill, "dill.pkl")]:
    dill.settings["recurse"] = True
    (out / file).write_bytes(functions(library.dumps))
    assert library.loads((out / file).read_bytes())["weights"].size == 6000
    said(file, format="pickle", producer="NumPy", code=None, foreign=None, weights="inside")
