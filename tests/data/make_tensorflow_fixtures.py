"""Makes the small files in this folder with TensorFlow, which the app itself does not need.

    python -m venv tf && tf/bin/pip install tensorflow-cpu && tf/bin/python tests/data/make_tensorflow_fixtures.py

They have the inputs and outputs of the real files (Magenta's pair, DeepSpeech, EAST) and small made-up weights.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent


def lite(function: tf.types.experimental.PolymorphicFunction, name: str) -> None:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.allow_custom_ops = True  # DeepSpeech's file carries the operations of its features as such
    (HERE / name).write_bytes(converter.convert())


@tf.function(input_signature=[tf.TensorSpec([1, 256, 256, 3], tf.float32, "style_image")])
def predict(style_image: tf.Tensor) -> dict[str, tf.Tensor]:
    mean = tf.reduce_mean(style_image, [1, 2], keepdims=True)
    return {"bottleneck": tf.concat([mean] * 33 + [mean[..., :1]], -1)}


@tf.function(
    input_signature=[
        tf.TensorSpec([1, 384, 384, 3], tf.float32, "content_image"),
        tf.TensorSpec([1, 1, 1, 100], tf.float32, "mobilenet_conv/Conv/BiasAdd"),
    ]
)
def transfer(content_image: tf.Tensor, style: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"picture": content_image * tf.reduce_mean(style)}


def letters() -> np.ndarray:
    """Each moment's fourth coefficient in the middle of its window says which letter it is."""
    weights = np.zeros((26, 29), np.float32)
    weights[:26, :26] = np.eye(26)
    return weights


@tf.function(
    input_signature=[
        tf.TensorSpec([1, 16, 19, 26], tf.float32, "input_node"),
        tf.TensorSpec([1, 8], tf.float32, "previous_state_c"),
        tf.TensorSpec([1, 8], tf.float32, "previous_state_h"),
        tf.TensorSpec([512], tf.float32, "input_samples"),
    ]
)
def speech(
    input_node: tf.Tensor, previous_state_c: tf.Tensor, previous_state_h: tf.Tensor, input_samples: tf.Tensor
) -> dict[str, tf.Tensor]:
    logits = tf.reshape(tf.matmul(tf.reshape(input_node[:, :, 9, :], [16, 26]), tf.constant(letters())), [16, 1, 29])
    spectrogram = tf.raw_ops.AudioSpectrogram(
        input=input_samples[:, None], window_size=512, stride=320, magnitude_squared=True
    )
    mfcc = tf.raw_ops.Mfcc(
        spectrogram=spectrogram, sample_rate=16000, upper_frequency_limit=8000, dct_coefficient_count=26
    )
    return {
        "logits": tf.nn.softmax(logits),
        "new_state_c": previous_state_c + 1.0,
        "new_state_h": previous_state_h + 2.0,
        "mfccs": mfcc,
    }


def cepstra() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(16_000) / 16_000
    sound = (0.3 * np.sin(2 * np.pi * (200 + 1500 * time) * time) + 0.05 * rng.standard_normal(16_000)).astype(
        np.float32
    )
    spectrogram = tf.raw_ops.AudioSpectrogram(input=sound[:, None], window_size=512, stride=320, magnitude_squared=True)
    found = tf.raw_ops.Mfcc(
        spectrogram=spectrogram, sample_rate=16000, upper_frequency_limit=8000, dct_coefficient_count=26
    )
    np.savez_compressed(HERE / "cepstra.npz", sound=sound, cepstra=found.numpy()[0])


def east() -> None:
    graph = tf.Graph()
    with graph.as_default():
        picture = tf.compat.v1.placeholder(tf.float32, [None, None, None, 3], "input_images")
        kernel = np.zeros((4, 4, 3, 1), np.float32)
        kernel[...] = -1 / (48 * 40)
        flat = tf.nn.conv2d(picture, tf.constant(kernel), 4, "VALID")
        with tf.name_scope("feature_fusion"):
            tf.sigmoid(flat, name="Conv_7/Sigmoid")
            sides = tf.concat([flat * 0 + 8.0, flat * 0 + 8.0, flat * 0 + 8.0, flat * 0 + 8.0], 3)
            tf.concat([sides, flat * 0.0], 3, name="concat_3")
    (HERE / "east.pb").write_bytes(graph.as_graph_def().SerializeToString())


lite(predict, "magenta_predict.tflite")
lite(transfer, "magenta_transfer.tflite")
lite(speech, "deepspeech.tflite")
cepstra()
east()
for file in sorted(HERE.glob("*.[!p]*")):
    print(file.name, file.stat().st_size)
