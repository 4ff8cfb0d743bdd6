"""Inputs that are made, the same on every machine."""

import json
import random
import struct
import tarfile
import zipfile

# Ends of names of the texts that maps and bundles are made of.
SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx")
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"


def scripts(folder, smallest=0, largest=1 << 62):
    """The scripts below a folder, in the order of their names, as name and text."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in SCRIPTS and path.is_file() and smallest <= path.stat().st_size <= largest:
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def mappings(size, numbers):
    """Mappings of exactly so many bytes. All steps go forward, so that every position in them exists."""
    segments = [f"{DIGITS[2 * a]}A{DIGITS[2 * b]}{DIGITS[2 * c]}" for a in range(1, 16) for b in (0, 0, 0, 1) for c in range(16)]
    ends = [","] * 12 + [";"]
    parts, length = [], 0
    while length < size - 5:
        parts.append(segments[int(numbers.random() * len(segments))] + ends[int(numbers.random() * len(ends))])
        length += 5
    return "".join(parts).ljust(size, ";")


def source_map(texts, path, size):
    """A map of exactly `size` bytes: seven tenths of it are embedded texts, one line each in JSON, the rest mappings."""
    names, contents, room = [], [], size * 7 // 10
    for name, text in texts:
        written = json.dumps(text, ensure_ascii=False)
        if len(written.encode()) + len(name) + 20 > room:
            continue
        names.append(f"../src/{name}")
        contents.append(written)
        room -= len(written.encode()) + len(name) + 20
    start = '{"version":3,"file":"cli.js","sources":' + json.dumps(names) + ',"sourcesContent":[' + ",".join(contents) + '],"names":[],"mappings":"'
    end = '"}'
    rest = size - len(start.encode()) - len(end)
    path.write_text(start + mappings(rest, random.Random(1)) + end, encoding="utf-8")
    assert path.stat().st_size == size
    return len(names)


def bundle(texts, path, size):
    """Scripts one after another on a single line, `size` bytes of them: from the start again, where they are too few."""
    lines = []
    for _, text in texts:
        lines.extend(line for line in text.splitlines() if "sourceMappingURL=" not in line)
    line = " ".join(lines).encode()
    path.write_bytes((line * (size // len(line) + 1))[:size])


def gguf(path, size, tensors=291, words=32_000):
    """A model as llama.cpp writes it: metadata with a vocabulary, a list of tensors, and weights that are a hole in the
    file."""

    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    pairs = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    pairs.append(text("general.name") + struct.pack("<I", 8) + text("made for a benchmark"))
    pairs.append(text("llama.block_count") + struct.pack("<II", 4, 32))
    vocabulary = b"".join(text(f"▁word{number}") for number in range(words))
    pairs.append(text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, words) + vocabulary)
    scores = struct.pack(f"<{words}f", *(-float(number) for number in range(words)))
    pairs.append(text("tokenizer.ggml.scores") + struct.pack("<IIQ", 9, 6, words) + scores)
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors, len(pairs)) + b"".join(pairs)
    # Weights of four bytes each, in equal shares, every tensor at a multiple of 32.
    share = (size - len(head) - 128 * tensors) // tensors // 128 * 32
    listed = b"".join(
        text(f"blk.{number}.weight") + struct.pack("<IQIQ", 1, share, 0, number * share * 4) for number in range(tensors)
    )
    head += listed
    head += bytes(-len(head) % 32)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + share * 4 * tensors)


def small_set(folder, archives):
    """A few packages of words, unpacked and as archives: enough to see that everything runs."""
    numbers = random.Random(2)
    words = ["const", "return", "value", "items", "=>", "(", ")", "{", "}", "index", "state", "'text'", "+", "await", "null"]
    line = lambda: " ".join(words[int(numbers.random() * len(words))] for _ in range(12)) + ";\n"
    for name in ["one-1.0.0", "two-2.0.0", "three-3.0.0", "four-4.0.0"]:
        package = folder / name
        (package / "lib").mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": name[:-6], "version": name[-5:]}))
        for number in range(40):
            (package / f"lib/{number}.js").write_text("".join(line() for _ in range(5 * number)))
        if name < "one":
            with zipfile.ZipFile(archives / f"{name}.whl", "w", zipfile.ZIP_DEFLATED) as held:
                for path in sorted(package.rglob("*")):
                    held.write(path, path.relative_to(package))
        else:
            with tarfile.open(archives / f"{name}.tgz", "w:gz") as held:
                held.add(package, "package")
