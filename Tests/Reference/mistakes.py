"""Makes twenty usual mistakes in PyTorch, Keras and ONNX and writes down what each says.

Each mistake is a few lines that are run as they are shown. For PyTorch and Keras the lines stand in two parts, what
makes the model and what feeds it one batch; an ONNX model is parsed from its text form, checked with shape inference,
loaded by onnxruntime, and run. What is kept is the first step that fails and the last lines of its message, or that
nothing fails.

    pip install torch keras onnx onnxruntime
    KERAS_BACKEND=torch python Tests/Reference/mistakes.py > Tests/Reference/fixtures/mistakes.json
"""

import io
import json
import os
import platform
import re
import sys
import traceback
import warnings

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore")

import keras
import numpy
import onnx
import onnx.checker
import onnx.parser
import onnxruntime
import torch

onnxruntime.set_default_logger_severity(4)

HEADER = '<ir_version: 8, opset_import: ["": 18]>\n'

# id: {peer: (what makes it, what feeds it)}; None: the peer has no counterpart.
MISTAKES = {
    "residual_sum": {
        "torch": (
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 64, 3, padding=1)
    def forward(self, x):
        return self.conv(x) + x
net = Net()
""",
            "net(torch.zeros(1, 16, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 16))
y = layers.Conv2D(64, 3, padding="same")(x)
net = keras.Model(x, layers.Add()([y, x]))
""",
            "net(numpy.zeros((1, 32, 32, 16)))",
        ),
        "onnx": """
net (float[1,16,32,32] x, float[64,16,1,1] w) => (float[a,b,c,d] z) {
  y = Conv(x, w)
  z = Add(y, x)
}
""",
    },
    "broadcast_sum": {
        "torch": (
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 1, 3, padding=1)
    def forward(self, x):
        return x + self.conv(x)
net = Net()
""",
            "net(torch.zeros(1, 16, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 16))
y = layers.Conv2D(1, 3, padding="same")(x)
net = keras.Model(x, layers.Add()([x, y]))
""",
            "net(numpy.zeros((1, 32, 32, 16)))",
        ),
        "onnx": """
net (float[1,16,32,32] x, float[1,16,1,1] w) => (float[a,b,c,d] z) {
  y = Conv(x, w)
  z = Add(x, y)
}
""",
    },
    "groups": {
        "torch": ("net = nn.Conv2d(16, 100, 3, groups=8, padding=1)", "net(torch.zeros(1, 16, 32, 32))"),
        "keras": (
            """
x = keras.Input((32, 32, 16))
net = keras.Model(x, layers.Conv2D(100, 3, groups=8, padding="same")(x))
""",
            "net(numpy.zeros((1, 32, 32, 16)))",
        ),
        "onnx": """
net (float[1,16,32,32] x, float[100,2,1,1] w) => (float[a,b,c,d] y) {
  y = Conv <group = 8> (x, w)
}
""",
    },
    "missing_flatten": {
        "torch": (
            "net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 10))",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 3))
y = layers.Conv2D(8, 3, padding="same")(x)
net = keras.Model(x, layers.Dense(10)(y))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x, float[8,3,1,1] w, float[8,10] v) => (float[a,b] z) {
  y = Conv(x, w)
  z = Gemm(y, v)
}
""",
    },
    "misspelt_layer": {
        "torch": ("net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPol2d(2))", "net(torch.zeros(1, 3, 32, 32))"),
        "keras": (
            """
x = keras.Input((32, 32, 3))
net = keras.Model(x, layers.MaxPoling2D(2)(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] y) {
  y = MaxPol <kernel_shape = [2, 2]> (x)
}
""",
    },
    "missing_argument": {
        "torch": ("net = nn.Conv2d(3, kernel_size=3)", "net(torch.zeros(1, 3, 32, 32))"),
        "keras": (
            """
x = keras.Input((32, 32, 3))
net = keras.Model(x, layers.Conv2D(kernel_size=3)(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] y) {
  y = Conv(x)
}
""",
    },
    "vanishing_size": {
        "torch": (
            """
net = nn.Sequential(
    nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 8, 3, stride=2),
    nn.Conv2d(8, 8, 3, stride=2), nn.MaxPool2d(5))
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 3))
y = layers.Conv2D(8, 3, strides=2)(x)
y = layers.Conv2D(8, 3, strides=2)(y)
y = layers.Conv2D(8, 3, strides=2)(y)
net = keras.Model(x, layers.MaxPooling2D(5)(y))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x, float[8,3,3,3] u, float[8,8,3,3] v) => (float[a,b,c,d] z) {
  y1 = Conv <strides = [2, 2]> (x, u)
  y2 = Conv <strides = [2, 2]> (y1, v)
  y3 = Conv <strides = [2, 2]> (y2, v)
  z = MaxPool <kernel_shape = [5, 5]> (y3)
}
""",
    },
    "swapped_arguments": {
        "torch": ("net = nn.Conv2d(3, 3, 64)", "net(torch.zeros(1, 3, 32, 32))"),
        "keras": (
            """
x = keras.Input((32, 32, 3))
net = keras.Model(x, layers.Conv2D(3, 64)(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x, float[3,3,64,64] w) => (float[a,b,c,d] y) {
  y = Conv(x, w)
}
""",
    },
    "unused_binding": {
        "torch": (
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
    def forward(self, x):
        y = self.bn(self.conv(x))
        return torch.relu(x)
net = Net()
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 3))
y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x))
net = keras.Model(x, layers.ReLU()(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x, float[8,3,1,1] w) => (float[a,b,c,d] z) {
  y = Conv(x, w)
  z = Relu(x)
}
""",
    },
    "wrong_inputs": {
        "torch": (
            """
class Join(nn.Module):
    def forward(self, a, b):
        return torch.cat([a, b], 1)
net = nn.Sequential(nn.Conv2d(3, 8, 3), Join())
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
class Join(layers.Layer):
    def call(self, a, b):
        return keras.ops.concatenate([a, b], -1)
x = keras.Input((32, 32, 3))
net = keras.Model(x, Join()(layers.Conv2D(8, 3)(x)))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] y) {
  y = Add(x)
}
""",
    },
    "uneven_split": {
        "torch": (
            """
class Net(nn.Module):
    def forward(self, x):
        return x.chunk(4, dim=1)
net = Net()
""",
            "net(torch.zeros(1, 6, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 6))
net = keras.Model(x, keras.ops.split(x, 4, axis=-1))
""",
            "net(numpy.zeros((1, 32, 32, 6)))",
        ),
        "onnx": """
net (float[1,6,32,32] x) => (float[a,b,c,d] p, float[e,f,g,h] q, float[i,j,k,l] r, float[m,n,o,s] t) {
  p, q, r, t = Split <axis = 1, num_outputs = 4> (x)
}
""",
    },
    "budget": {"torch": None, "keras": None, "onnx": None},
    "concat_sizes": {
        "torch": (
            """
class Net(nn.Module):
    def forward(self, x):
        return torch.cat([x, nn.functional.avg_pool2d(x, 2)], 1)
net = Net()
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 3))
net = keras.Model(x, layers.Concatenate()([x, layers.AveragePooling2D(2)(x)]))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] z) {
  y = AveragePool <kernel_shape = [2, 2], strides = [2, 2]> (x)
  z = Concat <axis = 1> (x, y)
}
""",
    },
    "duplicate_name": {
        "torch": (
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.conv = nn.Conv2d(3, 16, 3)
    def forward(self, x):
        return self.conv(x)
net = Net()
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
x = keras.Input((32, 32, 3))
y = layers.Conv2D(8, 3, name="conv")(x)
net = keras.Model(x, layers.Conv2D(16, 3, name="conv")(y))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] y) {
  y = Relu(x)
  y = Sigmoid(x)
}
""",
    },
    "recipe_key": {
        "torch": (
            "net = nn.Conv2d(3, 8, 3)\nsgd = torch.optim.SGD(net.parameters(), lr=0.1, momentm=0.9)",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": ("sgd = keras.optimizers.SGD(learning_rate=0.1, momentm=0.9)", ""),
        "onnx": None,
    },
    "label_typo": {
        "torch": ("net = nn.Conv2d(3, 8, 3, strid=2)", "net(torch.zeros(1, 3, 32, 32))"),
        "keras": (
            """
x = keras.Input((32, 32, 3))
net = keras.Model(x, layers.Conv2D(8, 3, strid=2)(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x, float[8,3,3,3] w) => (float[a,b,c,d] y) {
  y = Conv <strid = [2, 2]> (x, w)
}
""",
    },
    "undefined_input": {
        "torch": (
            """
class Net(nn.Module):
    def forward(self, image):
        return torch.relu(imge)
net = Net()
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
image = keras.Input((32, 32, 3))
net = keras.Model(image, layers.ReLU()(imge))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] image) => (float[a,b,c,d] y) {
  y = Relu(imge)
}
""",
    },
    "wrong_type": {
        "torch": ("net = nn.Conv2d(3, 13 / 2, 3)", "net(torch.zeros(1, 3, 32, 32))"),
        "keras": (
            """
x = keras.Input((32, 32, 3))
net = keras.Model(x, layers.Conv2D(13 / 2, 3)(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x, float[8,3,3,3] w) => (float[a,b,c,d] y) {
  y = Conv <strides = [1.5, 1.5]> (x, w)
}
""",
    },
    "cyclic_cell": {
        "torch": (
            """
class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.rest = Deep()
    def forward(self, x):
        return self.rest(torch.relu(x))
net = Deep()
""",
            "net(torch.zeros(1, 3, 32, 32))",
        ),
        "keras": (
            """
class Deep(layers.Layer):
    def __init__(self):
        super().__init__()
        self.rest = Deep()
    def call(self, x):
        return self.rest(keras.ops.relu(x))
x = keras.Input((32, 32, 3))
net = keras.Model(x, Deep()(x))
""",
            "net(numpy.zeros((1, 32, 32, 3)))",
        ),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] y) {
  y = Relu(z)
  z = Relu(y)
}
""",
    },
    "unbalanced_bracket": {
        "torch": ("net = nn.Sequential(nn.Conv2d(3, 8, 3, nn.ReLU())", ""),
        "keras": ("x = keras.Input((32, 32, 3)\nnet = keras.Model(x, layers.ReLU()(x))", ""),
        "onnx": """
net (float[1,3,32,32] x) => (float[a,b,c,d] y) {
  y = Relu(x
}
""",
    },
}


def printed(error):
    """The end of what Python prints, without the lines that led there, but with its `Did you mean`."""
    text = "".join(traceback.format_exception_only(error)).strip()
    stream, sys.stderr = sys.stderr, io.StringIO()
    sys.__excepthook__(type(error), error, error.__traceback__)
    whole, sys.stderr = sys.stderr.getvalue(), stream
    start = whole.rfind(text[:60])
    return whole[start:].strip() if start >= 0 else text


def last_lines(error):
    text = printed(error)
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    # Addresses and paths differ from run to run.
    text = re.sub(r"0x[0-9a-f]{6,}", "0x...", text)
    text = re.sub(r'(?:/[\w.+-]+)+/([\w.+-]+)', r"\1", text)
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    if len(lines) > 6:
        lines = lines[:5] + ["..."]
    return "\n".join(line if len(line) <= 240 else line[:237] + "..." for line in lines)


def accepted(code, outputs):
    """What came of a mistake that nobody noticed."""
    if not isinstance(outputs, (list, tuple)):
        outputs = [outputs]
    shapes = [list(output.shape) for output in outputs]
    return {"code": code, "stage": None, "message": None, "shapes": " ".join(map(str, shapes))}


def python(make, feed, names):
    code = make.strip("\n")
    space = dict(names)
    stage = "making the model"
    try:
        exec(compile(code, "<net>", "exec"), space)
        stage = "the first batch"
        return accepted(code, eval(compile(feed, "<net>", "eval"), space))
    except BaseException as error:  # also RecursionError
        return {"code": code, "stage": stage, "message": last_lines(error)}


def run_onnx(text):
    code = text.strip("\n")
    stage = "parsing"
    try:
        model = onnx.parser.parse_model(HEADER + text)
        stage = "checking"
        onnx.checker.check_model(model, full_check=True)
        stage = "loading"
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        stage = "the first batch"
        batch = {i.name: numpy.zeros(i.shape, numpy.float32) for i in session.get_inputs()}
        return accepted(code, session.run(None, batch))
    except BaseException as error:
        return {"code": code, "stage": stage, "message": last_lines(error)}


def main():
    result = {}
    torch_names = {"torch": torch, "nn": torch.nn}
    keras_names = {"keras": keras, "layers": keras.layers, "numpy": numpy}
    for name, peers in MISTAKES.items():
        entry = {}
        for peer, mistake in peers.items():
            if mistake is None:
                entry[peer] = None
            elif peer == "onnx":
                entry[peer] = run_onnx(mistake)
            else:
                entry[peer] = python(*mistake, torch_names if peer == "torch" else keras_names)
        result[name] = entry
    json.dump(
        {
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__.split("+")[0],
                "keras": keras.__version__,
                "onnx": onnx.__version__,
                "onnxruntime": onnxruntime.__version__,
            },
            "mistakes": result,
        },
        sys.stdout,
        indent=1,
        ensure_ascii=False,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
