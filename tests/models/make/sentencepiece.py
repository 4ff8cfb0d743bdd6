"""SentencePiece: a tokenizer, and the path of the text that it was trained from."""

import json
import pathlib
import sys

# The folder of this script must not stand in for the library of the same name.
sys.path.pop(0)
import sentencepiece

out = pathlib.Path(sys.argv[1])
words = 'harbour tide pilot quay mooring vessel berth anchor chart lighthouse buoy channel draught'.split()
text = '\n'.join(' '.join(words[(i * k) % len(words)] for k in range(1, 9)) for i in range(1, 200))
(out / 'corpus.txt').write_text(text)
for kind in ['unigram', 'bpe']:
    sentencepiece.SentencePieceTrainer.train(
        input=str(out / 'corpus.txt'), model_prefix=str(out / kind), vocab_size=34, model_type=kind, minloglevel=2)
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(out / f'{kind}.model'))
    print(json.dumps({
        'file': f'{kind}.model', 'format': 'sentencepiece', 'kind': 'tokenizer', 'vocabulary': tokenizer.get_piece_size(),
        'weights': 'none', 'architecture': kind,
    }))
