import pytest

from aeai_tf.errors import UserError
from aeai_tf.serving import config


def test_a_single_model_has_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (model,) = config.models("", "m", "models/m")
    assert (model.name, model.model_platform) == ("m", "tensorflow")
    assert model.base_path == str(tmp_path / "models/m")
    config.validate([model])


def test_models_are_read_from_text(tmp_path):
    file = tmp_path / "models.config"
    file.write_text(
        'model_config_list { config { name: "m" base_path: "/m" model_type: '
        "TENSORFLOW model_version_policy { specific { versions: 3 } } "
        'version_labels { key: "a" value: 3 } } }'
    )
    (model,) = config.models(str(file))
    assert list(model.model_version_policy.specific.versions) == [3]
    assert dict(model.version_labels) == {"a": 3}
    config.validate([model])


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "lists no model"),
        ("model_config_list {", "is not valid: "),
        ("nothing: 1", "is not valid: "),
        (b"\xff", "is not valid: "),
    ],
)
def test_a_file_with_a_mistake_is_one_sentence(tmp_path, text, sentence):
    file = tmp_path / "models.config"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=sentence) as caught:
        config.models(str(file))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_channel_arguments_are_numbers_and_texts():
    text = "grpc.max_connection_age_ms=2000,a=b=c,n=-1,"
    assert config.channel_arguments(text) == {
        "grpc.max_connection_age_ms": 2000,
        "a": "b=c",
        "n": -1,
    }
    for bad in ("a", "=1", "a=1,b"):
        with pytest.raises(UserError, match="is not name=value"):
            config.channel_arguments(bad)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ('server_key: "k"', "needs server_key and server_cert, and custom_ca"),
        (
            'server_key: "k" server_cert: "c" client_verify: true',
            "custom_ca with client_verify",
        ),
        ("server: 1", "is not valid"),
    ],
)
def test_an_ssl_config_with_a_mistake_is_one_sentence(tmp_path, text, sentence):
    file = tmp_path / "ssl.config"
    file.write_text(text)
    with pytest.raises(UserError, match=sentence):
        config.credentials(str(file))
