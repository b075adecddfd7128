"""What is measured: networks, modes and batches, who competes, and which ratio is aimed at."""

import dataclasses
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
PUBLISHED = HERE.parents[1] / "samples" / "published"

# PyTorch allocates and frees feature maps in every step, and glibc gives large ones back to the system each time. With
# these settings it keeps them, in huge pages: up to 1.6 times as fast, at the price of memory.
TUNED = {
    "GLIBC_TUNABLES":
        "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184:glibc.malloc.hugetlb=1",
}


@dataclasses.dataclass(frozen=True)
class Peer:
    """A contender besides IRLAS: the arguments of worker.py, its environment, and the group it is compared in."""

    name: str
    group: str
    kind: str
    arguments: tuple = ()
    environment: tuple = ()
    optional: bool = False


@dataclasses.dataclass(frozen=True)
class Work:
    """One line of the comparison.

    `targets` gives for each group of peers the least ratio (peer over IRLAS) and the ratio that is aimed at.
    """

    name: str
    measure: str  # "time", "memory" or "first"
    mode: str  # "infer" or "train"
    program: pathlib.Path
    network: str
    batch: int
    peers: tuple
    targets: dict
    settings: tuple = ()
    precision: str = "f32"


TRAINING = (
    Peer("torch-eager", "default", "torch-eager"),
    Peer("torch-compile", "default", "torch-compile"),
    Peer("torch-eager-tuned", "tuned", "torch-eager", environment=tuple(TUNED.items())),
    Peer("torch-compile-tuned", "tuned", "torch-compile", environment=tuple(TUNED.items())),
    Peer("torch-eager-nchw", "default", "torch-eager", ("--contiguous",), optional=True),
)
INFERENCE = (
    Peer("onnxruntime", "float32", "onnxruntime"),
    Peer("openvino", "float32", "openvino"),
    Peer("torch-compile", "torch", "torch-compile", optional=True),
)
INFERENCE_BF16 = (Peer("openvino-bf16", "bfloat16", "openvino"),)
SMOOTH = Peer("gradients", "gradients", "torch-eager", ("--first-only",))
MEMORY = (
    Peer("torch-eager", "memory", "torch-eager", ("--warm-base",)),
    Peer("torch-compile", "memory", "torch-compile", ("--warm-base",)),
)
FIRST = (Peer("torch-compile", "first", "torch-compile", ("--no-freezing", "--first-only")),)

TRAINED = {
    "resnext29": (PUBLISHED / "resnext29.irlas", "ResNeXt29", ("base=16",), (1.5, 2.0), (1.25, 1.6)),
    "mobilenet_v2": (HERE / "networks" / "mobilenet_v2_cifar.irlas", "MobileNetV2", (), (1.5, 2.0), (1.25, 1.6)),
    "darts_v2": (PUBLISHED / "darts_v2.irlas", "DARTS", ("c=16", "n=2"), (2.0, 2.5), (1.7, 2.2)),
    "resnet20": (PUBLISHED / "resnet20.irlas", "ResNet20", (), (1.25, 1.5), (1.2, 1.5)),
}
INFERRED = {
    "mobilenet_v2": (PUBLISHED / "mobilenet_v2.irlas", "MobileNetV2", (1.1, 1.3)),
    "shufflenet_v2": (PUBLISHED / "shufflenet_v2.irlas", "ShuffleNetV2", (1.1, 1.3)),
    "darts": (PUBLISHED / "darts_imagenet.irlas", "DARTSV2", (1.1, 1.3)),
    "resnext50": (PUBLISHED / "resnext50.irlas", "ResNeXt50", (1.1, 1.3)),
    "irlas_mobile": (PUBLISHED / "irlas_mobile.irlas", "IRLASMobile", (1.1, 1.3)),
    "resnet50": (PUBLISHED / "resnet50.irlas", "ResNet50", (1.1, 1.2)),
}
INFERRED_BF16 = {"mobilenet_v2": (1.0, 1.2), "darts": (1.0, 1.2), "resnet50": (0.85, 1.0)}


def everything():
    """All work, in the order of the table."""
    work = []
    for name, (program, network, settings, default, tuned) in TRAINED.items():
        work.append(Work(
            f"train/{name}/b64", "time", "train", program, network, 64, TRAINING,
            {"default": default, "tuned": tuned}, settings))
    for name, (program, network, target) in INFERRED.items():
        for batch in (1, 32):
            work.append(Work(
                f"infer/{name}/b{batch}", "time", "infer", program, network, batch, INFERENCE, {"float32": target}))
    for name, target in INFERRED_BF16.items():
        program, network, _ = INFERRED[name]
        work.append(Work(
            f"infer-bf16/{name}/b1", "time", "infer", program, network, 1, INFERENCE_BF16, {"bfloat16": target},
            precision="bf16"))
    # At most 0.6 of a peer's memory is a ratio of 1 / 0.6.
    for name, (program, network, settings, _, _) in TRAINED.items():
        work.append(Work(
            f"memory/{name}/b64", "memory", "train", program, network, 64, MEMORY, {"memory": (1 / 0.6, 1 / 0.4)},
            settings))
    for name, (program, network, _) in INFERRED.items():
        work.append(Work(
            f"first/{name}/b1", "first", "infer", program, network, 1, FIRST, {"first": (5.0, 20.0)}))
    return work


QUICK = ("train/resnet20/b64", "infer/mobilenet_v2/b1", "infer/shufflenet_v2/b1", "memory/resnet20/b64")
"""A minute's worth of it."""
