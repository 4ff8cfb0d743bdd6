#!/usr/bin/env python3
"""Makes corpus/formats/<model format>/*: tiny models with weights that count upwards.

Written by the formats' own libraries (safetensors, onnx, numpy, joblib, h5py, tflite with flatbuffers). PyTorch is too
large to install for this: the same pickles are written here with stand-ins for its classes. GGUF is written by its
document.
Usage: python3 models.py, with those packages installed.
"""
import collections, io, json, pathlib, pickle, shutil, struct, sys, types, zipfile
import numpy as np

CORPUS = pathlib.Path(__file__).resolve().parent.parent


def place(name, case, file, data):
    folder = CORPUS / "formats" / name / case / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / file).write_bytes(data)


def safetensors():
    from safetensors.numpy import save
    tensors = {"berth.weight": np.arange(32, dtype=np.float32).reshape(8, 4), "berth.bias": np.zeros(8, np.float16)}
    place("safetensors", "two-tensors", "model.safetensors", save(tensors, {"format": "np", "licence": "MIT"}))


def onnx():
    from onnx import TensorProto, helper, numpy_helper
    weights = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(3, 4), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "harbour",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])], [weights])
    model = helper.make_model(graph, producer_name="tidewater", opset_imports=[helper.make_opsetid("", 17)])
    place("onnx", "one-layer", "model.onnx", model.SerializeToString())


def numpy():
    out = io.BytesIO()
    np.save(out, np.arange(24, dtype=np.float32).reshape(4, 6))
    place("npy", "matrix", "embeddings.npy", out.getvalue())
    out = io.BytesIO()
    np.savez_compressed(out, a=np.arange(10), b=np.ones((2, 2)))
    place("npz", "two-arrays", "arrays.npz", out.getvalue())


def joblibs():
    import joblib
    model = {"name": "harbour", "coefficients": np.arange(16, dtype=np.float64), "classes": ["calm", "storm"]}
    for case, compress, name in [("plain", 0, "pickle"), ("zlib", ("zlib", 3), "zlib-pickle")]:
        out = io.BytesIO()
        joblib.dump(model, out, compress=compress)
        place(name, "joblib" if name == "pickle" else case, "model.joblib", out.getvalue())
    place("pickle", "protocol-4", "model.pkl", pickle.dumps(model, 4))
    place("pickle", "protocol-0", "model.pkl", pickle.dumps({"depth": 3, "tides": [1.5, 2.5]}, 0))


def hdf5():
    import h5py
    def write(grouped):
        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            group = file.create_group("layers/dense/vars") if grouped else file
            group.create_dataset("0", data=np.arange(12, dtype=np.float32).reshape(3, 4))
            group.create_dataset("1", data=np.zeros(4, np.float32))
        return out.getvalue()
    place("hdf5", "two-data-sets", "data.h5", write(False))
    out = io.BytesIO()
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "harbour", "layers": [
        {"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 4}}]}}
    metadata = {"keras_version": "3.5.0", "date_saved": "2026-03-01@00:00:00"}
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in [("metadata.json", json.dumps(metadata)), ("config.json", json.dumps(config)),
                           ("model.weights.h5", write(True))]:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 0, 0, 0)), data)
    place("keras", "version-3", "model.keras", out.getvalue())


def torch():
    utils, root = types.ModuleType("torch._utils"), types.ModuleType("torch")

    def _rebuild_tensor_v2(*arguments):
        return arguments

    class FloatStorage:
        pass

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    FloatStorage.__module__, FloatStorage.__qualname__ = "torch", "FloatStorage"
    utils._rebuild_tensor_v2, root.FloatStorage, root._utils = _rebuild_tensor_v2, FloatStorage, utils
    sys.modules.update({"torch": root, "torch._utils": utils})
    data = np.arange(12, dtype="<f4").tobytes()

    class Storage:
        def __init__(self, legacy):
            tail = (None,) if legacy else ()
            self.key = ("storage", FloatStorage, "0", "cpu", 12, *tail)

    class Tensor:
        def __init__(self, legacy):
            self.storage = Storage(legacy)

        def __reduce__(self):
            return _rebuild_tensor_v2, (self.storage, 0, (3, 4), (4, 1), False, collections.OrderedDict())

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            return value.key if isinstance(value, Storage) else None

    def dumped(legacy):
        out = io.BytesIO()
        Pickler(out, 2).dump(collections.OrderedDict({"berth.weight": Tensor(legacy)}))
        return out.getvalue()

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in [("data.pkl", dumped(False)), ("byteorder", b"little"), ("data/0", data), ("version", b"3\n")]:
            archive.writestr(zipfile.ZipInfo("model/" + name, (2026, 3, 1, 0, 0, 0)), content)
    place("pytorch", "state-dict", "model.pt", out.getvalue())
    legacy = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    legacy += pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)
    legacy += dumped(True) + pickle.dumps(["0"], 2) + struct.pack("<q", 12) + data
    place("pytorch-legacy", "state-dict", "model.pth", legacy)


def tflite():
    import flatbuffers
    import tflite as t
    b = flatbuffers.Builder(1024)
    weights = np.arange(12, dtype="<f4").view(np.uint8)
    data = b.CreateNumpyVector(weights)
    buffers = []
    for content in [None, data]:
        t.BufferStart(b)
        if content is not None:
            t.BufferAddData(b, content)
        buffers.append(t.BufferEnd(b))
    name = b.CreateString("berth/weight")
    shape = b.CreateNumpyVector(np.array([3, 4], np.int32))
    t.TensorStart(b)
    t.TensorAddShape(b, shape)
    t.TensorAddType(b, 0)
    t.TensorAddBuffer(b, 1)
    t.TensorAddName(b, name)
    tensor = t.TensorEnd(b)

    def vector(start, items):
        start(b, len(items))
        for item in reversed(items):
            b.PrependUOffsetTRelative(item)
        return b.EndVector()

    tensors = vector(t.SubGraphStartTensorsVector, [tensor])
    graph_name = b.CreateString("main")
    t.SubGraphStart(b)
    t.SubGraphAddTensors(b, tensors)
    t.SubGraphAddName(b, graph_name)
    graph = t.SubGraphEnd(b)
    graphs = vector(t.ModelStartSubgraphsVector, [graph])
    all_buffers = vector(t.ModelStartBuffersVector, buffers)
    description = b.CreateString("made up for the corpus of lastlook")
    t.ModelStart(b)
    t.ModelAddVersion(b, 3)
    t.ModelAddSubgraphs(b, graphs)
    t.ModelAddDescription(b, description)
    t.ModelAddBuffers(b, all_buffers)
    b.Finish(t.ModelEnd(b), b"TFL3")
    place("tflite", "one-tensor", "model.tflite", bytes(b.Output()))


def gguf():
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()
    keys = [("general.architecture", "llama"), ("general.name", "harbour"), ("general.license", "mit")]
    out = b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys))
    for key, value in keys:
        out += text(key) + struct.pack("<I", 8) + text(value)
    out += text("token_embd.weight") + struct.pack("<IQQIQ", 2, 8, 4, 0, 0)
    out += b"\0" * (-len(out) % 32)
    place("gguf", "one-tensor", "model.gguf", out + np.arange(32, dtype="<f4").tobytes())


for make in [safetensors, onnx, numpy, joblibs, hdf5, tflite, gguf, torch]:
    make()
