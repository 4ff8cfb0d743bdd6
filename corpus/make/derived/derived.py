"""Shortens what real tools wrote to what a case needs, and writes what needs Python."""

import json
import py_compile
import sys
from pathlib import Path

HOME = "/home/mreyes/tidewater"


def pack(source, target):
    """The start of a pack: its header and the first sections."""
    Path(target).write_bytes(Path(source).read_bytes()[:48])


def state(source, target):
    """The state of a build without the compiler's own declarations, of which there are dozens."""
    whole = json.loads(Path(source).read_text())
    own = sum("/typescript/lib/" in name for name in whole["fileNames"])
    whole["fileNames"] = whole["fileNames"][own:]
    whole["fileInfos"] = whole["fileInfos"][own:]
    whole["root"] = [number - own for number in whole["root"] if isinstance(number, int)]
    Path(target).write_text(json.dumps(whole, separators=(",", ":")))


def v8(source, target):
    """The scripts of the program, without those of Node.js."""
    whole = json.loads(Path(source).read_text())
    whole["result"] = [script for script in whole["result"] if script["url"].startswith("file:")]
    Path(target).write_text(json.dumps(whole, separators=(",", ":")))


def heap(source, target):
    """The longest texts that are the program's, and a few objects."""
    whole = json.loads(Path(source).read_text())
    for name in ("nodes", "edges", "locations", "samples", "trace_function_infos", "trace_tree"):
        whole[name] = whole[name][:14]
    own = [text for text in whole["strings"] if "pilot" in text]
    whole["strings"] = whole["strings"][:20] + own
    Path(target).write_text(json.dumps(whole, separators=(",", ":")))


def cython(source, target):
    """The first lines, and every comment that repeats lines of the original."""
    lines = Path(source).read_text().split("\n")
    kept, inside = lines[:3], False
    for line in lines[3:]:
        inside = inside or line.lstrip().startswith('/* "fast.pyx":')
        if inside:
            kept.append(line)
        inside = inside and not line.rstrip().endswith("*/")
    Path(target).write_text("\n".join(kept) + "\n")


def notebook(target):
    """Cells with an output that holds a credential, and one that names a person."""
    from nbformat import v4

    cells = [
        v4.new_markdown_cell("# Tides\n\nWhat the office publishes."),
        v4.new_code_cell(
            "import os\nprint(os.environ)",
            execution_count=1,
            outputs=[v4.new_output("stream", text="environ({'GITHUB_TOKEN': 'TOKEN', 'LANG': 'C'})\n")],
        ),
        v4.new_code_cell(
            "correct(4.1)",
            execution_count=2,
            outputs=[
                v4.new_output(
                    "error",
                    ename="NameError",
                    evalue="name 'correct' is not defined",
                    traceback=["Traceback (most recent call last)", f"File {HOME}/tides.py:3, in <module>"],
                )
            ],
        ),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    text = json.dumps(v4.new_notebook(cells=cells), indent=1) + "\n"
    Path(target).write_text(text.replace("TOKEN'", "ghp_<base62*30><crc32-base62-6>'").replace("GITHUB_ghp_<base62*30><crc32-base62-6>'", "GITHUB_TOKEN'"))


def bytecode(source, leaky, plain):
    """A module as the compiler writes it; in the leaky one a constant is to be filled in."""
    plain = Path(plain)
    plain.mkdir(parents=True, exist_ok=True)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(source, cfile=str(plain / "harbour.pyc"), dfile=f"{HOME}/harbour.py", invalidation_mode=mode)
    place = "@" * 40
    Path("secret.py").write_text(Path(source).read_text() + f'\nTOKEN = "{place}"\n')
    py_compile.compile("secret.py", cfile="secret.pyc", dfile=f"{HOME}/harbour.py", invalidation_mode=mode)
    before, after = Path("secret.pyc").read_bytes().split(place.encode())
    pieces = [{"hex": before.hex()}, {"template": "ghp_<base62*30><crc32-base62-6>"}, {"hex": after.hex()}]
    Path(leaky).mkdir(parents=True, exist_ok=True)
    recipe = {"app/harbour.pyc": pieces}
    (Path(leaky) / "generate.json").write_text(json.dumps(recipe, indent=1) + "\n")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
