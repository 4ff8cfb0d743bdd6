"""Says what the source maps of a package archive give away, without any code of lastlook.

usage: facts.py ARCHIVE     (an npm .tgz or a wheel)

Writes JSON: {"files": N, "root": FOLDER, "maps": {PATH: {"rule": …, "facts": {…}}}, "dangling": {PATH: [URL, …]}},
where PATH is the path inside the archive and FOLDER its first part. Written from ECMA-426 and from the meaning of the
facts in `lastlook formats`, with json, tarfile and zipfile only, so that a mistake in one of the two readers shows as a
difference. Which sources are undisclosed is found by comparing texts themselves, not hashes of them.
"""

import base64
import json
import posixpath
import re
import sys
import tarfile
import urllib.parse
import zipfile

RUNTIMES = ("/tslib/tslib.", "/core-js/internals/", "/core-js/modules/", "/regenerator-runtime/runtime.",
            "/@babel/runtime/helpers/")
GENERATED = ("webpack/bootstrap", "webpack/runtime/", "webpack/universalModuleDefinition", "(webpack)/",
             "webpack/startup", "\0", "<anon>")
STAND_INS = ("external ", "ignored|", "multi ", "delegated ", "dll ")
COMMENT = re.compile(rb"(?://|/\*)[#@]\s*sourceMappingURL=([^\s\"'`<\\)]+?)\s*(?:\*/\s*)?$", re.MULTILINE)
INLINE = re.compile(rb"sourceMappingURL=data:([^,\s\"'`]*),([^\s\"'`<\\)]+)")


def read(archive):
    """The regular files of the archive, by name."""
    if archive.endswith(".whl"):
        with zipfile.ZipFile(archive) as wheel:
            return {item.filename: wheel.read(item) for item in wheel.infolist() if not item.is_dir()}
    with tarfile.open(archive, "r:gz") as tar:
        return {item.name: tar.extractfile(item).read() for item in tar if item.isfile()}


def identity(text):
    """What stays of a text when line ends, a byte order mark and white space at its end do not count."""
    text = text[3:] if text.startswith(b"\xef\xbb\xbf") else text
    text = text.rstrip(b" \t\n\r\f")
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def is_text(data):
    return b"\0" not in data[:4096]


def load(data):
    """The source map in data, or None."""
    data = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    if data.startswith(b")]}'"):
        data = data.partition(b"\n")[2]
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        value = json.loads(data)
    except ValueError:
        return None
    lists = isinstance(value.get("sources"), list) or isinstance(value.get("sections"), list)
    return value if lists and ("mappings" in value or value.get("version") == 3) else None


def sources(value):
    """Full name and text of every source, those of sections included."""
    names, texts = value.get("sources") or [], value.get("sourcesContent") or []
    root = value.get("sourceRoot") or ""
    root += "" if root == "" or root.endswith("/") else "/"
    for index in range(max(len(names), len(texts))):
        name = names[index] if index < len(names) else None
        text = texts[index] if index < len(texts) else None
        if name is not None or text:
            yield (root + name if name is not None else f"source-{index}", text or None)
    for section in value.get("sections") or []:
        yield from sources(section.get("map") or {})


def utf8(text):
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()


def lines(text):
    return text.count(b"\n") + (not text.endswith(b"\n"))


def module(name):
    """The name without the loaders that webpack puts before it."""
    return name.rpartition("!")[2]


def generated(name):
    """Whether a tool wrote the source: glue of bundlers, or webpack's stand-in for a module that is not bundled."""
    name = module(name)
    inside = name.removeprefix("webpack://").partition("/")[2] if name.startswith("webpack://") else name
    return (any(mark in name for mark in GENERATED) or inside.startswith(STAND_INS)
            or any(mark in inside for mark in (" sync ", " lazy ", " (ignored)")))


def package_of(path):
    """The package in whose folder of node_modules a path lies, or None."""
    parts = module(path).replace("\\", "/").split("/")
    places = [index for index, part in enumerate(parts) if part == "node_modules"]
    inside = parts[places[-1] + 1:] if places else []
    if not inside or not inside[0] or inside[0].startswith("."):
        return None
    return "/".join(inside[:2]) if inside[0].startswith("@") else inside[0]


def third_party(name, own):
    """Whether a source belongs to a package that is not the publisher's own."""
    package = package_of(name)
    if package:
        return package not in own and package.split("/")[0] not in own
    return any(runtime in name for runtime in RUNTIMES)


def own_packages(files):
    """Names and scopes of packages that the manifests of the package call the publisher's own."""
    own = set()
    for path, data in files.items():
        if posixpath.basename(path) != "package.json":
            continue
        try:
            manifest = json.loads(data)
        except ValueError:
            continue
        installed = package_of(path)
        if installed:
            if manifest.get("private") is True and posixpath.dirname(path).endswith(f"node_modules/{installed}"):
                own.add(installed)
            continue
        name = manifest.get("name") or ""
        own |= {name, name.split("/")[0]} if name.startswith("@") else {name}
        for kind in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
            own |= {dependency for dependency, wanted in (manifest.get(kind) or {}).items()
                    if str(wanted).startswith(("workspace:", "link:", "file:", "portal:", "git+ssh:", "ssh:", "git@"))}
    return own - {""}


def beside(owner, url):
    """Where url points to, seen from the file at owner."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(owner), url.lstrip("/")))


def shipped_by_name(owner, name, files):
    """Whether the name is that of a file of the package: seen from the owner, or, for a name of webpack's own making,
    from a folder above it."""
    if not name.startswith("webpack://"):
        return beside(owner, name) in files
    path = posixpath.normpath(name.removeprefix("webpack://").partition("/")[2].partition("?")[0])
    folder = posixpath.dirname(owner)
    while True:
        if posixpath.normpath(posixpath.join(folder, path)) in files:
            return True
        if not folder:
            return False
        folder = posixpath.dirname(folder)


def judge(owner, value, inline, foreign, files, shipped_texts, own):
    facts = dict.fromkeys(
        ("sources", "embedded", "lines", "bytes", "third_party", "undisclosed", "undisclosed_lines",
         "undisclosed_bytes", "shipped", "names_only"), 0)
    facts["inline"] = inline
    seen = set()
    for name, text in sources(value):
        text = None if text is None else utf8(text)
        facts["sources"] += 1
        facts["embedded"] += text is not None
        facts["lines"] += lines(text) if text else 0
        facts["bytes"] += len(text) if text else 0
        if third_party(name, own) or foreign and not generated(name):
            facts["third_party"] += 1
            continue
        if generated(name):
            continue
        if text is None:
            facts["shipped" if shipped_by_name(owner, name, files) else "names_only"] += 1
        elif identity(text) in shipped_texts:
            facts["shipped"] += 1
        elif identity(text) not in seen:
            seen.add(identity(text))
            facts["undisclosed"] += 1
            facts["undisclosed_lines"] += lines(text)
            facts["undisclosed_bytes"] += len(text)
    if facts["undisclosed"]:
        rule = "source-map-embedded-sources"
    elif facts["names_only"]:
        rule = "source-map-names-only"
    else:
        rule = "source-map-shipped" if facts["sources"] else None
    return {"rule": rule, "facts": {f"source_map.{name}": value for name, value in facts.items()}}


def inline_maps(data):
    """Name and content of the maps that data carries as data: URIs."""
    number = 0
    for header, body in INLINE.findall(data):
        plain = urllib.parse.unquote_to_bytes(body)
        try:
            plain = base64.b64decode(plain + b"===") if header.endswith(b";base64") else plain
        except ValueError:
            continue
        value = load(plain)
        if value is not None:
            number += 1
            yield ("inline.map" if number == 1 else f"inline-{number}.map"), value


def lost(path, data, files):
    """What the comments of the file at path refer to, and is not in the package."""
    for url in COMMENT.findall(data):
        url = url.decode()
        if re.match(r"(?i)data:|https?://", url) or re.search("[${}+,;]", url):
            continue
        if beside(path, urllib.parse.unquote(re.split("[?#]", url)[0])) not in files:
            yield url


def main(archive):
    files = read(archive)
    shipped_texts = {identity(data) for data in files.values() if is_text(data)}
    own = own_packages(files)
    maps, dangling = {}, {}

    def visit(path, owner, value, inline, foreign):
        """Judges a map, and the maps inside the sources that it embeds. Those in a source of another package are
        that package's."""
        maps[path] = judge(owner, value, inline, foreign, files, shipped_texts, own)
        for name, text in sources(value):
            if text and "sourceMappingURL=data:" in text:
                for inner, value in inline_maps(utf8(text)):
                    source = f"{path}!{name}"
                    visit(f"{source}!{inner}", source, value, True, foreign or third_party(name, own))

    for path, data in files.items():
        # What lies in the folder of a package that is shipped along is that package's.
        foreign = "node_modules" in path.split("/") and third_party(path, own)
        value = load(data) if b'"sources"' in data or b'"sections"' in data else None
        if value is not None:
            visit(path, path, value, False, foreign)
        elif b"sourceMappingURL=" in data and is_text(data):
            for name, value in inline_maps(data):
                visit(f"{path}!{name}", path, value, True, foreign)
            if missing := list(lost(path, data, files)):
                dangling[path] = missing
    root = next(iter(files)).split("/")[0]
    json.dump({"files": len(files), "root": root, "maps": maps, "dangling": dangling}, sys.stdout)


main(sys.argv[1])
