"""FAISS: indexes of vectors."""

import json
import pathlib
import sys

# The folder of this script must not stand in for the library of the same name.
sys.path.pop(0)
import faiss
import numpy

out = pathlib.Path(sys.argv[1])
faiss.omp_set_num_threads(1)
vectors = numpy.random.RandomState(7).rand(500, 16).astype('float32')
kinds = {'Flat': 'IndexFlatL2', 'HNSW8': 'IndexHNSWFlat', 'IVF4,Flat': 'IndexIVFFlat', 'PQ4x4': 'IndexPQ', 'IDMap,Flat': 'IndexIDMap', 'SQ8': 'IndexScalarQuantizer', 'LSH': 'IndexLSH'}
for factory, architecture in kinds.items():
    index = faiss.index_factory(16, factory)
    index.train(vectors)
    if factory.startswith('IDMap'):
        index.add_with_ids(vectors, numpy.arange(500))
    else:
        index.add(vectors)
    file = factory.replace(',', '-') + '.index'
    faiss.write_index(index, str(out / file))
    print(json.dumps({
        'file': file, 'format': 'faiss', 'kind': 'index', 'vectors': index.ntotal, 'features': index.d, 'architecture': architecture,
        'bytes': (out / file).stat().st_size,
    }))
