"""Makes the starters that enlarge pictures, resources/starter/enlarge-*.safetensors, from a package of UpscalerJS.

    npm pack @upscalerjs/esrgan-legacy@1.0.0 && tar xzf upscalerjs-esrgan-legacy-1.0.0.tgz
    python packaging/convert_esrgan.py package            writes the files; done once, they are part of the sources
    python packaging/convert_esrgan.py package --check    computes a small picture with TensorFlow.js and with the app

The weights are two of those that idealo trained and published with its ISR library (Apache-2.0): "psnr-small" (RDN, x2)
and "gans" (RRDN, the generator of ESRGAN, x4). UpscalerJS (MIT) gives them on as a Keras topology and 8-bit numbers for
TensorFlow.js: a JSON with the layers, and shards in which the weights lie one after the other in the order of its
manifest; a weight is number * scale + min. They are kept as those 8-bit numbers: nothing is lost and nothing made up.

`--check` needs node and `npm install @tensorflow/tfjs@4.22.0` in the folder given by --node; it writes the picture and
what TensorFlow.js made of it to tests/data/enlarge_reference.npz, against which the tests hold the app's own networks.
The same author's newer and smaller package esrgan-slim was measured as well: see benchmarks/enlarging.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TARGET = ROOT / "resources" / "starter"
REFERENCE = ROOT / "tests" / "data" / "enlarge_reference.npz"
# Folder in the package, the card it becomes.
MODELS = {"psnr-small": "enlarge-starter", "gans": "enlarge-starter-x4"}
Tensors = dict[str, np.ndarray[Any, Any]]


def read_weights(folder: Path) -> tuple[dict[str, Any], dict[str, tuple[np.ndarray[Any, Any], float, float]]]:
    """A tfjs layers model: its Keras topology, and by name (array as stored, step, least).

    Floats have the step 1 and the least value 0.

    Raises:
        SystemExit: when the shards hold more or less than the manifest says, or numbers of another kind.
    """
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    found = {}
    for group in described["weightsManifest"]:
        data = b"".join((folder / name).read_bytes() for name in group["paths"])
        place = 0
        for entry in group["weights"]:
            how = entry.get("quantization", {"dtype": entry["dtype"], "scale": 1.0, "min": 0.0})
            if how["dtype"] not in ("float32", "uint8"):
                raise SystemExit(f"{entry['name']}: numbers of the kind {how['dtype']} are not known")
            kind = np.dtype(how["dtype"])
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(data, kind, count, place).reshape(entry["shape"])
            place += count * kind.itemsize
            found[entry["name"]] = values, float(how["scale"]), float(how["min"])
        if place != len(data):
            raise SystemExit(f"the shards hold {len(data)} bytes, the manifest describes {place}")
    topology = described["modelTopology"]
    return topology.get("model_config", topology)["config"], found


def own_name(layer: str) -> str:
    """The layer of a Keras topology in the network of `workbench.runtimes.rdn_runtime`."""
    plain = {
        "F_m1": "first", "F_0": "second", "GFF_1": "join", "GFF_2": "smooth", "SR": "last",
        "UPN1": "up.0", "UPN2": "up.1", "UPN3": "up.2",
        "Pre_blocks_conv": "first", "post_blocks_conv": "smooth", "PreShuffle": "up",
    }  # fmt: skip
    if layer in plain:
        return plain[layer]
    kind, *numbers = layer.split("_")
    places = [int(n) - 1 for n in numbers]
    if kind == "LFF":
        return {1: "blocks.{}.fuse", 2: "groups.{}.{}.fuse"}[len(places)].format(*places)
    if kind == "F":
        return {2: "blocks.{}.layers.{}", 3: "groups.{}.{}.layers.{}"}[len(places)].format(*places)
    raise SystemExit(f"the layer {layer} is not known")


def options_of(topology: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """Architecture and `options` of a card, read from the topology; see `workbench.runtimes.rdn_runtime`.

    Raises:
        SystemExit: when a layer computes something else than the runtime does.
    """
    layers = {layer["name"]: layer for layer in topology["layers"]}
    convolutions = {n: layer["config"] for n, layer in layers.items() if layer["class_name"] == "Conv2D"}
    dense = [
        [int(v) for v in n.split("_")[1:]] for n in convolutions if n.startswith("F_") and n not in ("F_0", "F_m1")
    ]
    residual = "Pre_blocks_conv" in layers
    for name, config in convolutions.items():
        if config["activation"] != "linear" or config["strides"] != [1, 1] or not config["use_bias"]:
            raise SystemExit(f"{name} is no plain convolution")
    for layer in layers.values():
        config = layer["config"]
        wrong = (
            (layer["class_name"] == "Activation" and config["activation"] != "relu")
            or (layer["class_name"] == "MultiplyBeta" and config.get("beta", 0.2) != 0.2)
            or (layer["class_name"] == "UpSampling2D" and config["interpolation"] != "nearest")
        )
        if wrong:
            raise SystemExit(f"{layer['name']} computes something else")
    filters = convolutions["PreShuffle" if residual else "UPN3"]["filters"]
    options = {
        "scale": round((filters / 3) ** 0.5),
        "width": convolutions["Pre_blocks_conv" if residual else "F_0"]["filters"],
        "growth": convolutions["F_1_1_1" if residual else "F_1_1"]["filters"],
        "layers": max(n[-1] for n in dense),
        "blocks": max(n[-2] for n in dense),
    }
    return ("RRDN", options | {"groups": max(n[0] for n in dense)}) if residual else ("RDN", options)


def converted(folder: Path) -> Tensors:
    """The tensors of one safetensors file: kernels from Keras's [h, w, in, out] to torch's [out, in, h, w]."""
    from workbench.runtimes.rdn_runtime import RANGE

    _, weights = read_weights(folder)
    made: Tensors = {}
    for name, (values, step, least) in weights.items():
        *_, layer, part = name.split("/")
        key = f"{own_name(layer)}.{'weight' if part == 'kernel' else 'bias'}"
        made[key] = np.ascontiguousarray(values.transpose(3, 2, 0, 1) if values.ndim == 4 else values)
        if values.dtype == np.uint8:
            made[key + RANGE] = np.array([step, least], np.float64)
    return made


# TensorFlow.js on its own processor backend; the two layers that are not Keras's own are as the papers have them.
_SCRIPT = """
const tf = require('@tensorflow/tfjs'), fs = require('fs'), path = require('path');
class MultiplyBeta extends tf.layers.Layer {
  call(x) { return tf.mul(Array.isArray(x) ? x[0] : x, 0.2); }
  static get className() { return 'MultiplyBeta'; }
}
class PixelShuffle4x extends tf.layers.Layer {
  computeOutputShape(s) { return [s[0], s[1] && s[1] * 4, s[2] && s[2] * 4, s[3] / 16]; }
  call(x) { return tf.depthToSpace(Array.isArray(x) ? x[0] : x, 4, 'NHWC'); }
  static get className() { return 'PixelShuffle4x'; }
}
[MultiplyBeta, PixelShuffle4x].forEach((c) => tf.serialization.registerClass(c));
(async () => {
  const [folder, given] = process.argv.slice(2);
  const d = JSON.parse(fs.readFileSync(path.join(folder, 'model.json')));
  const specs = d.weightsManifest.flatMap((g) => g.weights);
  const data = Buffer.concat(d.weightsManifest.flatMap((g) => g.paths).map((p) => fs.readFileSync(path.join(folder, p))));
  const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
  const model = await tf.loadLayersModel({load: async () => ({modelTopology: d.modelTopology, weightSpecs: specs, weightData})});
  const picture = JSON.parse(fs.readFileSync(given));
  const out = model.predict(tf.tensor4d(picture.values, picture.shape));
  process.stdout.write(JSON.stringify({shape: out.shape, values: Array.from(out.dataSync())}));
})();
"""


def with_tensorflow_js(folder: Path, picture: np.ndarray[Any, Any], node: Path) -> np.ndarray[Any, Any]:
    """float32 [1, H, W, 3] through the package's own graph, in another program."""
    with tempfile.TemporaryDirectory() as place:
        given = Path(place) / "picture.json"
        given.write_text(json.dumps({"shape": picture.shape, "values": picture.ravel().tolist()}), encoding="utf-8")
        done = subprocess.run(
            ["node", "-e", _SCRIPT, "-", str(folder.resolve()), str(given)],
            cwd=node, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    answer = json.loads(done.stdout[done.stdout.index('{"shape"') :])
    return np.array(answer["values"], np.float32).reshape(answer["shape"])


def check(package: Path, node: Path) -> int:
    """Both networks on a piece of a photo, by TensorFlow.js and by the app; the pictures are kept for the tests."""
    from PIL import Image

    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    photo = Image.open(ROOT / "resources" / "samples" / "try" / "china.jpg").convert("RGB").crop((330, 130, 354, 150))
    picture = np.asarray(photo)
    kept: Tensors = {"picture": picture}
    worst = 0.0
    for name, card_id in MODELS.items():
        card = Catalog.load().get(card_id)
        model: Any = open_model(card, files(card))
        theirs = with_tensorflow_js(package / "models" / name, (picture / 255.0).astype(np.float32)[None], node)[0]
        ours = model.enlarge((picture / 255.0).astype(np.float32).transpose(2, 0, 1)).transpose(1, 2, 0)
        difference = float(np.abs(np.clip(theirs, 0, 1) - ours).max())
        worst = max(worst, difference)
        print(f"{card_id}: {theirs.shape}, largest difference {difference:.2e}")
        kept[card_id] = theirs
    np.savez_compressed(REFERENCE, **kept)
    return int(worst > 1e-4)


def main() -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the unpacked package")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--node", type=Path, default=Path(), help="folder in which @tensorflow/tfjs was installed")
    options = parser.parse_args()
    if options.check:
        return check(options.package, options.node)
    import hashlib

    from safetensors.numpy import save

    TARGET.mkdir(parents=True, exist_ok=True)
    for name, card_id in MODELS.items():
        topology, weights = read_weights(options.package / "models" / name)
        data = save(converted(options.package / "models" / name))
        (TARGET / f"{card_id}.safetensors").write_bytes(data)
        count = sum(values.size for values, _, _ in weights.values())
        print(
            card_id, *options_of(topology), f"{count:,} weights, {len(data):,} bytes", hashlib.sha256(data).hexdigest()
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
