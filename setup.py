"""Packaging of aeai_tf. `pip install -c constraints.txt -e .[dev]`."""

import pathlib
import re

import setuptools

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (ROOT / "aeai_tf/__init__.py").read_text()
).group(1)

setuptools.setup(
    name="aeai-tf",
    version=VERSION,
    description=(
        "Autoencoder image interpolation in TensorFlow and Keras: train, "
        "watch, export, and query over gRPC."
    ),
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    python_requires=">=3.10,<3.14",
    # The run configurations stand at the top level, where a user looks for
    # them, and are installed inside the package, so that they take no
    # top-level name of their own in site-packages.
    packages=[
        *setuptools.find_packages(include=["aeai_tf", "aeai_tf.*"]),
        "aeai_tf.configs",
    ],
    package_dir={"aeai_tf.configs": "configs"},
    package_data={"": ["*.bib", "*.css", "*.json", "*.md", "*.tsv", "*.txt"]},
    install_requires=[
        "absl-py>=2.1",
        "grpcio>=1.68",
        "grpcio-health-checking>=1.68",
        # TFDS imports it and declares it for Python 3.8 only.
        "importlib_resources>=6",
        "keras>=3.10,<4",
        "matplotlib>=3.8",
        "ml-collections>=1.0",
        "mitsuba>=3.6,<4",
        "numpy>=1.26",
        "pillow>=10.1",
        "protobuf>=5",
        "scipy>=1.14",
        "tensorboard>=2.19,<3",
        "tensorflow>=2.19,<3",
        "tensorflow-datasets>=4.9.8,<5",
        "tensorflow-serving-api>=2.19,<3",
        "tqdm>=4.65",
    ],
    extras_require={
        # `tools/bench_train.py` compares with it; see docs/performance.md for
        # the build without CUDA.
        "bench": ["torch==2.13.0"],
        "dev": [
            "check-jsonschema>=0.38",
            "kubernetes-validate>=1.37",
            "ovmsclient",
            "pytest>=8",
            "pytest-xdist>=3.6",
            "pyyaml>=6",
            "ruff>=0.9",
        ],
        "sweep": ["ray>=2.40,<3"],
    },
    entry_points={
        "console_scripts": [
            "aeai-train=aeai_tf.train:run",
            "aeai-export=aeai_tf.export:run",
            "aeai-serve=aeai_tf.serve:run",
            "aeai-interpolate=aeai_tf.interpolate:run",
            "aeai-evaluate=aeai_tf.evaluate:run",
            "aeai-augment=aeai_tf.augment:run",
        ]
    },
)
