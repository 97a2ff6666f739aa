"""The manifests in serving/kubernetes/ against their schemas and each other."""

import re

import kubernetes_validate
import pytest

from tests.serving import upstream
from tests.serving.files import (
    SERVING,
    commented_flags,
    flags_of,
    parse,
    read_yaml,
)

MANIFESTS = sorted(
    path.name for path in (SERVING / "kubernetes").glob("*.yaml")
)
METRICS_PATH = "/monitoring/prometheus/metrics"


@pytest.fixture(scope="module")
def deployment():
    return read_yaml("kubernetes/deployment.yaml")


@pytest.fixture(scope="module")
def pod(deployment):
    return deployment["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod):
    (container,) = pod["containers"]
    return container


@pytest.fixture(scope="module")
def compose():
    return read_yaml("compose.yaml")["services"]["serving"]


def test_monitoring_is_on_where_prometheus_looks(deployment):
    monitoring = parse("monitoring.config", upstream.MonitoringConfig())
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == METRICS_PATH
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "8501",
        "prometheus.io/path": METRICS_PATH,
    }


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_follow_the_schemas_of_kubernetes(name, version):
    # The oldest version with a sleep before the stop, and the newest.
    kubernetes_validate.validate(
        read_yaml(f"kubernetes/{name}"), version, strict=True
    )


def test_kustomization_applies_everything():
    kustomization = read_yaml("kustomization.yaml")
    assert kustomization.keys() == {
        "apiVersion",
        "kind",
        "resources",
        "configMapGenerator",
    }
    listed = {name.rpartition("/")[2] for name in kustomization["resources"]}
    assert listed == set(MANIFESTS) - {"publisher.yaml"}
    for entry in kustomization["configMapGenerator"]:
        assert entry.keys() <= {"name", "files", "options"}
        for name in entry["files"]:
            assert (SERVING / name).is_file()


def test_pods_find_their_files(pod, container):
    maps = {
        entry["name"]: entry["files"]
        for entry in read_yaml("kustomization.yaml")["configMapGenerator"]
    }
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claimed = read_yaml("kubernetes/model_volume.yaml")["metadata"]["name"]
    files = set()
    for mount in container["volumeMounts"]:
        volume = volumes.pop(mount["name"])
        if "configMap" in volume:
            for name in maps[volume["configMap"]["name"]]:
                files.add(f"{mount['mountPath']}/{name}")
        else:
            claim = volume["persistentVolumeClaim"]
            assert claim == {"claimName": claimed, "readOnly": True}
            assert mount["readOnly"] and mount["mountPath"] == "/models"
    assert not volumes
    flags = flags_of(container["args"])
    flags |= commented_flags("kubernetes/deployment.yaml")
    wanted = {value for name, value in flags.items() if name.endswith("_file")}
    assert wanted == files
    publisher = read_yaml("kubernetes/publisher.yaml")["spec"]
    (volume,) = publisher["volumes"]
    assert volume["persistentVolumeClaim"] == {"claimName": claimed}


def test_names_and_labels_agree(deployment, container):
    name = deployment["metadata"]["name"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    service = read_yaml("kubernetes/service.yaml")
    assert service["metadata"]["name"] == name
    assert service["spec"]["selector"] == labels
    for selector in (
        deployment["spec"]["selector"],
        read_yaml("kubernetes/pod_disruption_budget.yaml")["spec"]["selector"],
        read_yaml("kubernetes/prometheus/pod_monitor.yaml")["spec"]["selector"],
    ):
        assert selector == {"matchLabels": labels}
    scaler = read_yaml("kubernetes/horizontal_pod_autoscaler.yaml")["spec"]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert scaler["scaleTargetRef"] == target
    assert "replicas" not in deployment["spec"]


def test_ports_agree(container, compose):
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    for flags in (flags_of(container["args"]), flags_of(compose["command"])):
        got = {"grpc": flags["port"], "rest": flags["rest_api_port"]}
        assert got == {name: str(port) for name, port in ports.items()}
    for port in read_yaml("kubernetes/service.yaml")["spec"]["ports"]:
        # A headless service does not translate: both are the same.
        assert port["targetPort"] == port["name"]
        assert port["port"] == ports[port["name"]]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        # One of the two names that the server registers.
        health = {"port": ports["grpc"], "service": "PredictionService"}
        assert container[probe]["grpc"] == health
    flags = flags_of(container["args"])
    assert flags.keys() >= {"enable_grpc_healthcheck_service"}


def test_the_autoscaler_asks_for_what_the_adapter_makes():
    scaler = read_yaml("kubernetes/horizontal_pod_autoscaler.yaml")["spec"]
    (metric,) = [m["pods"] for m in scaler["metrics"] if m["type"] == "Pods"]
    values = read_yaml("kubernetes/prometheus/adapter_values.yaml")
    (rule,) = values["rules"]["custom"]
    assert rule["name"]["as"] == metric["metric"]["name"]
    series = ":tensorflow:serving:request_count"
    assert f'__name__="{series}"' in rule["seriesQuery"]
    assert re.match(rule["name"]["matches"], series)
    assert rule["metricsQuery"].startswith("sum(rate(<<.Series>>")


def test_the_pod_monitor_reads_the_metrics(container):
    monitor = read_yaml("kubernetes/prometheus/pod_monitor.yaml")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["kind"] == "PodMonitor"
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in container["ports"]}
    assert endpoint["path"] == METRICS_PATH


def test_one_pinned_image(container, compose):
    (publisher,) = read_yaml("kubernetes/publisher.yaml")["spec"]["containers"]
    images = {container["image"], compose["image"], publisher["image"]}
    assert len(images) == 1
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", images.pop())


def test_no_pod_goes_before_its_clients_have_gone(deployment, pod, container):
    arguments = flags_of(container["args"])["grpc_channel_arguments"]
    age = int(arguments.removeprefix("grpc.max_connection_age_ms=")) / 1000
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 1.1 * age < sleep < pod["terminationGracePeriodSeconds"]
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {
        "maxUnavailable": 0,
        "maxSurge": 1,
    }
