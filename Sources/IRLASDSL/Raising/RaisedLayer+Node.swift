import IRLASGraph

extension Graph {
  /// The step that makes a node, for nodes that one layer makes from other nodes' values.
  ///
  /// - Throws: why the language has no words for it.
  func raisedStep(_ id: NodeID) throws(RaisingIssue) -> RaisedStep {
    let node = self[id]
    func step(_ name: String, _ arguments: [RaisedArgument] = []) -> RaisedStep {
      RaisedStep(
        action: .layer(RaisedLayer(callee: .layer(name), arguments: arguments)), inputs: node.inputs,
        results: [id])
    }
    switch node.op {
    case .conv(let convolution): return try raisedConvolution(id, convolution)
    case .linear:
      let bias = try hasBias(id, operands: 2)
      try expectWeights(id, [(.weight, .uniform(fanIn: self[node.inputs[1]].shape[1]))])
      var arguments = [RaisedArgument("out", .number(node.shape.channels), labelled: false)]
      if !bias { arguments.append(RaisedArgument("bias", .text("false"))) }
      return weighted(id, "linear", arguments)
    case .batchNorm(let norm):
      try expectWeights(id, [(.scale, .constant(1)), (.shift, .constant(0))])
      try expectStates(id)
      return weighted(
        id, "bn",
        [
          RaisedArgument("eps", .float(norm.epsilon), fallback: .float(BatchNorm().epsilon)),
          RaisedArgument("momentum", .float(norm.momentum), fallback: .float(BatchNorm().momentum)),
        ])
    case .layerNorm(let epsilon):
      try expectWeights(id, [(.scale, .constant(1)), (.shift, .constant(0))])
      return weighted(
        id, "layer_norm", [RaisedArgument("eps", .float(epsilon), fallback: .float(1e-6))])
    case .learned:
      guard case .parameter(let parameter) = self[node.inputs[0]].op, parameter.role == .value else {
        throw issue(id, "its numbers are not those of `learned`")
      }
      let initializer: String
      switch parameter.initializer {
      case .constant(let value): initializer = "\(value)"
      case .normal(let deviation): initializer = "normal(\(deviation))"
      case .truncatedNormal(let deviation): initializer = "trunc_normal(\(deviation))"
      case .uniform: throw issue(id, "its numbers are not those of `learned`")
      }
      let rest = node.shape.dimensions.dropFirst().map { ", \($0)" }.joined()
      return weighted(
        id, "learned",
        [
          RaisedArgument("shape", .sizes(node.shape.channels, rest), labelled: false),
          RaisedArgument("init", .text(initializer)),
        ])
    case .activation(let function): return step(function.rawValue)
    case .softmax: return step("softmax")
    case .maxPool(let pool): return try raisedPool(id, pool, "max_pool")
    case .averagePool(let pool): return try raisedPool(id, pool, "avg_pool")
    case .globalAveragePool: return step("global_avg_pool")
    case .add: return RaisedStep(action: .sum, inputs: node.inputs, results: [id])
    case .multiply: return RaisedStep(action: .product, inputs: node.inputs, results: [id])
    case .concat(let axis):
      return step("concat", [RaisedArgument("axis", .text(axis.letter), fallback: .text("c"))])
    case .channelShuffle(let groups):
      return step("shuffle", [RaisedArgument("groups", .number(groups), labelled: false)])
    case .crop(let b):
      let sides = [("top", b.top), ("left", b.left), ("bottom", b.bottom), ("right", b.right)]
      return step("crop", sides.map { RaisedArgument($0.0, .number($0.1), fallback: .number(0)) })
    case .pad(let border):
      guard !border.isNone else { throw issue(id, "it pads nothing") }
      return step(
        "pad", [RaisedArgument("border", .text(Value.padding(.explicit(border)).text), labelled: false)])
    case .upsample(let factor):
      return step("upsample", [RaisedArgument("factor", .number(factor), labelled: false)])
    case .dropout(let rate): return step("dropout", [RaisedArgument("rate", .float(rate), labelled: false)])
    case .dropPath(let rate):
      return step("drop_path", [RaisedArgument("rate", .float(rate), labelled: false)])
    case .attention(let heads):
      return step("attend", [RaisedArgument("heads", .number(heads), labelled: false)])
    case .identity: return step("identity")
    case .zero:
      let rest = node.shape.dimensions.dropFirst().map { ", \($0)" }.joined()
      return step("zeros", [RaisedArgument("shape", .sizes(node.shape.channels, rest), labelled: false)])
    case .flatten: return step("flatten")
    case .flattenPlaces: return step("flatten_places")
    default: throw issue(id, "`\(node.op.mnemonic)` has no word in the language")
    }
  }

  /// An issue about a node.
  func issue(_ id: NodeID, _ reason: String) -> RaisingIssue {
    RaisingIssue(reason: "\(path(of: id)) cannot be written: \(reason)")
  }

  private func weighted(_ id: NodeID, _ name: String, _ arguments: [RaisedArgument]) -> RaisedStep {
    let isLearned = name == "learned"
    let layer = RaisedLayer(callee: .layer(name), arguments: arguments)
    let tensors = isLearned ? self[id].inputs[...] : self[id].inputs.dropFirst()
    return RaisedStep(
      action: .layer(layer), inputs: isLearned ? [] : [self[id].inputs[0]], results: [id],
      sharing: tensors.first)
  }

  private func raisedConvolution(_ id: NodeID, _ convolution: Convolution) throws(RaisingIssue) -> RaisedStep
  {
    let node = self[id]
    let (x, weight) = (self[node.inputs[0]].shape, self[node.inputs[1]].shape)
    guard convolution.activation == nil else { throw issue(id, "an activation is fused into it") }
    try expectWeights(
      id, [(.weight, .uniform(fanIn: weight[1] * weight[2] * weight[3]))])
    let bias = try hasBias(id, operands: 2)
    let isDepthwise = convolution.groups == x.channels && convolution.groups > 1
    let out = node.shape.channels
    var arguments = [RaisedArgument("kernel", .kernel(convolution.window.kernelSize), labelled: false)]
    if isDepthwise {
      arguments.append(
        RaisedArgument("multiplier", .number(out / x.channels), fallback: .number(1)))
    } else {
      arguments.append(RaisedArgument("out", .number(out), labelled: false))
    }
    arguments.append(raised("stride", convolution.window.stride))
    if !isDepthwise {
      arguments.append(RaisedArgument("groups", .number(convolution.groups), fallback: .number(1)))
    }
    arguments.append(raised("dilation", convolution.window.dilation))
    arguments.append(raisedPadding(convolution.window, x))
    arguments.append(RaisedArgument("bias", .text("\(bias)"), fallback: .text("false")))
    return weighted(id, isDepthwise ? "dwconv" : "conv", arguments)
  }

  private func raisedPool(_ id: NodeID, _ pool: Pool, _ name: String) throws(RaisingIssue) -> RaisedStep {
    guard pool.window.dilation == .one else { throw issue(id, "pools have no dilation") }
    guard name == "avg_pool" || !pool.countsPadding else { throw issue(id, "it counts padding") }
    var arguments = [
      RaisedArgument("kernel", .kernel(pool.window.kernelSize), labelled: false),
      raised("stride", pool.window.stride),
      raisedPadding(pool.window, self[self[id].inputs[0]].shape),
      RaisedArgument("ceil", .text("\(pool.ceil)"), fallback: .text("false")),
    ]
    if name == "avg_pool" {
      arguments.append(
        RaisedArgument("count_padding", .text("\(pool.countsPadding)"), fallback: .text("false")))
    }
    return RaisedStep(
      action: .layer(RaisedLayer(callee: .layer(name), arguments: arguments)), inputs: self[id].inputs,
      results: [id])
  }

  private func raised(_ name: String, _ extent: Extent) -> RaisedArgument {
    let isSquare = extent.height == extent.width
    return RaisedArgument(
      name, isSquare ? .number(extent.height) : .text("[\(extent.height), \(extent.width)]"),
      fallback: .number(1))
  }

  private func raisedPadding(_ window: Window, _ input: Shape) -> RaisedArgument {
    let same = RaisedValue.text("same")
    if window.isSamePadded(input) { return RaisedArgument("padding", same, fallback: same) }
    let padding = window.padding.isNone ? PaddingMode.valid : .explicit(window.padding)
    return RaisedArgument("padding", .text(Value.padding(padding).text), fallback: same)
  }

  // MARK: Learned tensors

  /// Whether a weighted node has one operand more than given, which has to be a bias.
  private func hasBias(_ id: NodeID, operands: Int) throws(RaisingIssue) -> Bool {
    guard self[id].inputs.count > operands else { return false }
    guard case .parameter(let weight) = self[self[id].inputs[1]].op,
      case .parameter(let bias) = self[self[id].inputs[2]].op, bias.role == .bias,
      bias.initializer == weight.initializer
    else { throw issue(id, "its bias is not initialised as the language does") }
    return true
  }

  private func expectWeights(_ id: NodeID, _ expected: [(Parameter.Role, Parameter.Initializer)])
    throws(RaisingIssue)
  {
    for (input, (role, initializer)) in zip(self[id].inputs.dropFirst(), expected) {
      guard case .parameter(let parameter) = self[input].op, parameter.role == role,
        parameter.initializer == initializer
      else { throw issue(id, "its weights are not initialised as the language does") }
    }
  }

  private func expectStates(_ id: NodeID) throws(RaisingIssue) {
    for (input, role) in zip(self[id].inputs.suffix(2), [StateRole.runningMean, .runningVariance]) {
      guard case .state(role) = self[input].op else { throw issue(id, "its statistics are not its own") }
    }
  }
}
