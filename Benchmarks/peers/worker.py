"""One peer with one network, in a process of its own, ready to be measured whenever it is asked.

It builds the network, takes weights and inputs that IRLAS has saved, compares its results with the saved ones, runs a
few steps to warm up, and says so in one line of JSON on standard output:

  {"event": "ready", "version": .., "first_result_seconds": .., "base_bytes": .., "agreement": {..}}

(`base_bytes` is the resident memory before the network exists, and the first result is timed from there.)
Then it takes a number of steps from every line of standard input, runs them, and answers with their times:

  {"event": "round", "ms": [..]}

This is the protocol of `irlas bench --rounds`. Everything that libraries print goes to standard error.

An inference step is one forward pass. A training step is forward, cross entropy, backward and an update by SGD with
momentum 0.9 and decay 1e-4, on one batch that stays in memory.

Agreement is the largest difference of two tensors over the largest magnitude of the reference. For gradients the worst
parameter counts, and magnitudes below 1e-2 of the network's largest gradient count as that, because differences of
rounding in a gradient that is zero by nature (a bias before batch norm) say nothing; besides, all gradients together are
compared as one vector by the Euclidean norm.
"""

import argparse
import json
import os
import pathlib
import sys
import time

def resident():
    """The process's resident memory in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def difference(mine, reference, floor=0.0):
    """The largest difference over the largest magnitude of the reference, at least `floor`."""
    import numpy
    mine = numpy.asarray(mine, dtype=numpy.float64).ravel()
    reference = numpy.asarray(reference, dtype=numpy.float64).ravel()
    if mine.shape != reference.shape:
        raise ValueError(f"{mine.size} numbers where the reference has {reference.size}")
    scale = max(float(numpy.abs(reference).max()), floor, 1e-30)
    worst = float(numpy.abs(mine - reference).max()) / scale
    return worst if worst == worst else float("inf")


class Reference:
    """What IRLAS saved: parameters and statistics by path, inputs, outputs, and the results of a training step."""

    def __init__(self, path):
        from safetensors.numpy import load_file
        self.tensors = load_file(path)

    def named(self, prefix):
        return [tensor for name, tensor in self.tensors.items() if name.startswith(prefix)]

    def input(self):
        (tensor,) = self.named("input:")
        return tensor

    def output(self):
        outputs = self.named("output:")
        return outputs[0] if len(outputs) == 1 else self.tensors["output:output"]


class TorchPeer:
    """Eager PyTorch, or torch.compile at its default mode; channels last unless asked otherwise."""

    def __init__(self, options):
        import torch
        self.torch, self.options = torch, options
        torch.set_num_threads(options.threads)
        torch.set_flush_denormal(True)
        self.training = options.mode == "train"
        self.compiled = options.kind == "torch-compile"
        self.layout = torch.contiguous_format if options.contiguous else torch.channels_last
        if self.compiled and not self.training and not options.no_freezing:
            import torch._inductor.config
            torch._inductor.config.freezing = True
        self.version = torch.__version__

    def warm(self):
        """A training step of a network of next to nothing: what the library loads for any network, it has loaded then."""
        torch = self.torch
        layers = torch.nn
        tiny = layers.Sequential(
            layers.Conv2d(3, 8, 3, padding=1), layers.BatchNorm2d(8), layers.ReLU(), layers.AdaptiveAvgPool2d(1),
            layers.Flatten(), layers.Linear(8, 4)).to(memory_format=self.layout)

        def loss(x, labels):
            return layers.functional.cross_entropy(tiny(x), labels)

        optimizer = torch.optim.SGD(tiny.parameters(), lr=1e-3, momentum=0.9, fused=True)
        run = torch.compile(loss) if self.compiled else loss
        run(torch.randn(2, 3, 8, 8).contiguous(memory_format=self.layout), torch.tensor([0, 1])).backward()
        optimizer.step()

    def build(self):
        """From the text of the graph to the first result."""
        torch, options = self.torch, self.options
        import network
        self.graph = network.Graph(pathlib.Path(options.graph).read_text())
        self.model = network.module(self.graph, training=self.training).to(memory_format=self.layout)
        self.reference = Reference(options.reference) if options.reference else None
        (image,) = self.graph.inputs()
        if self.reference:
            self.load()
            x = torch.from_numpy(self.reference.input())
        else:
            self.model.initialise()
            x = torch.randn(options.batch, *image.shape)
        kind = torch.bfloat16 if options.precision == "bf16" else torch.float32
        self.x = x.to(dtype=kind).contiguous(memory_format=self.layout)
        self.model.to(dtype=kind)
        if self.training:
            self.prepare_training()
        else:
            self.model.requires_grad_(False)
            self.run = torch.compile(self.model) if self.compiled else self.model
        self.first = self.forward()

    def load(self):
        tensors = {name: self.torch.from_numpy(t) for name, t in self.reference.tensors.items()}
        self.model.load(tensors)

    def prepare_training(self):
        torch, classes = self.torch, self.graph.nodes[[i for _, i, aux in self.graph.outputs if not aux][0]].shape[0]
        if self.reference:
            self.labels = torch.from_numpy(self.reference.tensors["labels"]).long().flatten()
        else:
            self.labels = torch.randint(0, classes, (self.options.batch,))

        def loss(x, labels):
            logits = self.model(x)
            return torch.nn.functional.cross_entropy(logits.flatten(1), labels), logits

        self.run = torch.compile(loss) if self.compiled else loss
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, fused=True)

    def forward(self):
        """The first result: the outputs, and in training loss and gradients."""
        if not self.training:
            with self.torch.no_grad():
                return self.run(self.x)
        self.loss, logits = self.run(self.x, self.labels)
        self.loss.backward()
        return logits.detach()

    def agreement(self):
        found = {}
        if not self.training:
            found["output"] = difference(self.first.float().numpy(), self.reference.output())
        if self.training:
            found["loss"] = difference(self.loss.item(), self.reference.tensors["loss"])
            saved = {n[:-5]: t for n, t in self.reference.tensors.items() if n.endswith(".grad")}
            floor = 1e-2 * max(float(abs(t).max()) for t in saved.values())
            worst, apart, size = (0.0, ""), 0.0, 0.0
            for name, parameter in self.model.named_parameters():
                path = self.model.paths[name]
                mine, theirs = parameter.grad.double().numpy(), saved[path].astype("float64").reshape(parameter.shape)
                worst = max(worst, (difference(mine, theirs, floor), path))
                apart, size = apart + float(((mine - theirs) ** 2).sum()), size + float((theirs ** 2).sum())
            found["gradients"] = (apart / max(size, 1e-60)) ** 0.5
            found["worst_gradient"], found["worst_parameter"] = worst
        return found

    def step(self):
        if not self.training:
            with self.torch.no_grad():
                return self.run(self.x)
        self.optimizer.zero_grad(set_to_none=True)
        loss, _ = self.run(self.x, self.labels)
        loss.backward()
        self.optimizer.step()

    def forget(self):
        """Gives up what only the comparison needed."""
        self.first = self.loss = self.reference = None


class OnnxRuntimePeer:
    """ONNX Runtime on the exported network: all graph optimisations, one operation at a time on all threads."""

    def __init__(self, options):
        import onnxruntime
        self.onnxruntime, self.options, self.version = onnxruntime, options, onnxruntime.__version__

    def build(self):
        settings = self.onnxruntime.SessionOptions()
        settings.intra_op_num_threads = self.options.threads
        settings.inter_op_num_threads = 1
        settings.graph_optimization_level = self.onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        settings.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.session = self.onnxruntime.InferenceSession(
            self.options.onnx, settings, providers=["CPUExecutionProvider"])
        self.reference = Reference(self.options.reference)
        self.inputs = {self.session.get_inputs()[0].name: self.reference.input()}
        self.first = self.step()

    def agreement(self):
        return {"output": difference(self.first[0], self.reference.output())}

    def step(self):
        return self.session.run(None, self.inputs)

    def forget(self):
        self.first = self.reference = None


class OpenVinoPeer:
    """OpenVINO on the exported network, tuned for latency; float32 is asked for, it would take bfloat16 by itself."""

    def __init__(self, options):
        import openvino
        self.openvino, self.options, self.version = openvino, options, openvino.__version__

    def build(self):
        core = self.openvino.Core()
        self.compiled = core.compile_model(self.options.onnx, "CPU", {
            "INFERENCE_PRECISION_HINT": {"f32": "f32", "bf16": "bf16"}[self.options.precision],
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(self.options.threads),
        })
        self.reference = Reference(self.options.reference)
        self.request = self.compiled.create_infer_request()
        self.inputs = {0: self.reference.input()}
        self.first = self.request.infer(self.inputs, share_inputs=True)[0].copy()

    def agreement(self):
        return {"output": difference(self.first, self.reference.output())}

    def step(self):
        return self.request.infer(self.inputs, share_inputs=True, share_outputs=True)

    def forget(self):
        self.first = self.reference = None


def export(options):
    """Writes the network with its weights as ONNX; without a reference, also a reference of weights drawn here."""
    import network
    import numpy
    import torch
    from safetensors.numpy import load_file, save_file

    graph = network.Graph(pathlib.Path(options.graph).read_text())
    model = network.module(graph, in_place=False)
    (image,) = graph.inputs()
    if options.reference:
        tensors = load_file(options.reference)
        model.load({name: torch.from_numpy(t) for name, t in tensors.items()})
        (x,) = [torch.from_numpy(t) for name, t in tensors.items() if name.startswith("input:")]
    else:
        model.initialise()
        x = torch.randn(options.batch, *image.shape)
    with torch.no_grad():
        torch.onnx.export(model, (x,), options.onnx, dynamo=False, opset_version=17, input_names=["image"])
        if options.draw:
            state = {model.paths[n]: t.numpy() for n, t in [*model.named_parameters(), *model.named_buffers()]}
            save_file(
                {**state, "input:image": x.numpy(), "output:output": numpy.ascontiguousarray(model(x).numpy())},
                options.draw)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", required=True,
                        choices=["torch-eager", "torch-compile", "onnxruntime", "openvino", "export"])
    parser.add_argument("--graph", help="the graph's text")
    parser.add_argument("--onnx", help="the exported network")
    parser.add_argument("--reference", help="weights, inputs and results of IRLAS")
    parser.add_argument("--draw", help="export only: where to write drawn weights, inputs and results")
    parser.add_argument("--mode", choices=["infer", "train"], default="infer")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--contiguous", action="store_true", help="PyTorch: NCHW instead of channels last")
    parser.add_argument("--no-freezing", action="store_true", help="torch.compile: weights stay variables")
    parser.add_argument("--warm-base", action="store_true", help="PyTorch: base_bytes after a tiny network's step")
    parser.add_argument("--first-only", action="store_true", help="no steps to warm up")
    options = parser.parse_args()

    # Libraries print as they like; the protocol keeps the real standard output for itself.
    protocol = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if options.kind == "export":
        export(options)
        return

    kinds = {"onnxruntime": OnnxRuntimePeer, "openvino": OpenVinoPeer}
    peer = kinds.get(options.kind, TorchPeer)(options)
    if options.warm_base:
        peer.warm()
    base, imported = resident(), time.time()
    peer.build()
    first = time.time()
    agreement = peer.agreement() if options.reference else None
    peer.forget()
    if not options.first_only:
        for _ in range(3):
            peer.step()
    event = {
        "event": "ready", "version": peer.version, "first_result_seconds": first - imported,
        "base_bytes": base, "agreement": agreement,
    }
    protocol.write(json.dumps(event) + "\n")
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            peer.step()
            times.append((time.perf_counter() - start) * 1e3)
        protocol.write(json.dumps({"event": "round", "ms": times}) + "\n")


if __name__ == "__main__":
    main()
