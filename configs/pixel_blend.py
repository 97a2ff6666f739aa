"""The pixel blend, which learns nothing.

    aeai-train --config=configs/pixel_blend.py:pole --workdir=runs/blend_pole

draws the strips that the other methods draw, and makes the run a folder that
can be exported, served and evaluated like theirs.
"""

from aeai_tf.configs import common


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `common.py`.

    Both presets are the same: there is nothing to set.
    """
    return common.images_config("pixel_blend", common.data_and_preset(data)[0])
