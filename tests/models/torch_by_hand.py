"""Files by the real PyTorch, which is too large to install for every run. Usage: torch_by_hand.py OUTDIR, then

    for file in OUTDIR/*; do lastlook --no-config $file; done

Prints, as the makers do, what must be stated of each file.
"""

import json
import pathlib
import sys

import torch

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
SHORT = {torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.int64: 'I64', torch.bool: 'BOOL'}


def said(file, tensors, **facts):
    views = {(tensor.data_ptr(), tensor.numel()) for tensor in tensors}
    print(json.dumps({'file': file, 'tensors': len(tensors), 'parameters': sum(count for _, count in views),
                      'dtypes': sorted({SHORT[tensor.dtype] for tensor in tensors}), **facts}))


torch.manual_seed(7)
model = torch.nn.Sequential(torch.nn.Linear(64, 100), torch.nn.ReLU(), torch.nn.Linear(100, 20))
state = model.state_dict()
weights = list(state.values())
torch.save(state, out / 'state.pt')
said('state.pt', weights, format='pytorch')
torch.save(state, out / 'legacy.pth', _use_new_zipfile_serialization=False)
said('legacy.pth', weights, format='pytorch-legacy')
torch.save(model, out / 'whole.bin')
said('whole.bin', weights, format='pytorch', architecture='Sequential')
for name, kind in [('half.pt', torch.float16), ('bfloat.pt', torch.bfloat16)]:
    smaller = {key: value.to(kind) for key, value in state.items()}
    torch.save(smaller, out / name)
    said(name, list(smaller.values()), format='pytorch')
square = torch.rand(50, 40)
views = {'a': square, 'turned': square.t(), 'rows': square[10:20], 'ids': torch.arange(9), 'flags': torch.ones(7, dtype=torch.bool)}
torch.save(views, out / 'views.pt')
said('views.pt', list(views.values()), format='pytorch')
optimizer = torch.optim.Adam(model.parameters())
model(torch.rand(3, 64)).sum().backward()
optimizer.step()
everything = {'epoch': 3, 'model': state, 'optimizer_state_dict': optimizer.state_dict()}
torch.save(everything, out / 'checkpoint.ckpt')
kept = [value for one in optimizer.state_dict()['state'].values() for value in one.values() if torch.is_tensor(value)]
said('checkpoint.ckpt', weights + kept, format='pytorch', kind='checkpoint')
torch.jit.script(model).save(str(out / 'script.pt'))
said('script.pt', weights, format='torchscript')
torch.jit.script(model)._save_for_lite_interpreter(str(out / 'script.ptl'))
said('script.ptl', weights, format='torchscript-lite')
torch.jit.trace(model, torch.rand(1, 64)).save(str(out / 'trace.pt'))
said('trace.pt', weights, format='torchscript')
