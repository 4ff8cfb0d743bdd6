#!/usr/bin/env python3
"""Makes the scenarios about packages and images, and the hostile archives.

The wheel is built by setuptools; archives are written by Python's own tarfile, zipfile and gzip. The images are put
together here, by the image specifications of docker (v1.2) and OCI (v1.0): same content, same digests, every time.
Usage: python3 packages.py, with setuptools and wheel installed.
"""
import gzip, hashlib, io, json, os, pathlib, shutil, subprocess, sys, tarfile, tempfile, zipfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent
WHEN = 1_772_323_200  # 2026-03-01
ENV = b"HARBOUR_NAME=Tidewater\nHARBOUR_BERTHS=12\n"


def fresh(case):
    folder = CORPUS / case / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def tar(entries, form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), WHEN, 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def gz(data):
    return gzip.compress(data, mtime=WHEN)


def wheel(case, leaky):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        package = root / "harbour"
        package.mkdir()
        (package / "__init__.py").write_text('"""Made up for the corpus of lastlook."""\n\nBERTHS = 12\n')
        if leaky:
            (package / ".env").write_bytes(ENV)
        (root / "setup.py").write_text(
            "from setuptools import setup\n"
            "setup(name='harbour', version='1.0', packages=['harbour'], include_package_data=False,\n"
            f"      package_data={{'harbour': {['.env'] if leaky else []!r}}})\n")
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(WHEN)}
        subprocess.run([sys.executable, "setup.py", "-q", "bdist_wheel", "-d", str(fresh(case))], cwd=root,
                       env=environment, check=True, stderr=subprocess.DEVNULL)


def image(leaky):
    """Two layers: the first brings `.env` (if leaky), the second deletes it, which takes nothing away."""
    first = [("app/index.js", b"export const berths = 12;\n")] + ([("app/.env", ENV)] if leaky else [])
    layers = [tar(first), tar([("app/.wh..env", b"")] if leaky else [("app/README.md", b"# harbour\n")])]
    digest = lambda data: hashlib.sha256(data).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["node", "app/index.js"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(layer) for layer in layers]},
              "history": [{"created_by": "COPY . /app"}, {"created_by": "RUN rm /app/.env" if leaky else "COPY README.md /app"}]}
    return layers, json.dumps(config).encode(), digest


def docker_save(leaky):
    layers, config, digest = image(leaky)
    names = [digest(layer) + "/layer.tar" for layer in layers]
    manifest = [{"Config": digest(config) + ".json", "RepoTags": ["harbour:1.0"], "Layers": names}]
    entries = list(zip(names, layers)) + [(digest(config) + ".json", config), ("manifest.json", json.dumps(manifest).encode())]
    return tar(entries)


def oci_layout(leaky):
    layers, config, digest = image(leaky)
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(data, kind):
        files["blobs/sha256/" + digest(data)] = data
        return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest(data), "size": len(data)}

    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": blob(config, "config.v1+json"),
                "layers": [blob(gz(layer), "layer.v1.tar+gzip") for layer in layers]}
    index = {"schemaVersion": 2, "manifests": [blob(json.dumps(manifest).encode(), "manifest.v1+json")]}
    files["index.json"] = json.dumps(index).encode()
    return files


def scenarios():
    for half, leaky in [("leaky", True), ("fixed", False)]:
        wheel(f"env-in-wheel/{half}", leaky)
        (fresh(f"docker-image/{half}") / "harbour.tar").write_bytes(docker_save(leaky))
        folder = fresh(f"oci-image/{half}")
        for name, data in oci_layout(leaky).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        inner = gz(tar([("conf/production.env" if leaky else "conf/production.env.example", ENV)]))
        outer = zipped([("lib/harbour.jar", zipped([("META-INF/conf.tgz", inner), ("a.txt", b"calm\n")]))])
        (fresh(f"nested-archives/{half}") / "harbour.war").write_bytes(outer)


def images():
    """A manifest and a configuration as blobs, the way an image layout holds them."""
    digest = lambda data: hashlib.sha256(data).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
              "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "HARBOUR_MODE=ferry"], "Labels": {"team": "pilots"},
                         "Cmd": ["node", "app/index.js"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(b"layer")]},
              "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "ARG VERSION=1.0.0", "empty_layer": True},
                          {"created": "2026-01-01T00:00:00Z",
                           "created_by": "RUN |1 VERSION=1.0.0 /bin/sh -c node build.js # buildkit", "comment": "buildkit.dockerfile.v0"}]}
    config = json.dumps(config).encode()
    (fresh("formats/image-config/buildkit") / "config.json").write_bytes(config)
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + digest(b"layer"), "size": 5}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + digest(config),
                           "size": len(config)}, "layers": [layer]}
    folder = fresh("formats/image-manifest/oci")
    (folder / "manifest").write_bytes(json.dumps(manifest).encode())
    saved = [{"Config": digest(config) + ".json", "RepoTags": ["harbour:1.0"], "Layers": [digest(b"layer") + "/layer.tar"]}]
    (fresh("formats/image-manifest/saved") / "manifest.json").write_bytes(json.dumps(saved).encode())


def hostile():
    def put(case, file, data):
        (fresh("hostile/" + case) / file).write_bytes(data)

    names = [("../../outside.txt", b"a"), ("/etc/passwd.txt", b"b"), ("C:\\Windows\\x.txt", b"c"), ("line\nbreak.txt", b"d"),
             ("escape\x1b[2J\x1b]0;title\x07.txt", b"e"), ("right\u202eto\u202cleft.txt", b"f"), ("same.txt", b"g"), ("same.txt", b"h")]
    put("names-in-tar", "names.tar", tar(names, tarfile.PAX_FORMAT))
    import warnings
    warnings.simplefilter("ignore")
    put("names-in-zip", "names.zip", zipped(names))
    nul = bytearray(zipped([("aXb.txt", b"nul")]))
    put("nul-in-a-name", "nul.zip", bytes(nul.replace(b"aXb.txt", b"a\0b.txt")))
    put("names-and-env-in-tar", "names.tar", tar([("../../.env", ENV), ("\x1b[31m/.env", ENV)]))
    data = b"the innermost\n"
    for level in range(30):
        data = zipped([(f"{level}.zip" if level else "note.txt", data)])
    put("zip-thirty-deep", "deep.zip", data)
    put("gzip-bomb", "zeros.gz", gz(bytes(16 << 20)))
    put("gzip-in-gzip-bomb", "zeros.gz", gz(gz(bytes(64 << 20))))
    put("cut-off-gzip", "tree.tgz", gz(tar([("app/index.js", b"calm\n" * 400), (".env", ENV)]))[:-30])
    put("cut-off-zip", "tree.zip", zipped([("app/index.js", b"calm\n" * 400), (".env", ENV)])[:-40])
    put("cut-off-tar", "tree.tar", tar([("app/index.js", b"calm\n" * 400), (".env", ENV)])[:1700])
    swapped = bytearray(gz(tar([(".env", ENV)])))
    swapped[40] ^= 0xFF
    put("damaged-gzip", "tree.tgz", bytes(swapped))
    locked = bytearray(zipped([("plans.txt", b"the plans\n")], zipfile.ZIP_STORED))
    for mark, at in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)]:
        locked[locked.find(mark) + at] |= 1
    put("encrypted-zip", "locked.zip", bytes(locked))
    put("zip-of-unknown-method", "odd.zip", bytes(zipped([("plans.txt", b"the plans\n")], zipfile.ZIP_STORED)).replace(
        b"PK\x03\x04\x14\0\0\0\0\0", b"PK\x03\x04\x14\0\0\0\x61\0").replace(b"PK\x01\x02\x14\x03\x14\0\0\0\0\0", b"PK\x01\x02\x14\x03\x14\0\0\0\x61\0"))
    broken = {"version": 3, "sources": ["../src/tide.ts"], "sourcesContent": ["export const tide = 2.1;\n"], "mappings": "!!!not vlq!!!"}
    put("map-with-broken-mappings", "app.js.map", json.dumps(broken).encode())
    put("cut-off-map", "app.js.map", json.dumps({**broken, "zzz": "x" * 200}).encode()[:150])
    many = zipped([(f"n{number}", b"") for number in range(3000)])
    put("zip-of-many", "many.zip", many)
    put("announced-too-large", "huge.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }".ljust(128) + bytes(64))
    deep = b"[" * 4000
    put("deep-json-map", "deep.js.map", b'{"version":3,"sources":["a.ts"],"sourcesContent":["const a = 1;\\n"],"x":' + deep)


scenarios()
images()
hostile()
