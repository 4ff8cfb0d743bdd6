"""PyTorch's files, forged: torch is too large to install for this. Zip and legacy files as torch.save writes them.

The pickles are written by Python's own pickler, with stand-ins that have the names of torch's classes.
"""
import collections
import json
import pathlib
import pickle
import struct
import sys
import types
import io
import zipfile

out = pathlib.Path(sys.argv[1])


def module(name, **members):
    made = types.ModuleType(name)
    for key, member in members.items():
        member.__module__, member.__qualname__ = name, key
        setattr(made, key, member)
    sys.modules[name] = made


def _rebuild_tensor_v2(*arguments):
    return arguments


SIZES = {"FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "BFloat16Storage": ("BF16", 2), "LongStorage": ("I64", 8)}
CLASSES = {name: type(name, (), {}) for name in SIZES}
module("torch", **CLASSES)
module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2)


class Storage:
    def __init__(self, key, kind, elements):
        self.key, self.kind, self.elements = str(key), kind, elements
        self.data = bytes(range(256)) * (elements * SIZES[kind][1] // 256 + 1)
        self.data = self.data[:elements * SIZES[kind][1]]


class Tensor:
    def __init__(self, storage, shape, offset=0):
        self.storage, self.shape, self.offset = storage, shape, offset

    def __reduce__(self):
        strides = tuple(1 for _ in self.shape)
        return _rebuild_tensor_v2, (self.storage, self.offset, self.shape, strides, False, collections.OrderedDict())


def pickled(value, legacy):
    class Pickler(pickle._Pickler):
        def persistent_id(self, item):
            if not isinstance(item, Storage):
                return None
            return ("storage", CLASSES[item.kind], item.key, "cpu", item.elements, *((None,) if legacy else ()))
    stream = io.BytesIO()
    Pickler(stream, 2).dump(value)
    return stream.getvalue()


def save(file, value, storages, legacy=False, extra=()):
    if legacy:
        parts = [pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2),
                 pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, 2), pickled(value, True),
                 pickle.dumps(sorted(storage.key for storage in storages), 2)]
        for storage in sorted(storages, key=lambda storage: storage.key):
            parts.append(struct.pack("<q", storage.elements) + storage.data)
        (out / file).write_bytes(b"".join(parts))
        return
    with zipfile.ZipFile(out / file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(value, False))
        archive.writestr("archive/byteorder", "little")
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.data)
        archive.writestr("archive/version", "3\n")
        for name, content in extra:
            archive.writestr(f"archive/{name}", content)
    (out / file).write_bytes(with_wide_records((out / file).read_bytes()))


def with_wide_records(data):
    """PyTorch writes the zip64 records at the end whatever the sizes are; zipfile only where they are needed."""
    end = len(data) - 22
    count, size, offset = struct.unpack("<10xHII", data[end:end + 20])
    wide = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, offset)
    return data[:end] + wide + struct.pack("<IIQI", 0x07064B50, 0, end, 1) + data[end:]


def product(shape):
    result = 1
    for side in shape:
        result *= side
    return result


def said(file, tensors, storages, **facts):
    distinct = {(tensor.storage.key, tensor.offset, product(tensor.shape)) for tensor in tensors}
    print(json.dumps({"file": file, "tensors": len(tensors), "parameters": sum(item[2] for item in distinct),
                      "dtypes": sorted({SIZES[tensor.storage.kind][0] for tensor in tensors}),
                      "bytes": sum(len(storage.data) for storage in storages), "producer": "PyTorch", **facts}))


storages = [Storage(0, "FloatStorage", 640), Storage(1, "HalfStorage", 128), Storage(2, "BFloat16Storage", 96), Storage(3, "LongStorage", 8)]
tensors = [Tensor(storages[0], (20, 32)), Tensor(storages[1], (128,)), Tensor(storages[2], (12, 8)), Tensor(storages[3], (8,)),
           # A tied weight: the same numbers under a second name.
           Tensor(storages[0], (20, 32))]
state = collections.OrderedDict((f"layers.{index}.weight", tensor) for index, tensor in enumerate(tensors))
save("model.pt", state, storages)
said("model.pt", tensors, storages, format="pytorch", version="3", kind=None)
save("model.pth", state, storages, legacy=True)
said("model.pth", tensors, storages, format="pytorch-legacy", kind=None, code=None, foreign=None)
moments = [Storage(4, "FloatStorage", 640), Storage(5, "FloatStorage", 640)]
views = [Tensor(storage, (20, 32)) for storage in moments]
optimizer = {"state": {0: {"step": 3, "exp_avg": views[0], "exp_avg_sq": views[1]}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
save("checkpoint.pt", {"epoch": 3, "model": state, "optimizer_state_dict": optimizer}, storages + moments)
said("checkpoint.pt", tensors + views, storages + moments, format="pytorch", kind="checkpoint",
     training=["epoch", "exp_avg", "exp_avg_sq", "optimizer_state_dict", "param_groups", "step"])
script = [("constants.pkl", b"\x80\x02)."), ("code/__torch__.py", b"class Net(Module):\n  pass\n")]
save("script.pt", state, storages, extra=script)
said("script.pt", tensors, storages, format="torchscript")
save("script.ptl", state, storages, extra=[*script, ("bytecode.pkl", b"\x80\x02).")])
said("script.ptl", tensors, storages, format="torchscript-lite")
