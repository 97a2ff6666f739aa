"""The smallest settings, so that steps compile fast."""

VALUES = {
    "image_size": 16,
    "batch_size": 2,
    "latent_dim": 4,
    "convs_per_block": 1,
    "derivative": "nested_tapes",  # The faster one to trace.
}
