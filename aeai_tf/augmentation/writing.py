"""Samples in files, one after the other, and where to go on after a stop.

A file is there whole or, under a name that ends in `.partial`, not yet.
"""

import csv
import io
import os
from collections.abc import Sequence

import numpy as np
import PIL.Image
import tensorflow as tf

from aeai_tf import files
from aeai_tf.augmentation.sampler import Sample

PROVENANCE = "provenance.csv"
SHARD = 1000  # Samples in a TFRecord file.


class PngFiles:
    """PNG files, and provenance.csv, which has a line for each.

    Its columns: `file`; `attempt`, its number; `distance` to the nearest
    training image, in units; `source_1` and so on; `weight_1` and so on, of
    two sources `weight_2` is alpha; and the factors, empty where they have no
    value. Until the last sample it is called provenance.csv.partial.

    Attributes:
        kept: samples that are written.
        next_attempt: the number of the first attempt after them.
    """

    def __init__(self, out: str, image_set, ways: int):
        """Finds what an earlier call wrote.

        Args:
            out: an existing folder.
            image_set: an `aeai_tf.data.image_set.ImageSet`.
            ways: sources of a sample.
        """
        self.out = out
        self.image_set = image_set
        self.path = os.path.join(out, PROVENANCE)
        self.partial = self.path + ".partial"
        self.columns = [
            *("file", "attempt", "distance"),
            *(f"source_{k + 1}" for k in range(ways)),
            *(f"weight_{k + 1}" for k in range(ways)),
            *image_set.factors,
        ]
        if os.path.exists(self.path):
            os.replace(self.path, self.partial)
        self.kept, last = _cut(self.partial, len(self.columns))
        self.next_attempt = int(last[1]) + 1 if last else 0
        # By lines, so that a line is there as soon as its image is.
        self.file = open(  # noqa: SIM115
            self.partial, "a", 1, encoding="utf-8", newline=""
        )
        self.lines = csv.writer(self.file, lineterminator="\n")
        if not self.file.tell():
            self.lines.writerow(self.columns)

    def write(self, sample: Sample) -> None:
        """Writes a sample."""
        name = f"{self.kept:06d}.png"
        files.write_bytes(os.path.join(self.out, name), _png(sample.image))
        labels = [self.image_set.label(index) for index in sample.sources]
        values = [
            "" if value is None else f"{value:g}"
            for value in sample.factors.values()
        ]
        self.lines.writerow(
            [
                *(name, sample.attempt, f"{sample.distance:.4f}"),
                *labels,
                *(f"{weight:g}" for weight in sample.weights),
                *values,
            ]
        )
        self.kept += 1

    def finish(self) -> None:
        """Gives provenance.csv its name."""
        self.file.close()
        os.replace(self.partial, self.path)


class TfRecords:
    """Files of `SHARD` `tf.train.Example`s: samples-00000.tfrecord and on.

    Features: `image/encoded`, the bytes of a PNG; `image/format`, "png";
    `sources`, names; `weights`, of two sources the second is alpha;
    `attempt`, its number; `distance` to the nearest training image, in units;
    `factor/<name>`, absent where it has no value.

    Attributes:
        kept: samples that are written.
        next_attempt: the number of the first attempt after them.
    """

    def __init__(self, out: str, image_set, ways: int):
        """As `PngFiles`: only whole files of an earlier call count."""
        del ways
        self.out = out
        self.image_set = image_set
        self.writer = None
        self.kept = self.next_attempt = 0
        while os.path.exists(self._path(self.kept)):
            self.kept += SHARD
        # The last one may be short: of a call that asked for less.
        while self.kept and not self.next_attempt:
            self.next_attempt = _after(self._path(self.kept - SHARD))
            self.kept -= 0 if self.next_attempt else SHARD

    def write(self, sample: Sample) -> None:
        """Writes a sample."""
        if self.writer is None:
            self.writer = tf.io.TFRecordWriter(
                self._path(self.kept) + ".partial"
            )
        example = self._example(sample)
        # Else another process writes the features in another order.
        self.writer.write(example.SerializeToString(deterministic=True))
        self.kept += 1
        if self.kept % SHARD == 0:
            self._close()

    def finish(self) -> None:
        """Closes the last file."""
        if self.writer is not None:
            self._close()

    def _close(self) -> None:
        self.writer.close()
        self.writer = None
        path = self._path(self.kept - 1)
        os.replace(path + ".partial", path)

    def _path(self, number: int) -> str:
        """Of the file with the sample of that number."""
        return os.path.join(self.out, f"samples-{number // SHARD:05d}.tfrecord")

    def _example(self, sample: Sample) -> tf.train.Example:
        labels = [self.image_set.label(index) for index in sample.sources]
        features = {
            "image/encoded": _bytes([_png(sample.image)]),
            "image/format": _bytes([b"png"]),
            "sources": _bytes([label.encode() for label in labels]),
            "weights": _floats(sample.weights),
            "attempt": tf.train.Feature(
                int64_list=tf.train.Int64List(value=[sample.attempt])
            ),
            "distance": _floats([sample.distance]),
        }
        for name, value in sample.factors.items():
            if value is not None:
                features[f"factor/{name}"] = _floats([value])
        return tf.train.Example(features=tf.train.Features(feature=features))


FORMATS = {"png": PngFiles, "tfrecord": TfRecords}


def _png(image: np.ndarray) -> bytes:
    content = io.BytesIO()
    PIL.Image.fromarray(image).save(content, format="PNG")
    return content.getvalue()


def _cut(path: str, columns: int) -> tuple[int, list[str]]:
    """Cuts off what is no whole line; returns their count and the last one.

    The first line, of names, does not count.
    """
    if not os.path.exists(path):
        return 0, []
    count, end, last = -1, 0, []
    with open(path, "r+b") as file:
        for line in file:
            row = next(csv.reader([line.decode()]))
            if not line.endswith(b"\n") or len(row) != columns:
                break
            count, end, last = count + 1, end + len(line), row
        file.truncate(end)
    return max(count, 0), last if count > 0 else []


def _after(path: str) -> int:
    """The attempt after those of a whole file; 0 if it has less than that."""
    count = 0
    for record in tf.data.TFRecordDataset(path):
        count, last = count + 1, record
    if count < SHARD:
        return 0
    example = tf.train.Example.FromString(last.numpy())
    return example.features.feature["attempt"].int64_list.value[0] + 1


def _bytes(values: Sequence[bytes]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _floats(values: Sequence[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
