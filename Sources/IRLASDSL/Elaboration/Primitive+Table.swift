import IRLASGraph

extension Primitive {
  /// All primitives in the order of the manual.
  package static let all: [Primitive] = [
    // Layers with weights.
    Primitive(
      "conv", [kernel, int("out"), stride, int("groups", 1), dilation, padding, flag("bias", false)],
      "convolution; `groups` splits its channels into groups of their own"
    ) { (assembly, a, x) throws(ShapeIssue) in
      let window = try assembly.window(
        x[0], kernel: a.extent(0), stride: a.extent(2), dilation: a.extent(4), padding: a.padding(5))
      return [
        try assembly.convolve(
          x[0], out: a.int(1), Convolution(window: window, groups: a.int(3)), bias: a.bool(6), name: "conv")
      ]
    },
    Primitive(
      "dwconv", [kernel, int("multiplier", 1), stride, dilation, padding, flag("bias", false)],
      "depthwise convolution: one group for each channel, `multiplier` results for each group"
    ) { (assembly, a, x) throws(ShapeIssue) in
      let window = try assembly.window(
        x[0], kernel: a.extent(0), stride: a.extent(2), dilation: a.extent(3), padding: a.padding(4))
      let channels = assembly.shape(x[0]).channels
      guard a.int(1) > 0 else { throw .notPositive(attribute: "multiplier", value: a.int(1)) }
      return [
        try assembly.convolve(
          x[0], out: saturatingProduct(channels, a.int(1)), Convolution(window: window, groups: channels),
          bias: a.bool(5), name: "dwconv")
      ]
    },
    Primitive(
      "linear", [int("out"), flag("bias", true)], "fully connected layer on [n, 1, 1]"
    ) { (assembly, a, x) throws(ShapeIssue) in
      let origin = assembly.origin
      return [
        try assembly.applyWeighted { (builder, sharing) throws(ShapeIssue) in
          try builder.linear(x[0], out: a.int(0), bias: a.bool(1), sharing: sharing, origin: origin)
        }
      ]
    },
    Primitive(
      "bn", [float("eps", 1e-5), float("momentum", 0.1)],
      "batch normalisation with a learned scale and shift for each channel (Ioffe and Szegedy, 2015)"
    ) { (assembly, a, x) throws(ShapeIssue) in
      guard a.float(0) > 0 else { throw .rateOutOfRange(attribute: "eps", value: a.float(0)) }
      guard a.float(1) > 0, a.float(1) <= 1 else {
        throw .rateOutOfRange(attribute: "momentum", value: a.float(1))
      }
      let origin = assembly.origin
      let norm = BatchNorm(epsilon: a.float(0), momentum: a.float(1))
      return [
        try assembly.applyWeighted { (builder, sharing) throws(ShapeIssue) in
          try builder.batchNorm(x[0], norm, sharing: sharing, origin: origin)
        }
      ]
    },
    Primitive(
      "layer_norm", [float("eps", 1e-6)],
      "normalisation over the channels of each place, with a learned scale and shift for each channel "
        + "(Ba, Kiros and Hinton, 2016)"
    ) { (assembly, a, x) throws(ShapeIssue) in
      guard a.float(0) > 0 else { throw .rateOutOfRange(attribute: "eps", value: a.float(0)) }
      let origin = assembly.origin
      return [
        try assembly.applyWeighted { (builder, sharing) throws(ShapeIssue) in
          try builder.layerNorm(x[0], epsilon: a.float(0), sharing: sharing, origin: origin)
        }
      ]
    },
    Primitive(
      "attention", [int("heads")],
      "self-attention over all places: 1x1 convolutions with bias make queries, keys and values, and what "
        + "`attend` gives goes through one more (Vaswani et al., NIPS 2017)"
    ) { (assembly, a, x) throws(ShapeIssue) in
      let shape = assembly.shape(x[0])
      // Checked before anything is added, so that a failure adds nothing.
      guard a.int(0) > 0 else { throw .notPositive(attribute: "heads", value: a.int(0)) }
      guard shape.channels % a.int(0) == 0 else {
        throw .groupsDoNotDivide(groups: a.int(0), channels: shape.channels, ofOutput: false)
      }
      let width = saturatingProduct(3, shape.channels)
      let attend = Op.attention(heads: a.int(0))
      _ = try attend.resultShape(of: [.image(width, shape.height, shape.width)])
      let convolution = Convolution(window: Window(kernelSize: .one))
      let parts = try assembly.convolve(x[0], out: width, convolution, bias: true, name: "qkv")
      let mixed = try assembly.add(attend, [parts])
      return [
        try assembly.convolve(mixed, out: shape.channels, convolution, bias: true, name: "projection")
      ]
    },
    Primitive(
      "attend", [int("heads")],
      "[3c, h, w], queries, keys and values, to [c, h, w]: softmax(q k / sqrt(d)) v in each head of d = c / heads "
        + "channels"
    ) { (assembly, a, x) throws(ShapeIssue) in [try assembly.add(.attention(heads: a.int(0)), x)] },
    Primitive(
      "learned",
      [
        Parameter(name: "shape", type: .sizes, defaultValue: nil),
        Parameter(name: "init", type: .initializer, defaultValue: nil),
      ], inputs: 0...0,
      "a tensor of learned numbers, the same for every image; it stands where a tensor stands, not in a chain"
    ) { (assembly, a, _) throws(ShapeIssue) in
      let (size, origin) = (a.shape(0), assembly.origin)
      for axis in 0..<size.rank where size[axis] < 1 {
        throw .notPositive(attribute: "shape", value: size[axis])
      }
      return [
        try assembly.applyWeighted { (builder, sharing) throws(ShapeIssue) in
          try builder.learned(size, a.initializer(1), sharing: sharing, origin: origin)
        }
      ]
    },

    // Element-wise functions.
    activation(.relu, "max(x, 0)"),
    activation(.relu6, "min(max(x, 0), 6)"),
    activation(.sigmoid, "1 / (1 + exp(-x))"),
    activation(.silu, "x * sigmoid(x), also called swish"),
    activation(.hardSwish, "x * relu6(x + 3) / 6"),
    activation(.hardSigmoid, "relu6(x + 3) / 6"),
    activation(.gelu, "x * (1 + erf(x / sqrt(2))) / 2 (Hendrycks and Gimpel, 2016)"),
    activation(.abs, "the absolute value"),
    activation(.negate, "-x; `a - b` is a + (b -> negate)"),

    Primitive("softmax", [], "exp(x) / sum exp(x), the sum over the channels of each place") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.add(.softmax, x)]
    },

    // Pools.
    Primitive(
      "max_pool", [kernel, stride, padding, flag("ceil", false)],
      "largest value of each window; `ceil` counts a last partial window"
    ) { (assembly, a, x) throws(ShapeIssue) in
      let window = try assembly.window(
        x[0], kernel: a.extent(0), stride: a.extent(1), dilation: .one, padding: a.padding(2))
      return [try assembly.add(.maxPool(Pool(window: window, ceil: a.bool(3))), x)]
    },
    Primitive(
      "avg_pool", [kernel, stride, padding, flag("ceil", false), flag("count_padding", false)],
      "mean of each window; padding counts only with `count_padding: true`"
    ) { (assembly, a, x) throws(ShapeIssue) in
      let window = try assembly.window(
        x[0], kernel: a.extent(0), stride: a.extent(1), dilation: .one, padding: a.padding(2))
      return [
        try assembly.add(.averagePool(Pool(window: window, ceil: a.bool(3), countsPadding: a.bool(4))), x)
      ]
    },
    Primitive("global_avg_pool", [], "mean over height and width: [c, h, w] to [c, 1, 1]") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.add(.globalAveragePool, x)]
    },

    // Joining and splitting.
    Primitive("add", [], inputs: 1...Int.max, "sum of tensors of equal shape, like `+`; zeros are dropped") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.sum(x)]
    },
    Primitive("mul", [], inputs: 2...2, "product of equal shapes, or of x and a gate [c, 1, 1], like `*`") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.product(x[0], x[1])]
    },
    Primitive(
      "mix", [], inputs: 1...65536,
      "weighted sum of tensors of equal shape, the weights being the softmax of learned numbers that start at 0 "
        + "(Liu et al., ICLR 2019)"
    ) { (assembly, _, x) throws(ShapeIssue) in
      // Checked before anything is added, so that a failure adds nothing.
      if x.count > 1 { _ = try Op.add.resultShape(of: x.map(assembly.shape)) }
      let size = Shape.image(x.count, 1, 1)
      let origin = assembly.origin
      let logits = try assembly.applyWeighted { (builder, sharing) throws(ShapeIssue) in
        try builder.learned(size, .constant(0), sharing: sharing, name: "mix", origin: origin)
      }
      return [try assembly.mixture(of: x, weights: assembly.add(.softmax, [logits]))]
    },
    Primitive(
      "concat", [Parameter(name: "axis", type: .axis, defaultValue: .axis(.channel))], inputs: 1...Int.max,
      "tensors joined along an axis (c, h or w)"
    ) { (assembly, a, x) throws(ShapeIssue) in
      x.count == 1 ? x : [try assembly.add(.concat(a.axis(0)), x)]
    },
    Primitive("split", [int("n")], "n tensors of equally many channels") {
      (assembly, a, x) throws(ShapeIssue) in
      let (n, channels) = (a.int(0), assembly.shape(x[0]).channels)
      guard n > 0 else { throw .notPositive(attribute: "n", value: n) }
      guard n <= 65536 else { throw .tooLarge(what: "the number of parts", value: n) }
      guard channels % n == 0 else {
        throw .groupsDoNotDivide(groups: n, channels: channels, ofOutput: false)
      }
      var parts: [NodeID] = []
      for index in 0..<n {
        parts.append(
          try assembly.add(.slice(axis: .channel, start: index * (channels / n), length: channels / n), x))
      }
      return parts
    },
    Primitive(
      "shuffle", [int("groups")], "ShuffleNet's permutation of channels (Zhang et al., CVPR 2018)"
    ) { (assembly, a, x) throws(ShapeIssue) in [try assembly.add(.channelShuffle(groups: a.int(0)), x)] },

    // Borders and sizes.
    Primitive(
      "crop", [int("top", 0), int("left", 0), int("bottom", 0), int("right", 0)], "cuts off rows and columns"
    ) {
      (assembly, a, x) throws(ShapeIssue) in
      [try assembly.add(.crop(Border(top: a.int(0), left: a.int(1), bottom: a.int(2), right: a.int(3))), x)]
    },
    Primitive(
      "pad", [Parameter(name: "border", type: .padding, defaultValue: nil)],
      "zeros around: n, [h, w] or [t, l, b, r]"
    ) {
      (assembly, a, x) throws(ShapeIssue) in
      guard case .explicit(let border) = a.padding(0) else {
        throw .wrongKind(input: 0, expected: "a number of rows and columns", actual: assembly.shape(x[0]))
      }
      return border.isNone ? x : [try assembly.add(.pad(border), x)]
    },
    Primitive("pad_channels", [int("to")], "zero channels added at the end, up to `to` (ResNet option A)") {
      (assembly, a, x) throws(ShapeIssue) in
      let shape = assembly.shape(x[0])
      guard a.int(0) >= shape.channels else {
        throw .vanishes(axis: .channel, size: a.int(0) - shape.channels)
      }
      if a.int(0) == shape.channels { return x }
      let missing = Shape.image(a.int(0) - shape.channels, shape.height, shape.width)
      // Checked first, so that a failure adds no zeros.
      _ = try Op.concat(.channel).resultShape(of: [shape, missing])
      return [try assembly.add(.concat(.channel), x + [assembly.add(.zero, [], declared: missing)])]
    },
    Primitive("upsample", [int("factor")], "nearest-neighbour enlargement by a whole factor") {
      (assembly, a, x) throws(ShapeIssue) in [try assembly.add(.upsample(factor: a.int(0)), x)]
    },
    Primitive("flatten", [], "[c, h, w] to [c * h * w, 1, 1]") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.add(.flatten, x)]
    },
    Primitive("flatten_places", [], "[c, h, w] to [c, h * w, 1]: the rows one after the other") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.add(.flattenPlaces, x)]
    },
    Primitive(
      "zero", [stride], "zeros of the shape that a strided layer would give; adding them is the identity"
    ) {
      (assembly, a, x) throws(ShapeIssue) in
      let (shape, stride) = (assembly.shape(x[0]), a.extent(0))
      guard stride.height > 0, stride.width > 0 else {
        throw .notPositive(attribute: "stride", value: min(stride.height, stride.width))
      }
      let result = Shape.image(
        shape.channels, (shape.height - 1) / stride.height + 1, (shape.width - 1) / stride.width + 1)
      return [try assembly.add(.zero, [], declared: result)]
    },
    Primitive(
      "zeros", [Parameter(name: "shape", type: .sizes, defaultValue: nil)], inputs: 0...0,
      "zeros of a given shape; it stands where a tensor stands, not in a chain"
    ) { (assembly, a, _) throws(ShapeIssue) in
      let size = a.shape(0)
      for axis in 0..<size.rank where size[axis] < 1 {
        throw .notPositive(attribute: "shape", value: size[axis])
      }
      return [try assembly.add(.zero, [], declared: size)]
    },
    Primitive("identity", [], "its input") {
      (assembly, _, x) throws(ShapeIssue) in [try assembly.add(.identity, x)]
    },

    // Regularisation.
    Primitive("dropout", [float("rate")], "zeroes elements with probability `rate` while training") {
      (assembly, a, x) throws(ShapeIssue) in [try assembly.add(.dropout(rate: a.float(0)), x)]
    },
    Primitive(
      "drop_path", [float("rate")],
      "zeroes whole samples with probability `rate` while training (stochastic depth)"
    ) { (assembly, a, x) throws(ShapeIssue) in [try assembly.add(.dropPath(rate: a.float(0)), x)] },
  ]

  // MARK: Parts of entries

  private init(
    _ name: String, _ parameters: [Parameter], inputs: ClosedRange<Int> = 1...1, _ documentation: String,
    _ apply: @escaping Application
  ) {
    self.init(name: name, parameters: parameters, inputs: inputs, documentation: documentation, apply: apply)
  }

  private static func activation(_ function: Activation, _ documentation: String) -> Primitive {
    Primitive(function.rawValue, [], documentation) { (assembly, _, x) throws(ShapeIssue) in
      [try assembly.add(.activation(function), x)]
    }
  }

  private static let kernel = Parameter(name: "kernel", type: .kernel, defaultValue: nil)
  private static let stride = Parameter(name: "stride", type: .extent, defaultValue: .integer(1))
  private static let dilation = Parameter(name: "dilation", type: .extent, defaultValue: .integer(1))
  private static let padding = Parameter(name: "padding", type: .padding, defaultValue: .padding(.same))

  private static func int(_ name: String, _ value: Int? = nil) -> Parameter {
    Parameter(name: name, type: .int, defaultValue: value.map(Value.integer))
  }

  private static func float(_ name: String, _ value: Double? = nil) -> Parameter {
    Parameter(name: name, type: .float, defaultValue: value.map(Value.float))
  }

  private static func flag(_ name: String, _ value: Bool) -> Parameter {
    Parameter(name: name, type: .bool, defaultValue: .boolean(value))
  }
}

extension Assembly {
  /// A convolution at the current origin, with fresh or shared weights.
  fileprivate func convolve(_ x: NodeID, out: Int, _ convolution: Convolution, bias: Bool, name: String)
    throws(ShapeIssue) -> NodeID
  {
    guard out <= Shape.maximumDimension else { throw .tooLarge(what: "the number of channels", value: out) }
    let origin = origin
    return try applyWeighted { (builder, sharing) throws(ShapeIssue) in
      try builder.conv(x, out: out, convolution, bias: bias, sharing: sharing, name: name, origin: origin)
    }
  }
}
