"""safetensors and gguf: files of tensors, and what the libraries read back from them."""
import json
import pathlib
import sys

sys.path.pop(0)
import numpy as np
import safetensors
import safetensors.numpy
import gguf

out = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(7)


def said(file, **facts):
    print(json.dumps({"file": file, **facts}))


def safetensors_says(file):
    parameters, dtypes, size = 0, set(), 0
    with safetensors.safe_open(out / file, "np") as opened:
        names = list(opened.keys())
        for name in names:
            tensor = opened.get_tensor(name)
            parameters += tensor.size
            size += tensor.nbytes
            dtypes.add(opened.get_slice(name).get_dtype())
    return {"format": "safetensors", "tensors": len(names), "parameters": parameters, "bytes": size,
            "dtypes": sorted(dtypes), "protection": "plain", "weights": "inside"}


layers = {f"layers.{index}.weight": rng.standard_normal((64, 48)).astype(np.float32) for index in range(6)}
layers |= {"norm.bias": np.zeros(48, np.float16), "steps": np.arange(6, dtype=np.int64), "scale": np.array(0.5)}
safetensors.numpy.save_file(layers, out / "layers.safetensors", {
    "format": "np", "modelspec.title": "harbour", "license": "mit", "author": "Tidewater", "architecture": "pilot"})
said("layers.safetensors", name="harbour", license="mit", author="Tidewater", architecture="pilot", kind=None,
     **safetensors_says("layers.safetensors"))
adapter = {f"base_model.model.layers.{index}.q_proj.{part}.weight": rng.standard_normal(shape).astype(np.float16)
           for index in range(4) for part, shape in [("lora_A", (8, 64)), ("lora_B", (64, 8))]}
safetensors.numpy.save_file(adapter, out / "adapter.safetensors",
                            {"format": "pt", "ss_dataset_dirs": "{\"harbour\": {}}", "ss_sd_model_name": "base"})
said("adapter.safetensors", kind="adapter", base="base", training=["data sets"], producer="PyTorch",
     **safetensors_says("adapter.safetensors"))
optimizer = {f"state.{index}.{name}": rng.standard_normal((32, 32)).astype(np.float32)
             for index in range(3) for name in ("exp_avg", "exp_avg_sq")}
safetensors.numpy.save_file(optimizer, out / "optimizer.safetensors")
said("optimizer.safetensors", kind="checkpoint", training=["exp_avg", "exp_avg_sq"],
     **safetensors_says("optimizer.safetensors"))


def gguf_says(file, **facts):
    reader = gguf.GGUFReader(out / file)
    tensors = reader.tensors
    said(file, format="gguf", tensors=len(tensors), parameters=int(sum(tensor.n_elements for tensor in tensors)),
         bytes=int(sum(tensor.n_bytes for tensor in tensors)), dtypes=sorted({tensor.tensor_type.name for tensor in tensors}),
         architecture=reader.get_field("general.architecture").contents(), version="3", protection="plain", **facts)


def write(file, endianess, quantised, split=None):
    writer = gguf.GGUFWriter(out / file, "llama", endianess=endianess)
    writer.add_name("harbour")
    writer.add_author("Tidewater")
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_token_list([f"word{index}" for index in range(300)])
    writer.add_token_scores([0.5] * 300)
    if split:
        writer.add_uint16("split.no", split[0])
        writer.add_uint16("split.count", split[1])
    for index in range(4):
        weights = rng.standard_normal((64, 256)).astype(np.float32)
        writer.add_tensor(f"blk.{index}.attn_q.weight", weights)
        if quantised:
            for kind in (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.Q5_1):
                writer.add_tensor(f"blk.{index}.{kind.name}.weight", gguf.quants.quantize(weights, kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", np.ones(256, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


facts = {"name": "harbour", "author": "Tidewater", "license": "apache-2.0", "quantisation": "Q8_0"}
write("little.gguf", gguf.GGUFEndian.LITTLE, True)
gguf_says("little.gguf", **facts)
write("big.gguf", gguf.GGUFEndian.BIG, False)
gguf_says("big.gguf", **facts)
write("part.gguf", gguf.GGUFEndian.LITTLE, False, (1, 3))
gguf_says("part.gguf", shard="2 of 3", **facts)
