"""Makes the models of trees, vectors, telephones and folders, and the data sets, in corpus/formats.

Needs the PyPI packages named in corpus/README.md. What has no library that can be installed is put together by its
document, and says so.
"""

import base64
import json
import os
import pathlib
import random
import struct

os.environ['OMP_NUM_THREADS'] = '1'

import catboost
import faiss
import fasttext
import lightgbm
import MNN
import msgpack
import thinc.api
import numpy
import pyarrow
import pyarrow.parquet
import sentencepiece
import xgboost

formats = pathlib.Path(__file__).resolve().parent.parent / 'formats'
numbers = numpy.random.RandomState(7)
rows, labels = numbers.rand(60, 3), numbers.randint(0, 2, 60)


def place(name, case, file):
    folder = formats / name / case / 'input'
    folder.mkdir(parents=True, exist_ok=True)
    return folder / file


# Trees.
model = xgboost.train({'objective': 'binary:logistic', 'max_depth': 2, 'nthread': 1}, xgboost.DMatrix(rows, labels), 2)
model.save_model(place('xgboost', 'json', 'tide.json'))
model.save_model(place('xgboost', 'ubjson', 'tide.ubj'))
model = lightgbm.train({'objective': 'binary', 'num_leaves': 3, 'verbose': -1, 'num_threads': 1}, lightgbm.Dataset(rows, labels), 2)
model.save_model(place('lightgbm', 'text', 'tide.txt'))
model = catboost.CatBoostClassifier(iterations=2, depth=1, verbose=False, thread_count=1, allow_writing_files=False)
model.fit(rows, labels)
model.save_model(str(place('catboost', 'two-trees', 'tide.cbm')))

# Vectors.
vectors = numbers.rand(20, 4).astype('float32')
index = faiss.IndexFlatL2(4)
index.add(vectors)
faiss.write_index(index, str(place('faiss', 'flat', 'quays.index')))
words = 'harbour tide pilot quay mooring vessel'.split()
text = place('fasttext', 'skipgram', 'words.bin').parent / 'words.txt'
text.write_text('\n'.join(' '.join(words[(i * k) % 6] for k in range(1, 6)) for i in range(1, 100)))
model = fasttext.train_unsupervised(str(text), model='skipgram', dim=4, bucket=20, epoch=1, thread=1, minCount=1, verbose=0)
model.save_model(str(text.with_name('words.bin')))
text.unlink()
with open(place('word2vec', 'text', 'words.vec'), 'w') as out, open(place('word2vec', 'binary', 'words.w2v'), 'wb') as binary:
    out.write(f'{len(words)} 4\n')
    binary.write(f'{len(words)} 4\n'.encode())
    for word, vector in zip(words, vectors):
        out.write(f'{word} {" ".join(f"{x:.4f}" for x in vector)}\n')
        binary.write(word.encode() + b' ' + struct.pack('<4f', *vector) + b'\n')
# By hnswalg.h: three elements of four dimensions.
links, label = 16 * 2 * 4 + 4, 16 * 2 * 4 + 4 + 16
header = struct.pack('<6QiIQQQdQ', 0, 10, 3, label + 8, label, links, 0, 0, 16, 32, 16, 0.36, 200)
elements = b''.join(bytes(links) + v.tobytes() + struct.pack('<Q', i) for i, v in enumerate(vectors[:3]))
place('hnswlib', 'three-vectors', 'quays.bin').write_bytes(header + elements + bytes(12))
# By annoylib.h: twenty items and two roots.
nodes = [struct.pack('<iii', 1, 0, 0) + v.tobytes() for v in vectors]
nodes += [struct.pack('<iii', below, 0, 1) + vectors[0].tobytes() for below in (12, 20)]
place('annoy', 'twenty-vectors', 'quays.ann').write_bytes(b''.join(nodes))

# Tokenizers and folders.
text = place('sentencepiece', 'bpe', 'pieces.model').parent / 'corpus.txt'
text.write_text('\n'.join(' '.join(words[(i * k) % 6] for k in range(1, 6)) for i in range(1, 100)))
here = os.getcwd()
os.chdir(text.parent)
sentencepiece.SentencePieceTrainer.train(input='corpus.txt', model_prefix='pieces', vocab_size=26, model_type='bpe', minloglevel=2)
os.chdir(here)
text.unlink()
text.with_name('pieces.vocab').unlink()


def write(name, case, file, value):
    place(name, case, file).parent.mkdir(parents=True, exist_ok=True)
    target = place(name, case, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(value, indent=2) + '\n')


write('model-folder', 'transformers', 'config.json', {'architectures': ['PilotForCausalLM'], 'hidden_size': 64, 'model_type': 'pilot', 'transformers_version': '4.46.0'})
write('model-folder', 'adapter', 'adapter_config.json', {'base_model_name_or_path': 'tidewater/pilot', 'peft_type': 'LORA', 'r': 8})
write('model-folder', 'spacy', 'meta.json', {'lang': 'en', 'name': 'harbour', 'version': '1.0', 'spacy_version': '>=3.7', 'author': 'Tidewater', 'license': 'MIT', 'pipeline': ['tagger'], 'disabled': []})
write('model-folder', 'diffusers', 'model_index.json', {'_class_name': 'TidePipeline', '_diffusers_version': '0.31.0', 'unet': ['diffusers', 'UNet2DModel'], 'scheduler': ['diffusers', 'DDPMScheduler']})
place('model-folder', 'diffusers', 'unet').mkdir(exist_ok=True)
(place('model-folder', 'diffusers', 'unet') / 'config.json').write_text('{\n  "_class_name": "UNet2DModel",\n  "_diffusers_version": "0.31.0"\n}\n')

# Arrays.
array = numpy.ones((4, 3), numpy.float32)
arrays = {'params': {'Dense_0': {'bias': numpy.zeros(3, numpy.float32), 'kernel': array}}}
packed = msgpack.packb(arrays, default=lambda a: msgpack.ExtType(1, msgpack.packb((a.shape, a.dtype.name, a.tobytes()))))
place('flax', 'one-layer', 'flax_model.msgpack').write_bytes(packed)

# thinc writes what spaCy calls the model of a component.
layers = thinc.api.chain(thinc.api.Relu(nO=8, nI=4), thinc.api.Softmax(nO=3, nI=8))
layers.initialize()
for layer in layers.walk():
    for name in layer.param_names:
        layer.set_param(name, numpy.full(layer.get_param(name).shape, 0.5, numpy.float32))
place('thinc', 'spacy', 'tagger').mkdir(exist_ok=True)
(place('thinc', 'spacy', 'tagger') / 'model').write_bytes(layers.to_bytes())
(place('thinc', 'spacy', 'tagger') / 'cfg').write_text('{}')
write('thinc', 'spacy', 'meta.json', {'lang': 'en', 'name': 'harbour', 'version': '1.0', 'spacy_version': '>=3.7', 'author': 'Tidewater', 'license': 'MIT', 'pipeline': ['tagger'], 'disabled': []})

# Telephones and boards.
place('ncnn', 'text', 'net.param').write_text(
    '7767517\n3 3\nInput data 0 1 data 0=8 1=8 2=3\nConvolution conv1 1 1 data conv1 0=4 1=3 6=108 5=1\n'
    'InnerProduct fc 1 1 conv1 fc 0=2 1=1 2=288\n')
place('ncnn-weights', 'half', 'net.bin').write_bytes(struct.pack('<I', 0x01306B47) + numpy.ones(108, numpy.float16).tobytes())
F = MNN.expr
image = F.placeholder([1, 3, 8, 8], F.NCHW)
image.name = 'input'
weight = F.const(numpy.ones(108, numpy.float32), [4, 3, 3, 3], F.NCHW)
result = F.conv2d(F.convert(image, F.NC4HW4), weight, F.const(numpy.ones(4, numpy.float32), [4], F.NCHW))
F.save([result], str(place('mnn', 'one-layer', 'net.mnn')))
target = json.dumps({'target_platform': ['rk3588']}).encode()
random.seed(7)
# By readers of the format.
body = random.randbytes(200)
place('rknn', 'plain', 'net.rknn').write_bytes(b'RKNN\0\0\0\0' + struct.pack('<QQ', 6, 200) + body + struct.pack('<Q', len(target)) + target)
place('rknn', 'encrypted', 'net.rknn').write_bytes(b'CYPTRKNN' + struct.pack('<Q', 2) + random.randbytes(200))
place('vendor-model', 'circle', 'net.circle').write_bytes(struct.pack('<I', 20) + b'CIR0' + random.randbytes(400))

# Models that others carry, and noise.
tensors = json.dumps({'w': {'dtype': 'F32', 'shape': [10, 20], 'data_offsets': [0, 800]}}).encode()
safetensors = struct.pack('<Q', len(tensors)) + tensors + numpy.ones(200, numpy.float32).tobytes()
place('base64-model', 'module', 'index.js').write_text(f'module.exports = decode("{base64.b64encode(safetensors).decode()}");\n')


def leb(value):
    digits = bytearray()
    while True:
        digits.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(digits)


memory = b'\x05\x03\x01\x00\x01'
data = b'\x01\x00\x41\x80\x08\x0b' + leb(len(safetensors)) + safetensors
place('embedded-model', 'wasm-data', 'pilot.wasm').write_bytes(b'\0asm\1\0\0\0' + memory + b'\x0b' + leb(len(data)) + data)
place('unidentified', 'noise', 'net.onnx').write_bytes(random.randbytes(65536))

# Data sets.
table = pyarrow.table({'prompt': ['what is a quay?'] * 7, 'answer': ['a place'] * 7})
pyarrow.parquet.write_table(table, place('parquet', 'questions', 'train.parquet'))
with pyarrow.ipc.new_file(place('arrow', 'file', 'train.arrow'), table.schema) as out:
    out.write_table(table)
with pyarrow.ipc.new_stream(place('arrow', 'stream', 'train.arrows'), table.schema) as out:
    out.write_table(table)


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 * (value & 1))
    value ^= 0xFFFFFFFF
    return struct.pack('<I', ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data):
    size = struct.pack('<Q', len(data))
    return size + crc(size) + data + crc(data)


# By the documents of TensorFlow.
place('tfrecord', 'records', 'train.tfrecord').write_bytes(b''.join(record(f'row {i}'.encode()) for i in range(5)))
place('tfrecord', 'events', 'events.out.tfevents').write_bytes(record(b'\x09' + bytes(8) + b'\x1a\x0dbrain.Event:2') + record(b'\x09' + bytes(8)))
chat = [{'messages': [{'role': 'user', 'content': 'when is high tide?'}, {'role': 'assistant', 'content': f'at {i}'}]} for i in range(4)]
place('training-lines', 'conversations', 'train.jsonl').write_text(''.join(json.dumps(one) + '\n' for one in chat))
