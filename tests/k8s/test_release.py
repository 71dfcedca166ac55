"""Images: by digest, from the pinned lists, not as root; the release check; the entry points."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.k8s.manifests import PRODUCTION

DIGEST = re.compile(r"^[\w./:-]+@sha256:[0-9a-f]{64}$")
PLACEHOLDER = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def containerfile(root):
    return (root / "k8s/images/Containerfile").read_text()


@pytest.fixture
def overlays(root, tmp_path):
    """A copy of k8s/ whose overlays may be changed."""
    return shutil.copytree(root / "k8s", tmp_path / "k8s") / "overlays"


@pytest.fixture
def with_kubectl(kubectl, tmp_path):
    """A folder for the PATH, in which kubectl has its name."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/kubectl").symlink_to(kubectl)
    return tmp_path / "bin"


def release(root, overlays, *arguments, first=""):
    return subprocess.run(
        [root / "k8s/release.sh", *arguments],
        env={"PATH": f"{first}:/usr/bin:/bin", "OVERLAYS": str(overlays), "HOME": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_production_image_has_a_digest(production):
    images = {
        container["image"] for each in production.workloads() for container in each.containers
    }
    images |= {cluster["spec"]["imageName"] for cluster in production.of("Cluster")}
    assert [image for image in images if not DIGEST.match(image)] == []


@pytest.mark.parametrize("overlay", PRODUCTION)
def test_the_release_check_refuses_placeholders_and_examples(overlay, root, overlays, with_kubectl):
    run = release(root, overlays, "check", overlay, first=with_kubectl)
    assert run.returncode == 1
    assert "placeholder digest" in run.stderr
    assert "triage.example.org: an example" in run.stderr


@pytest.mark.parametrize("overlay", PRODUCTION)
def test_a_pinned_release_with_a_site_of_its_own_passes(overlay, root, overlays, with_kubectl):
    text = (overlays / overlay / "kustomization.yaml").read_text()
    for number, name in enumerate(re.findall(r"newName: [^,]*/([a-z-]+),", text), start=1):
        run = release(root, overlays, "pin", f"images.clinic.net/c/{name}", f"sha256:{number:064x}")
        assert run.returncode == 0, run.stderr
    for file in overlays.parent.rglob("*"):
        if file.suffix in (".yaml", ".env"):
            known = file.read_text()
            known = known.replace("example.org", "clinic.net").replace("example-", "our-")
            file.write_text(known.replace("+15005550006", "+254711000000"))
    run = release(root, overlays, "check", overlay, first=with_kubectl)
    assert run.returncode == 0, run.stderr
    assert PLACEHOLDER not in (overlays / overlay / "kustomization.yaml").read_text()


RECORDING = """#!/bin/sh
echo "${0##*/} $*" >> LOG
while [ $# -gt 0 ]; do
  case "$1" in
    --digestfile) printf sha256:%064d $(wc -l < LOG) > "$2" ;;
    spdx-json=*) echo '{}' > "${1#spdx-json=}" ;;
  esac
  shift
done
"""


@pytest.fixture
def build(overlays, tmp_path):
    """(run, what the programs were asked) of `release.sh build`; the programs only note it."""
    log = tmp_path / "calls"
    log.touch()
    (tmp_path / "stand-ins").mkdir()
    for program in ("buildah", "syft", "cosign", "git"):
        path = tmp_path / "stand-ins" / program
        path.write_text(RECORDING.replace("LOG", str(log)))
        path.chmod(0o755)

    def run(base):
        done = subprocess.run(
            [overlays.parent / "release.sh", "build", "images.clinic.net/c", "1.2.3"],
            env={
                "PATH": f"{tmp_path / 'stand-ins'}:/usr/bin:/bin",
                "PYTHON_IMAGE": base,
                "VLLM_IMAGE": f"vllm@sha256:{1:064x}",
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done, [line for line in log.read_text().splitlines() if not line.startswith("git")]

    return run


def test_build_describes_signs_and_pins_each_image_by_its_digest(build, overlays):
    run, calls = build(f"python@sha256:{2:064x}")
    assert run.returncode == 0, run.stderr
    asked = [" ".join(call.split()[:2]) for call in calls]
    one = ["buildah build", "buildah push", "syft {}", "cosign sign", "cosign attest"]
    assert [word.split()[0] for word in asked] == [word.split()[0] for word in one] * 4
    for target in ("gateway", "inference-rules", "inference-gpu", "converter"):
        named = [call for call in calls if re.search(rf"/{target}[:@ ]", call)]
        built, _, described, signed, attested = named
        assert "--ignorefile" in built
        assert f"--target {target} " in built
        (digest,) = set(re.findall(r"@(sha256:\d{64})", f"{described} {signed} {attested}"))
        assert f"images.clinic.net/c/{target}@{digest}" in signed
        assert "--type spdxjson" in attested
        texts = "".join(path.read_text() for path in overlays.glob("*/kustomization.yaml"))
        assert f'newName: images.clinic.net/c/{target}, digest: "{digest}"' in texts


def test_build_refuses_a_base_image_by_tag(build):
    run, calls = build("python:3.11-slim-bookworm")
    assert run.returncode == 1
    assert "by digest" in run.stderr
    assert calls == []


@pytest.mark.parametrize("arguments", [(), ("build",), ("pin", "x"), ("check",), ("publish", "x")])
def test_wrong_use_of_the_release_is_told_with_what_there_is(arguments, root, overlays):
    run = release(root, overlays, *arguments)
    assert run.returncode == 2
    assert "k8s/release.sh check OVERLAY" in run.stderr


@pytest.mark.parametrize(
    ("name", "digest", "said"),
    [
        ("images.clinic.net/gateway", "latest", "64 hex digits"),
        ("images.clinic.net/unknown", f"sha256:{1:064x}", "no overlay uses"),
    ],
)
def test_pin_refuses_what_is_no_digest_or_no_image_of_ours(name, digest, said, root, overlays):
    run = release(root, overlays, "pin", name, digest)
    assert run.returncode == 1
    assert said in run.stderr


def stages(containerfile):
    """{target: its lines} of a Containerfile."""
    found: dict[str, list[str]] = {}
    for line in containerfile.splitlines():
        if match := re.match(r"FROM \S+ AS (\S+)", line):
            found[match[1]] = current = []
        elif found:
            current.append(line)
    return found


def test_images_of_the_manifests_are_targets_of_the_containerfile(containerfile, manifests):
    targets = set(stages(containerfile))
    ours = {
        re.split(r"[@:]", container["image"].rsplit("/", 1)[-1])[0].removeprefix("chewie-")
        for each in manifests.workloads()
        for container in each.containers
    }
    assert ours - {"postgres"} <= targets


def test_images_do_not_run_as_root_and_hold_the_pinned_lists(containerfile, root):
    found = stages(containerfile)
    lists = {"gateway": "gateway/requirements.txt", "converter": "converter/requirements.txt"}
    lists |= {
        f"inference-{kind}": f"inference_svc/requirements-{kind}.txt" for kind in ("cpu", "gpu")
    }
    lists["inference-rules"] = lists["inference-gpu"]
    for target, listed in lists.items():
        text = "\n".join(found[target])
        assert f"COPY {listed} " in text
        assert "--no-deps" in text
        assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    for source in re.findall(r"^COPY (?!--from)(.*) \S+$", containerfile, re.MULTILINE):
        for path in source.split():
            assert (root / path).exists(), path


def test_the_gpu_image_is_vllms_own_of_the_pinned_version(containerfile, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"]["gpu"][0].removeprefix("vllm==").removesuffix(".*")
    tag = re.search(r"VLLM_IMAGE=vllm/vllm-openai:v(\S+)", containerfile)
    assert tag is not None
    assert tag[1].startswith(wanted + ".")


def test_torch_of_the_cpu_image_is_the_projects(containerfile, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["cpu"][1] in containerfile


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """A folder with what the built wheel installs, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    no_deps = ["--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *no_deps, "-w", folder, root], check=True, capture_output=True)
    (wheel,) = folder.glob("chewie-*.whl")
    site = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    return site


def test_every_command_in_manifests_and_images_is_installed_by_the_wheel(
    installed, manifests, containerfile
):
    commands = {
        each.main["command"][0]
        for each in manifests.workloads()
        if "command" in each.main and each.main["command"][0] != "python"
    }
    commands |= set(re.findall(r'^CMD \["([a-z-]+)"', containerfile, re.MULTILINE))
    assert commands <= {path.name for path in (installed / "bin").iterdir()}


def at_home(installed, *command):
    """Run in an empty environment, with the wheel's own modules first."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=installed,
        env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin", "HOME": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", ["chewie-gateway", "chewie-inference", "chewie-convert"])
def test_entry_point_starts_from_the_built_wheel(script, installed, manifests_of):
    in_use = [each.main.get("command", []) for each in manifests_of("local").workloads()]
    subcommands = [used[1] for used in in_use if used[:1] == [script] and len(used) > 1]
    run = at_home(installed, installed / "bin" / script, "--help")
    assert run.returncode == 0, run.stderr
    assert [name for name in subcommands if name not in run.stdout] == []
    assert any(used[:1] == [script] for used in in_use)


def test_the_wheel_is_what_those_commands_ran(installed):
    run = at_home(installed, "-c", "import gateway, demo.phone; print(gateway.__file__)")
    assert run.stdout.strip().startswith(str(installed)), run.stderr


def test_the_wheel_holds_every_data_file_of_its_packages(installed, root):
    rooms = ("clinical", "gateway", "inference_svc", "converter", "demo/phone")
    listed = subprocess.run(
        ["git", "ls-files", *rooms], cwd=root, capture_output=True, text=True, check=True
    )
    files = [Path(line) for line in listed.stdout.splitlines()]
    wanted = [path for path in files if path.suffix != ".py" and (root / path).is_file()]
    assert [str(path) for path in wanted if not (installed / path).is_file()] == []
