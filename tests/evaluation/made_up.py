"""Measurements as `metrics.json` holds them, made up, for tests of drawings."""

import numpy as np

from aeai_tf.evaluation import style

PAIRS = ("all_pairs", "held_out")
DEGREES = range(15, 85, 5)


def metrics(methods=tuple(style.STYLES), data_set="coil100/12") -> dict:
    """Every measure of every method, each number unlike the others."""
    random = np.random.default_rng(0)
    return {
        "data_set": data_set,
        "image_size": 64,
        "images": 72,
        "intervals": {
            "factor": "azimuth" if data_set == "pole" else "angle",
            "alpha_retrieval": 70.0,
            "admissibility": 80.0,
            "pace": 80.0,
            "quality": 80.0,
        },
        "even_pace": {"pixels": {"mean_in_between": 0.0009, "middle": 0.0014}},
        "bootstrap": {"draws": 1000, "level": 0.95, "seed": 0},
        "runs": {
            method: [
                {
                    "folder": f"runs/{method}_{k}",
                    "seed": k,
                    "steps": 3000 + k,
                    "seconds": 90.0 + 60 * k,
                }
                for k in range(2)
            ]
            for method in methods
            if method != "pixel_blend"
        },
        "notes": ["made up"],
        "methods": {
            method: _both(random, 1 + k, data_set, method)
            for k, method in enumerate(methods)
        },
    }


def _number(random, size) -> dict[str, float]:
    value = size * random.uniform(0.8, 1.2)
    return {
        "value": value,
        "low": value - size * random.uniform(0.05, 0.1),
        "high": value + size * random.uniform(0.05, 0.1),
    }


def _both(random, size, data_set, method) -> dict:
    of = {
        PAIRS[k]: _measures(random, size * (1 + k), data_set) for k in range(2)
    }
    both = {
        measure: {pairs: of[pairs][measure] for pairs in PAIRS}
        for measure in of["all_pairs"]
    }
    if method != "aeai":
        both["mse_above_aeai"] = {
            pairs: _above_aeai(random, size * k)
            for k, pairs in enumerate(PAIRS, 1)
        }
    both["reconstruction"] = {
        split: _number(random, size * 1e-3) for split in ("train", "held_out")
    }
    return both


def _above_aeai(random, size) -> dict:
    return {
        str(d): {
            kind: _number(random, size * 2e-5 * d)
            for kind in ("mean_in_between", "middle")
        }
        | {"pairs": 72}
        for d in DEGREES
    }


def _measures(random, size, data_set) -> dict:
    alpha = np.linspace(0, 1, 17)
    bump = size * 4e-3 * np.sin(np.pi * alpha)
    noise = random.normal(0, 0.02, alpha.shape)
    measures = {
        "mse_vs_interval": {
            str(d): {
                kind: _number(random, size * 3e-5 * d)
                for kind in ("mean_in_between", "mean_all", "middle")
            }
            | {"pairs": 72}
            for d in DEGREES
        },
        "mse_vs_alpha": {
            "80": {
                "alpha": alpha.tolist(),
                "mean": (bump + 1e-3).tolist(),
                "std": (bump / 3 + 2e-4).tolist(),
                "pairs": 72,
            }
        },
        "alpha_retrieval": {
            "degrees": 70,
            "alpha": alpha.tolist(),
            "median": (alpha + noise).tolist(),
            "q25": (alpha + noise - 0.02 * size).tolist(),
            "q75": (alpha + noise + 0.03 * size).tolist(),
            "mean_absolute_error": _number(random, 0.02 * size),
            "mean_iqr": _number(random, 0.05 * size),
            "pairs": 72,
        },
        "admissibility": {
            "boundary": {
                "mse_at_source": _number(random, size * 1e-3),
                "mse_at_target": _number(random, size * 1e-3),
            },
            "monotonicity": {
                "latent": _number(random, 0.001 * size),
                "pixel": _number(random, 0.01 * size),
                "factor": _number(random, 0.02 * size),
            },
            "smoothness": {
                "largest": _number(random, 2 * size),
                "mean": _number(random, size),
                "ratio": _number(random, 2),
            },
            "credibility": {
                "relative_distance": _number(random, 0.5 * size),
                "share_beyond": _number(random, 0.08 * size),
            },
            "pairs": 72,
        },
        "pace": {
            "beside_the_way": _number(random, size * 1e-3),
            "deviation": _number(random, 0.03 * size),
            "pairs": 72,
        },
        "quality": {
            "ssim": _number(random, 0.9),
            "psnr": _number(random, 25),
            "pairs": 72,
        },
    }
    if data_set == "pole":
        measures["parameter_distance"] = {
            "alpha": alpha.tolist(),
            "to_source": abs(35 * alpha + 20 * noise * size).tolist(),
            "to_target": abs(35 - 35 * alpha + 20 * noise * size).tolist(),
            "end_to_end": {"value": 35.0, "low": 34.0, "high": 36.0},
            "mean_deviation": _number(random, 0.03 * size),
            "curve_deviation": _number(random, 0.02 * size),
            "pairs": 640,
        }
        measures["mse_vs_interval_altitude"] = measures["mse_vs_interval"]
    return measures
