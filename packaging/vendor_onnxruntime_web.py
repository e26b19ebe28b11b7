"""Puts onnxruntime-web's two files into resources/web, from the package as its makers publish it (MIT).

    python packaging/vendor_onnxruntime_web.py

Of all its variants the smallest is taken: WebAssembly on the processor alone. Needs npm, and the internet once; the app and its
tests need neither. Another version: change the two lines below, run it, and then packaging/check_web_export.py.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.30.0"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
TARGET = Path(__file__).resolve().parent.parent / "resources" / "web"
PROGRAM, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"


def main() -> int:
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["npm", "pack", "--silent", f"onnxruntime-web@{VERSION}"], cwd=work, check=True)
        packed = next(Path(work).glob("*.tgz"))
        found = hashlib.sha256(packed.read_bytes()).hexdigest()
        if found != SHA256:
            print(f"The package is another one than expected: {found}")
            return 1
        with tarfile.open(packed) as archive:
            for name in (PROGRAM, WASM):
                member = archive.extractfile(f"package/dist/{name}")
                assert member is not None
                data = member.read()
                # Browsers unpack it by themselves; no time and no name in it, so that it does not change with the day.
                packs = name == WASM
                file = TARGET / (f"{name}.gz" if packs else name)
                file.write_bytes(gzip.compress(data, 9, mtime=0) if packs else data)
                print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
