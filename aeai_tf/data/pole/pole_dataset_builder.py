"""The pole images as a TFDS data set: `pole/32`, `pole/64`, `pole/128`."""

import dataclasses
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from aeai_tf.data.pole import scene

ALTITUDES = tuple(range(45, 81, 5))
AZIMUTHS = tuple(range(0, 360, 5))

_DESCRIPTION = """
A vertical pole at the centre of a plane casts a shadow under one directional
light; the camera, above the plane, never moves. The light's altitude is 45 to
80 degrees and its azimuth 0 to 355 degrees, both in steps of 5: 576 images.
Rendered with Mitsuba 3 after the description in the paper, which used the
Unity game engine and published neither the images nor the scene.
"""

_CITATION = """
@misc{aeai2021,
  title  = {Autoencoder Image Interpolation by Shaping the Latent Space},
  author = {Anonymous},
  year   = {2021},
  note   = {Under review as a conference paper at ICLR 2021},
}
"""


@dataclasses.dataclass
class PoleConfig(tfds.core.BuilderConfig):
    """Configuration of the set.

    Attributes:
        size: height and width of the images, in pixels.
    """

    size: int = 64


class Pole(tfds.core.GeneratorBasedBuilder):
    """Builds the pole images, by rendering them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar = [
        PoleConfig(
            name=str(size), size=size, description=f"{size} x {size} pixels."
        )
        for size in (32, 64, 128)
    ]

    @classmethod
    def config_for(cls, size: int) -> PoleConfig:
        """Returns the configuration for any size, named in TFDS or not.

        Args:
            size: height and width of the images, in pixels. Images of a size
                that has no configuration are rendered at that size, not
                resized, and are kept in a folder of their own like the rest.
        """
        custom = PoleConfig(name=str(size), size=size)
        return cls.builder_configs.get(str(size), custom)

    def _info(self) -> tfds.core.DatasetInfo:
        size = self.builder_config.size
        return tfds.core.DatasetInfo(
            builder=self,
            description=_DESCRIPTION,
            citation=_CITATION,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(size, size, 3)),
                    "altitude": np.float32,
                    "azimuth": np.float32,
                }
            ),
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # Nothing is downloaded.
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for altitude in ALTITUDES:
            for azimuth in AZIMUTHS:
                yield (
                    f"{altitude}_{azimuth}",
                    {
                        "image": scene.render(
                            altitude, azimuth, self.builder_config.size
                        ),
                        "altitude": altitude,
                        "azimuth": azimuth,
                    },
                )
