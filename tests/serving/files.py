"""Reads what lies in serving/, for the tests of it."""

import pathlib
import re

import yaml
from google.protobuf import text_format

ROOT = pathlib.Path(__file__).parents[2]
SERVING = ROOT / "serving"


def read_yaml(name):
    return yaml.safe_load((SERVING / name).read_text())


def parse(name, message):
    return text_format.Parse((SERVING / name).read_text(), message)


def flags_of(arguments):
    """Turns `["--a=b", "--c"]` into `{"a": "b", "c": ""}`."""
    pairs = [argument.partition("=") for argument in arguments]
    assert all(name.startswith("--") for name, _, _ in pairs)
    return {name[2:]: value for name, _, value in pairs}


def commented_flags(name):
    """Reads the flags that wait in comments to be turned on."""
    text = (SERVING / name).read_text()
    return flags_of(re.findall(r"^\s*# - (--\S+)$", text, re.MULTILINE))
