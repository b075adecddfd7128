package import IRLASGraph

/// Inference only: of two 1x1 convolutions with nothing between them the second computes both, where that takes fewer multiply-adds.
///
/// `conv(conv(x, v) + a, w) + b = conv(x, w v) + w a + b`. The products are nodes (`composedWeight`, `composedBias`) of parameters
/// alone, which a program computes once. The first may be depthwise, a factor for each channel, and must have no
/// other reader. A bottleneck stays: two thin factors are less work than their product.
package func composeConvolutions(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  let isAbsorbed = absorbedConvolutions(graph)
  /// Of absorbed convolutions: their new operands, and the groups of their weight.
  var absorbed: [NodeID: (operands: [NodeID], groups: Int)] = [:]
  for id in graph.ids {
    guard case .conv(let convolution) = graph[id].op else {
      rewrite.keep(id)
      continue
    }
    var groups = convolution.groups
    var operands: [NodeID]
    if let first = absorbed[graph[id].inputs[0]] {
      operands = graph[id].inputs.dropFirst().map { rewrite.value($0) }
      let weight = rewrite.emit(
        .composedWeight(groups: first.groups), [operands[0], first.operands[1]], "composed_weight", beside: id
      )
      if first.operands.count > 2 {
        let biases = [operands[0], first.operands[2]] + operands.dropFirst()
        operands = [weight, rewrite.emit(.composedBias, biases, "composed_bias", beside: id)]
      } else {
        operands[0] = weight
      }
      operands.insert(first.operands[0], at: 0)
      groups = 1
    } else {
      operands = rewrite.operands(id)
    }
    if isAbsorbed[id.index] {
      absorbed[id] = (operands, groups)
    } else {
      rewrite.keep(id, operands: operands)
    }
  }
  return rewrite.finish()
}

/// Which convolutions their only reader computes too.
private func absorbedConvolutions(_ graph: Graph) -> [Bool] {
  /// A 1x1 convolution, with those that it computes too.
  struct Composition {
    /// What it reads, and of how many channels.
    var source: NodeID
    var inputs: Int
    /// Multiply-adds for each place of the result.
    var macs: Int
    var groups: Int
  }
  let uses = graph.useCounts()
  var isAbsorbed = [Bool](repeating: false, count: graph.nodes.count)
  // Looked up only.
  var compositions: [NodeID: Composition] = [:]
  for id in graph.ids {
    let node = graph[id]
    guard case .conv(let convolution) = node.op, convolution.readsOnePixel else { continue }
    let inputs = graph[node.inputs[0]].shape.channels
    let outputs = node.shape.channels
    var whole = Composition(
      source: node.inputs[0], inputs: inputs, macs: saturatingProduct(outputs, inputs / convolution.groups),
      groups: convolution.groups)
    while whole.groups == 1, uses[whole.source.index] == 1, let first = compositions[whole.source],
      case .conv(let other) = graph[whole.source].op, other.window.stride == .one, other.activation == nil
    {
      let macs = saturatingProduct(outputs, first.inputs)
      guard macs < whole.macs || macs - whole.macs < first.macs else { break }
      isAbsorbed[whole.source.index] = true
      whole = Composition(source: first.source, inputs: first.inputs, macs: macs, groups: first.groups)
    }
    compositions[id] = whole
  }
  return isAbsorbed
}

extension Convolution {
  /// Whether every result comes from one pixel: 1x1, without padding.
  var readsOnePixel: Bool { window.kernelSize == .one && window.padding == .none }
}
