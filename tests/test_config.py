import re

import pytest

from aeai_tf import config as configuration
from aeai_tf import methods
from aeai_tf.errors import UserError


@pytest.mark.parametrize("method", methods.REGISTRY)
@pytest.mark.parametrize("data", ["pole", "coil100/12"])
@pytest.mark.parametrize("preset", ["", ",paper"])
def test_every_method_has_a_valid_configuration(method, data, preset):
    config = configuration.load_file(f"configs/{method}.py:{data}{preset}")
    configuration.check(config)
    assert config.method == method
    assert config.data.name == data


@pytest.mark.parametrize(
    ("method", "paper"),
    [
        ("ae", {"learning_rate": 1e-3}),
        ("aae", {"lambda_adversarial": 1.0, "learning_rate": 1e-4}),
        ("acai", {"critic_learning_rate": 1e-4, "learning_rate": 1e-4}),
        ("aeai", {"lambda_smoothness": 1e-1, "smoothness": "squared"}),
        ("amr", {"mixer": "mixup", "lambda_reconstruction": 10.0}),
        ("beta_vae", {"beta": 4.0, "learning_rate": 1e-4}),
        ("gaia", {"balance_slope": 20.0, "discriminator_share": 0.5}),
    ],
)
@pytest.mark.parametrize("data", ["pole", "coil100/14"])
def test_presets(method, data, paper):
    def values(preset):
        config = configuration.load_file(f"configs/{method}.py:{data}{preset}")
        configuration.check(config)
        assert config.data.name == data
        return configuration.flatten(config)

    found = values(",paper")
    known = {"normalization": "batch", "weight_averaging": 0.0} | paper
    assert {key: found[key] for key in known} == known
    assert values("") == values(",tuned")
    assert all(values("")[key] != value for key, value in paper.items())
    # The same keys, of the same types.
    assert {key: type(value) for key, value in found.items()} == {
        key: type(value) for key, value in values("").items()
    }


def test_the_paper_of_aeai():
    paper = configuration.load_file("configs/aeai.py:coil100/14,paper")
    # Section 2.3.
    assert paper.lambda_adversarial == paper.lambda_cycle == 1e-2
    assert paper.lambda_smoothness == 1e-1
    assert paper.latent_dim == 256
    assert (paper.cycle, paper.pair_share) == ("squared", 1.0)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("method", "aeaii", "'aeaii' (did you mean 'aeai'?)"),
        ("data.name", "poles", "'poles' (did you mean 'pole'?)"),
        ("data.name", "coil100/101", "coil100/1 to coil100/100"),
        ("data.name", "pole,papr", "pole,tuned or pole,paper"),
        ("pair_share", 1.5, "pair_share=1.5 must be at most 1"),
        ("weight_averaging", 1.0, "weight_averaging=1.0 must be at most"),
        ("image_size", 72, "such as 64 or 80"),
        ("image_size", 8, "such as 16 or 32"),
        ("num_blocks", 7, "image_size=64 cannot be halved 7 times"),
        ("num_blocks", -1, "num_blocks=-1 must be at least 0"),
        ("steps", 0, "steps=0 must be at least 1"),
        ("learning_rate", float("nan"), "learning_rate=nan"),
        ("lambda_cycle", -1.0, "lambda_cycle=-1.0"),
        ("adam_beta_1", 1.0, "adam_beta_1=1.0 must be at most"),
        ("derivative", "foward", "did you mean 'forward'?"),
        ("normalization", "layer", "batch, group, none"),
        ("precision", "bfloat16", "did you mean 'mixed_bfloat16'?"),
        ("ablation", "no_smooth", "did you mean 'no_smoothness'?"),
        ("data.train_fraction", 1.0, "data.train_fraction=1.0"),
    ],
)
def test_bad_values_get_a_sentence(key, value, message):
    config = configuration.load_file("configs/aeai.py")
    config.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=re.escape(message)):
        configuration.check(config)


def test_the_pixel_blend_has_no_option_that_does_nothing():
    config = configuration.load_file("configs/pixel_blend.py")
    assert set(config) == {"method", "seed", "data", "image_size"}
    config.image_size = 72  # Nothing is pooled.
    configuration.check(config)


def test_relative_smoothness_needs_two_points():
    config = configuration.load_file("configs/aeai.py")
    config.smoothness, config.num_alphas = "relative", 1
    with pytest.raises(UserError, match="num_alphas=1 must be at least 2"):
        configuration.check(config)


def test_perceptual_needs_images_that_vgg_takes():
    config = configuration.load_file("configs/aeai.py")
    config.image_size, config.reconstruction = 16, "perceptual"
    with pytest.raises(UserError, match="32 pixels"):
        configuration.check(config)


def test_unknown_key_gets_the_nearest():
    config = configuration.load_file("configs/aeai.py")
    with pytest.raises(UserError, match=r"'lamda_cycle' .*'lambda_cycle'"):
        configuration.check_keys(["lamda_cycle"], config)
    with pytest.raises(UserError, match=r"there are .*latent_dim"):
        configuration.check_keys(["zzz"], config)


def test_unknown_file_gets_the_nearest():
    with pytest.raises(UserError, match=r"did you mean 'configs/aeai.py'"):
        configuration.find_file("configs/aea.py:pole")


def test_packaged_configurations_are_found_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert configuration.load_file("configs/ae.py:pole").method == "ae"


def test_json_round_trip():
    config = configuration.load_file("configs/aeai.py:coil100/14")
    copy = configuration.from_json(configuration.to_json(config))
    assert configuration.flatten(copy) == configuration.flatten(config)


def test_only_what_changes_the_training_counts_as_different():
    old = configuration.load_file("configs/aeai.py")
    new = configuration.load_file("configs/aeai.py")
    new.steps, new.data.coil100_dir = 5, "elsewhere"
    assert configuration.differences(old, new) == []
    new.latent_dim = 3
    assert configuration.differences(old, new) == [
        "latent_dim is 256 there and 3 here"
    ]
