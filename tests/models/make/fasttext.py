"""fastText: vectors of words, and a classifier, whole and quantised; and the same words as word2vec text and binary."""

import json
import pathlib
import struct
import sys

# The folder of this script must not stand in for the library of the same name.
sys.path.pop(0)
import fasttext

out = pathlib.Path(sys.argv[1])
words = 'harbour tide pilot quay mooring vessel berth anchor chart lighthouse buoy channel draught'.split()
lines = [' '.join(words[(i * k) % len(words)] for k in range(1, 9)) for i in range(1, 400)]
(out / 'words.txt').write_text('\n'.join(lines))
(out / 'labels.txt').write_text('\n'.join(f'__label__{"sea" if i % 2 else "land"} {line}' for i, line in enumerate(lines)))


def said(file, **facts):
    print(json.dumps({'file': file, **facts}))


def sizes(model):
    first, second = model.get_input_matrix().shape, model.get_output_matrix().shape
    return {'tensors': 2, 'parameters': first[0] * first[1] + second[0] * second[1], 'dtypes': ['F32']}


quiet = {'thread': 1, 'verbose': 0, 'epoch': 1, 'dim': 12, 'bucket': 500}
for kind in ['cbow', 'skipgram']:
    model = fasttext.train_unsupervised(str(out / 'words.txt'), model=kind, minCount=1, **quiet)
    model.save_model(str(out / f'{kind}.bin'))
    said(f'{kind}.bin', format='fasttext', architecture=kind, vectors=len(model.words), features=12, **sizes(model))
vectors = {word: model.get_word_vector(word) for word in model.words}
model = fasttext.train_supervised(str(out / 'labels.txt'), wordNgrams=2, **quiet)
model.save_model(str(out / 'classifier.bin'))
said('classifier.bin', format='fasttext', architecture='supervised', features=12, **sizes(model))
model.quantize(str(out / 'labels.txt'), retrain=False, verbose=0)
model.save_model(str(out / 'classifier.ftz'))
said('classifier.ftz', format='fasttext', architecture='supervised', features=12, quantisation='product quantisation')

# The forms of word2vec have no library of their own any more: written as its distance.c reads them.
with open(out / 'vectors.txt', 'w') as text, open(out / 'vectors.w2v', 'wb') as binary:
    text.write(f'{len(vectors)} 12\n')
    binary.write(f'{len(vectors)} 12\n'.encode())
    for word, vector in vectors.items():
        text.write(f'{word} {" ".join(f"{x:.5f}" for x in vector)}\n')
        binary.write(word.encode() + b' ' + struct.pack('<12f', *vector) + b'\n')
for file in ['vectors.txt', 'vectors.w2v']:
    said(file, format='word2vec', vectors=len(vectors), features=12, parameters=len(vectors) * 12)
