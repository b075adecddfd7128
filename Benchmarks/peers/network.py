"""A network of IRLAS as a PyTorch module.

`irlas show FILE [NETWORK] --dump-after canonical` prints a network's graph as text, one operation a line. This module
reads that text and writes the network down as plain Python: a `forward` of one statement a node, which eager PyTorch
runs as a person would have written it, and which torch.compile and torch.onnx.export can see through. Parameters and
running statistics are known by their instance paths (`repeat.0.Bottleneck.conv.weight`), in PyTorch's own order of
axes, so that a safetensors file of IRLAS is the state of the module as it is.

What a person would do for speed is done here too: feature maps that nobody needs any more are released at once, an
activation or a sum overwrites a convolution's or batch norm's result where nothing else reads it, a pool of one place
is a strided slice, and channels of zeros are padding.

  usage: network.py GRAPH          prints the generated code and the number of parameters
         network.py --check IRLAS  builds every published sample: parameter counts against the programs' own `check`
                                   lines, and the shape of every single node against the graph
"""

import pathlib
import re
import subprocess
import sys

NODE = re.compile(
    r'%(?P<id>\d+) = (?P<op>[a-z_0-9]+)(?:\((?P<attributes>.*?)\))?(?P<inputs>(?: %\d+)*)'
    r' : (?P<shape>[\[{][^\]}]*[\]}]) in @(?P<scope>\d+) "(?P<name>(?:[^"\\]|\\.)*)"')
SCOPE = re.compile(r'scope @(?P<id>\d+) \w+(?: \d+)? "(?P<name>(?:[^"\\]|\\.)*)"(?: in @(?P<parent>\d+))?')
OUTPUT = re.compile(r'(?P<aux>aux )?output "(?P<name>(?:[^"\\]|\\.)*)" = %(?P<id>\d+)')
ATTRIBUTE = re.compile(r'(\w+): (\[[^\]]*\]|[^,\[\]]+)')

AXES = {"channel": 1, "height": 2, "width": 3}
"""Where an axis of a feature map is in a tensor, whose first axis is the batch."""


class Node:
    """One operation: what it is, what it reads, and the shape of its result without the batch."""

    def __init__(self, match):
        self.id = int(match["id"])
        self.op = match["op"]
        self.attributes = {name: value(text) for name, text in ATTRIBUTE.findall(match["attributes"] or "")}
        self.inputs = [int(i) for i in re.findall(r"%(\d+)", match["inputs"])]
        self.shape = tuple(int(i) for i in re.findall(r"\d+", match["shape"]))
        self.scope = int(match["scope"])
        self.name = match["name"]

    def get(self, name, default=None):
        return self.attributes.get(name, default)


def value(text):
    """An attribute's value: a number, a pair `3x3`, a border `[top, left, bottom, right]`, a flag or a word."""
    text = text.strip()
    if text.startswith("["):
        return tuple(int(i) for i in text[1:-1].split(","))
    if re.fullmatch(r"\d+x\d+", text):
        return tuple(int(i) for i in text.split("x"))
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


class Graph:
    """The text form of a graph, read."""

    def __init__(self, text):
        self.nodes, self.outputs, scopes = {}, [], {}
        for line in text.splitlines():
            if line.startswith("%"):
                match = NODE.match(line)
                if not match:
                    raise ValueError(f"not a node: {line}")
                node = Node(match)
                self.nodes[node.id] = node
            elif line.startswith("scope"):
                match = SCOPE.match(line)
                if not match:
                    raise ValueError(f"not a scope: {line}")
                scopes[int(match["id"])] = (match["name"], match["parent"])
            elif "output " in line:
                match = OUTPUT.match(line)
                if not match:
                    raise ValueError(f"not an output: {line}")
                self.outputs.append((match["name"], int(match["id"]), match["aux"] is not None))
            elif line.strip() and not line.startswith("irlas graph"):
                raise ValueError(f"not a line of a forward graph: {line}")
        self._scopes = scopes

    def path(self, node):
        """The instance path: the scopes' names from the network down, without the network's own."""
        names, scope = [node.name], node.scope
        while self._scopes[scope][1] is not None:
            name, parent = self._scopes[scope]
            names.append(name)
            scope = int(parent)
        return ".".join(reversed(names))

    def inputs(self):
        """The nodes of the network's inputs, in order."""
        return sorted((n for n in self.nodes.values() if n.op == "input"), key=lambda n: n.get("index"))

    def needed(self, outputs):
        """The ids of what the given nodes depend on, in order."""
        found, open_ids = set(), list(outputs)
        while open_ids:
            id = open_ids.pop()
            if id not in found:
                found.add(id)
                open_ids += self.nodes[id].inputs
        return [id for id in self.nodes if id in found]


class Writer:
    """Writes `forward` for the main output of a graph.

    `training`: batch norm takes the batch's statistics, and dropout drops. `in_place`: results that nobody else reads
    are overwritten; right for eager PyTorch, of no use to an export.
    """

    def __init__(self, graph, training=False, in_place=True):
        self.graph, self.training, self.in_place = graph, training, in_place
        main = [id for _, id, aux in graph.outputs if not aux]
        if len(main) != 1:
            raise ValueError(f"a network of one output is expected, not of {len(main)}")
        self.output = main[0]
        self.order = graph.needed(main)
        self.users = {id: [] for id in self.order}
        for id in self.order:
            for operand in graph.nodes[id].inputs:
                self.users[operand].append(id)

    def tensor(self, id):
        """How the code names a value: parameters by attribute, everything else by a local name."""
        node = self.graph.nodes[id]
        return f"self.{attribute(node)}" if node.op in ("parameter", "state") else f"v{id}"

    def code(self, trace=None):
        """The text of `forward`; with `trace`, a call of that name after every node, for checks."""
        names = ", ".join(f"v{n.id}" for n in self.graph.inputs())
        lines = [f"def forward(self, {names}):"]
        if any(self.graph.nodes[id].op in ("zero", "learned") for id in self.order):
            lines.append(f"    batch = v{self.graph.inputs()[0].id}.shape[0]")
        position = {id: index for index, id in enumerate(self.order)}
        last = {id: max((position[u] for u in users), default=-1) for id, users in self.users.items()}
        for index, id in enumerate(self.order):
            node = self.graph.nodes[id]
            if node.op in ("input", "parameter", "state"):
                continue
            text = self.expression(node)
            if text is not None:
                lines.append(f"    v{id} = {text}")
            if trace and node.op != "zero":
                lines.append(f"    {trace}({id}, v{id})")
            done = [
                i for i in dict.fromkeys(node.inputs)
                if last[i] == index and self.graph.nodes[i].op not in ("input", "parameter", "state", "zero")]
            if done:
                lines.append(f"    del {', '.join(f'v{i}' for i in done)}")
        lines.append(f"    return v{self.output}")
        return "\n".join(lines) + "\n"

    def overwritable(self, id, by):
        """Whether a value's memory is free once `by` has read it: the backward pass of what made it does not look at it."""
        return (
            self.in_place and self.users[id] == [by.id] and id != self.output
            and self.graph.nodes[id].op in ("conv", "bn", "add"))

    def expression(self, node):
        """The call that computes a node; None for one that is written where it is read."""
        writer = getattr(self, "write_" + node.op, None)
        if writer is None:
            raise ValueError(f"the op `{node.op}` of %{node.id} has no counterpart here")
        return writer(node, *[self.tensor(i) for i in node.inputs])

    # Layers

    def write_conv(self, node, x, weight, bias="None"):
        if node.get("activation"):
            raise ValueError("a fused activation: dump the graph after `canonical`")
        x, padding = self.padded(node, x, "0.0")
        return (
            f"F.conv2d({x}, {weight}, {bias}, {pair(node.get('stride', 1))}, {pair(padding)}, "
            f"{pair(node.get('dilation', 1))}, {node.get('groups', 1)})")

    def padded(self, node, x, filler):
        """The operand, and the padding that the op itself can do: the same at opposite sides, nothing otherwise."""
        top, left, bottom, right = node.get("padding", (0, 0, 0, 0))
        if top == bottom and left == right:
            return x, (top, left)
        return f"F.pad({x}, ({left}, {right}, {top}, {bottom}), value={filler})", (0, 0)

    def write_linear(self, node, x, weight, bias="None"):
        return f"F.linear({x}.flatten(1), {weight}, {bias})[:, :, None, None]"

    def write_bn(self, node, x, scale, shift, mean, variance):
        return (
            f"F.batch_norm({x}, {mean}, {variance}, {scale}, {shift}, {self.training}, {node.get('momentum')}, "
            f"{node.get('epsilon')})")

    def write_layer_norm(self, node, x, scale, shift):
        return (
            f"F.layer_norm({x}.permute(0, 2, 3, 1), ({node.shape[0]},), {scale}, {shift}, {node.get('epsilon')})"
            ".permute(0, 3, 1, 2)")

    def write_attend(self, node, x):
        heads, (c, h, w) = node.get("heads"), node.shape
        parts = f"{x}.reshape(-1, 3, {heads}, {c // heads}, {h * w}).transpose(3, 4).unbind(1)"
        return f"F.scaled_dot_product_attention(*{parts}).transpose(2, 3).reshape(-1, {c}, {h}, {w})"

    # Activations

    def write_relu(self, node, x):
        return f"F.relu({x}, inplace={self.overwritable(node.inputs[0], node)})"

    def write_relu6(self, node, x):
        return f"F.relu6({x}, inplace={self.overwritable(node.inputs[0], node)})"

    def write_sigmoid(self, node, x):
        return f"torch.sigmoid({x})"

    def write_silu(self, node, x):
        return f"F.silu({x})"

    def write_hard_swish(self, node, x):
        return f"F.hardswish({x})"

    def write_hard_sigmoid(self, node, x):
        return f"F.hardsigmoid({x})"

    def write_gelu(self, node, x):
        return f"F.gelu({x})"

    def write_abs(self, node, x):
        return f"torch.abs({x})"

    def write_negate(self, node, x):
        return f"torch.neg({x})"

    def write_softmax(self, node, x):
        return f"F.softmax({x}, 1)"

    # Pools

    def strided(self, node, x):
        """A window of one place only moves; None for any larger window."""
        if node.get("kernel") != (1, 1) or node.get("padding") or node.get("ceil"):
            return None
        rows, columns = node.get("stride", (1, 1))
        return f"{x}[:, :, ::{rows}, ::{columns}]"

    def write_max_pool(self, node, x):
        if (slice := self.strided(node, x)) is not None:
            return slice
        x, padding = self.padded(node, x, "-math.inf")
        return (
            f"F.max_pool2d({x}, {pair(node.get('kernel'))}, {pair(node.get('stride', (1, 1)))}, {pair(padding)}, "
            f"{pair(node.get('dilation', 1))}, {node.get('ceil', False)})")

    def write_avg_pool(self, node, x):
        if (slice := self.strided(node, x)) is not None:
            return slice
        if node.get("dilation"):
            raise ValueError("PyTorch has no dilated average pool")
        padded, padding = self.padded(node, x, "0.0")
        counts = node.get("count_padding", False)
        arguments = (
            f"{pair(node.get('kernel'))}, {pair(node.get('stride', (1, 1)))}, {pair(padding)}, "
            f"{node.get('ceil', False)}, {counts or padded != x}")
        pooled = f"F.avg_pool2d({padded}, {arguments})"
        if padded == x or counts:
            return pooled
        # Padding that differs between the sides does not count: divide by the share of the window that is inside.
        inside, _ = self.padded(node, f"torch.ones_like({x}[:1, :1])", "0.0")
        return f"{pooled} / F.avg_pool2d({inside}, {arguments})"

    def write_global_avg_pool(self, node, x):
        return f"{x}.mean((2, 3), keepdim=True)"

    # Sums, products and shapes

    def write_add(self, node, *terms):
        free = [t for t, id in zip(terms, node.inputs) if self.overwritable(id, node)]
        if len(set(terms)) == len(terms) == 2 and free:
            other = terms[1] if terms[0] == free[0] else terms[0]
            return f"{free[0]}.add_({other})"
        return " + ".join(terms)

    def write_mul(self, node, x, y):
        return f"{x} * {y}"

    def write_concat(self, node, *parts):
        axis = node.get("axis")
        kinds = [self.graph.nodes[i].op for i in node.inputs]
        if axis == "channel" and kinds == [kinds[0], "zero"] and kinds[0] != "zero":
            return f"F.pad({parts[0]}, (0, 0, 0, 0, 0, {self.graph.nodes[node.inputs[1]].shape[0]}))"
        parts = [
            f"v{self.graph.inputs()[0].id}.new_zeros((batch, {', '.join(map(str, self.graph.nodes[i].shape))}))"
            if kind == "zero" else part for part, kind, i in zip(parts, kinds, node.inputs)]
        return f"torch.cat(({', '.join(parts)},), {AXES[axis]})"

    def write_zero(self, node):
        if any(self.graph.nodes[u].op != "concat" for u in self.users[node.id]):
            raise ValueError("zeros are known as channels to append only")
        return None

    def write_slice(self, node, x):
        return f"{x}.narrow({AXES[node.get('axis')]}, {node.get('start')}, {node.get('length')})"

    def write_shuffle(self, node, x):
        groups, (c, h, w) = node.get("groups"), node.shape
        return f"{x}.view(-1, {groups}, {c // groups}, {h}, {w}).transpose(1, 2).reshape(-1, {c}, {h}, {w})"

    def write_crop(self, node, x):
        top, left, _, _ = node.get("border")
        _, h, w = node.shape
        return f"{x}[:, :, {top}:{top + h}, {left}:{left + w}]"

    def write_pad(self, node, x):
        top, left, bottom, right = node.get("border")
        return f"F.pad({x}, ({left}, {right}, {top}, {bottom}))"

    def write_upsample(self, node, x):
        return f"F.interpolate({x}, scale_factor={node.get('factor')}, mode='nearest')"

    def write_flatten(self, node, x):
        return f"{x}.reshape(-1, {node.shape[0]}, 1, 1)"

    def write_flatten_places(self, node, x):
        return f"{x}.flatten(2).unsqueeze(3)"

    def write_learned(self, node, value):
        # Operations that broadcast take it as it is; joining needs one for every sample.
        joined = any(self.graph.nodes[u].op == "concat" for u in self.users[node.id])
        return f"{value}.unsqueeze(0).expand(batch, -1, -1, -1)" if joined else f"{value}.unsqueeze(0)"

    def write_identity(self, node, x):
        return x

    def write_dropout(self, node, x):
        return f"F.dropout({x}, {node.get('rate')})" if self.training and node.get("rate") > 0 else x

    def write_drop_path(self, node, x):
        if not self.training or node.get("rate") == 0:
            return x
        keep = 1 - node.get("rate")
        return f"{x} * (torch.empty(({x}.shape[0], 1, 1, 1)).bernoulli_({keep}) / {keep})"


def attribute(node):
    """The module's attribute that holds a parameter or a running statistic."""
    return f"n{node.id}_" + re.sub(r"\W", "_", node.name)


def pair(value):
    """`3` for a square, `(3, 5)` otherwise."""
    return str(value) if isinstance(value, int) else str(value[0] if value[0] == value[1] else tuple(value))


def module(graph, training=False, in_place=True, device=None, trace=None):
    """The graph's network as a `torch.nn.Module`, its parameters and statistics unset.

    `module.paths` gives the instance path of every parameter and running statistic by the name that PyTorch knows it
    by. `trace(id, value)` is called after every node.
    """
    import math
    import torch

    class Network(torch.nn.Module):
        def load(self, tensors):
            """Takes parameters and running statistics from tensors under their instance paths."""
            with torch.no_grad():
                for name, tensor in [*self.named_parameters(), *self.named_buffers()]:
                    tensor.copy_(tensors[self.paths[name]].reshape(tensor.shape))

        def initialise(self, seed=0):
            """Weights as PyTorch's layers have them at first; for measurements that compare no results."""
            torch.manual_seed(seed)
            with torch.no_grad():
                for name, tensor in self.named_parameters():
                    node = self.node_of[name]
                    if "constant" in node.attributes:
                        tensor.fill_(node.get("constant"))
                    elif "fan_in" in node.attributes:
                        tensor.uniform_(-1, 1).div_(node.get("fan_in") ** 0.5)
                    else:
                        tensor.normal_(0, node.get("normal", node.get("truncated_normal", 0.02)))
                for name, tensor in self.named_buffers():
                    tensor.fill_(1 if self.node_of[name].get("role") == "running_variance" else 0)

    writer = Writer(graph, training, in_place)
    result = Network()
    result.paths, result.node_of = {}, {}
    for id in writer.order:
        node = graph.nodes[id]
        if node.op not in ("parameter", "state"):
            continue
        name = attribute(node)
        tensor = torch.empty(node.shape, device=device)
        if node.op == "parameter":
            result.register_parameter(name, torch.nn.Parameter(tensor))
        else:
            result.register_buffer(name, tensor)
        result.paths[name] = graph.path(node)
        result.node_of[name] = node
    result.source = writer.code("trace" if trace else None)
    names = {"torch": torch, "F": torch.nn.functional, "math": math, "trace": trace}
    exec(compile(result.source, "<network>", "exec"), names)
    result.forward = names["forward"].__get__(result)
    return result


def check(irlas):
    """Builds every network of samples/published, without memory for its numbers, and compares: 1 on a difference."""
    import torch

    samples = pathlib.Path(__file__).resolve().parents[2] / "samples" / "published"
    pinned, failures = 0, 0
    for program in sorted(samples.glob("*.irlas")):
        source = program.read_text()
        for network in re.findall(r"^network (\w+)", source, re.M):
            shown = subprocess.run(
                [irlas, "show", program, network, "--dump-after", "canonical"], check=True, capture_output=True, text=True)
            graph = Graph(shown.stdout)
            differing = []

            def shape_matches(id, tensor):
                node = graph.nodes[id]
                # A learned map is the same for all samples and may stay a batch of one.
                batch = tensor.shape[0] in (1, 2) if node.op == "learned" else tensor.shape[0] == 2
                if not batch or tuple(tensor.shape[1:]) != node.shape:
                    differing.append(f"%{id} {node.op}: {tuple(tensor.shape)} for {node.shape}")

            built = module(graph, device="meta", trace=shape_matches)
            built(*[torch.empty((2, *n.shape), device="meta") for n in graph.inputs()])
            count = sum(p.numel() for p in built.parameters())
            line = re.search(rf"^check {network}\(\)\s*\{{[^}}]*params == ([\d_]+)", source, re.M)
            auxiliary = any(aux for _, _, aux in graph.outputs)
            if line and not auxiliary and int(line[1]) != count:
                differing.append(f"{count} parameters, published {line[1]}")
            pinned += bool(line)
            failures += bool(differing)
            print(f"{program.name:24} {network:20} {count:>11,}  {'; '.join(differing[:3]) or 'ok'}")
    print(f"{pinned} networks with published counts, {failures} differ")
    return 1 if failures or pinned == 0 else 0


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        sys.exit(check(sys.argv[2]))
    built = module(Graph(pathlib.Path(sys.argv[1]).read_text()), device="meta")
    print(built.source)
    print(sum(p.numel() for p in built.parameters()), "parameters")
