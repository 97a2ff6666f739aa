"""The smallest settings, so that networks compile in a second."""

VALUES = {
    "image_size": 16,
    "batch_size": 2,
    "latent_dim": 4,
    "convs_per_block": 1,
}
