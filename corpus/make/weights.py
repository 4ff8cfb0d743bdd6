#!/usr/bin/env python3
"""Makes corpus/formats/{ggml,executorch,skops,weights-index,lz4}/* and pickle/runs-code: tiny models, small numbers.

skops and lz4 are written by their libraries. ggml and ExecuTorch (a FlatBuffer by program.fbs) are put together by their
documents, because what writes them is too large to install for this.
Usage: python3 weights.py, with skops, scikit-learn, lz4 and flatbuffers installed.
"""
import io, json, pathlib, pickle, shutil, struct, zipfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent


def place(name, case, *files):
    folder = CORPUS / "formats" / name / case / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, data in files:
        (folder / file).write_bytes(data)


def floats(count):
    return struct.pack(f"<{count}f", *range(count))


def ggml():
    def tensor(name, shape, kind, data):
        return struct.pack(f"<III{len(shape)}I", len(shape), len(name), kind, *shape) + name.encode() + data
    out = b"lmgg" + struct.pack("<11I", 3, 1500, 8, 2, 1, 448, 8, 2, 1, 80, 0) + struct.pack("<II", 2, 3) + floats(6)
    out += struct.pack("<I", 3) + b"".join(struct.pack("<I", len(word)) + word for word in [b"calm", b"tide", b"storm"])
    out += tensor("decoder.positional_embedding", [8, 4], 0, floats(32))
    place("ggml", "whisper", ("ggml-harbour.bin", out + tensor("encoder.conv1.bias", [8, 1], 0, floats(8))))


def executorch():
    import flatbuffers
    b = flatbuffers.Builder(1024)

    def vector(items):
        b.StartVector(4, len(items), 4)
        for item in reversed(items):
            b.PrependUOffsetTRelative(item)
        return b.EndVector()

    def table(fields, **slots):
        b.StartObject(fields)
        for slot, (kind, value) in slots.items():
            slot = int(slot[1:])
            {"table": b.PrependUOffsetTRelativeSlot, "u8": b.PrependUint8Slot, "u32": b.PrependUint32Slot,
             "u64": b.PrependUint64Slot}[kind](slot, value, 0)
        return b.EndObject()

    b.StartVector(4, 2, 4)
    for side in [6, 4]:
        b.PrependInt32(side)
    sizes = b.EndVector()
    tensor = table(10, _0=("u8", 6), _2=("table", sizes), _5=("u32", 1))
    value = table(2, _0=("u8", 5), _1=("table", tensor))
    name, backend = b.CreateString("forward"), b.CreateString("XnnpackBackend")
    delegates = vector([table(3, _0=("table", backend))])
    values = vector([value])
    plans = vector([table(9, _0=("table", name), _2=("table", values), _7=("table", delegates))])
    segments = vector([table(2, _1=("u64", 96))])
    b.Finish(table(8, _1=("table", plans), _4=("table", segments)), b"ET12")
    program = bytes(b.Output())
    root, = struct.unpack_from("<I", program)
    size = (len(program) + 32 + 63) // 64 * 64
    header = b"eh00" + struct.pack("<IQQQ", 32, len(program) + 32, size, 96)
    program = struct.pack("<I", root + 32) + b"ET12" + header + program[8:]
    place("executorch", "forged", ("model.pte", program.ljust(size, b"\0") + floats(24)))


def skops():
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from skops.io import dumps
    model = LogisticRegression().fit(np.array([[0.0, 1], [1, 0], [2, 2], [3, 1]]), [0, 0, 1, 1])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(dumps(model))) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            target.writestr(zipfile.ZipInfo(entry.filename, (2026, 3, 1, 0, 0, 0)), source.read(entry))
    place("skops", "logistic-regression", ("model.skops", out.getvalue()))


def index():
    names = [f"harbour-{part:05}-of-00003.safetensors" for part in (1, 2, 3)]
    weights = {f"layers.{layer}.weight": names[layer] for layer in range(3)}
    header = json.dumps({"layers.0.weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    place("weights-index", "one-part-missing",
          ("harbour.safetensors.index.json", json.dumps({"metadata": {"total_size": 48}, "weight_map": weights}).encode()),
          *((name, struct.pack("<Q", len(header)) + header + floats(4)) for name in names[:2]))


def lz4():
    import lz4.frame
    place("lz4", "text", ("notes.txt.lz4", lz4.frame.compress(b"The pilot boards at the outer buoy.\n" * 40)))
    model = pickle.dumps({"tides": [1.5, 2.5], "harbour": "north"}, 4)
    place("lz4", "pickle", ("model.joblib", lz4.frame.compress(model)))


def llamafile():
    out = io.BytesIO()
    out.write(b"MZqFpD='\n' <<'jartsr'\nexec the harbour\n".ljust(512, b"\0"))
    model = (CORPUS / "formats/gguf/one-tensor/input/model.gguf").read_bytes()
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(zipfile.ZipInfo(".args", (2026, 3, 1, 0, 0, 0)), "-m\nharbour.gguf\n")
        archive.writestr(zipfile.ZipInfo("harbour.gguf", (2026, 3, 1, 0, 0, 0)), model)
    place("zip", "llamafile", ("harbour.llamafile", out.getvalue()))


def runs_code():
    harmless = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
    place("pickle", "runs-code", ("model.bin", harmless))


for make in [ggml, executorch, skops, index, lz4, llamafile, runs_code]:
    make()
