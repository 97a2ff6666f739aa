"""The data sets, as TFDS builders, and the pipelines that read them."""
