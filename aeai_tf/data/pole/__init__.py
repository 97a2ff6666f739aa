"""The pole: a synthetic scene under a light that moves.

Importing `aeai_tf.data.pole.pole_dataset_builder` registers the set with
TFDS, as `tfds.load("pole/64")`. `scene` alone renders single images and does
not import TFDS.
"""
