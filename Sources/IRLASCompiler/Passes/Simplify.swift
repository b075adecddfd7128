package import IRLASGraph

/// Drops what computes nothing.
///
/// - Ops that give back their operand: `identity`, a drop at rate 0, a concat of one, a slice, crop or pad of
///   everything, an enlargement by 1, a shuffle of one group, flattening what is flat, pooling one place.
/// - `add` of an `add` that nobody else reads is one n-ary `add` with the operands in the same order.
/// - Zeros leave sums; a sum of one operand is that operand.
/// - A sum of `embed`s that lie side by side along an axis and fill it, the gradient of `split`, is a `concat`.
///
/// Nested sums are opened with a stack from the outermost one, so that chains of any depth and either nesting cost
/// time in their length.
package func simplify(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  let uses = graph.useCounts()
  let isAbsorbed = sumsInsideSums(graph, uses)
  for id in graph.ids {
    let node = graph[id]
    if graph.givesBackItsOperand(id) {
      rewrite.replace(id, by: rewrite.value(node.inputs[0]))
    } else if case .add = node.op {
      // An inner sum is emitted as a part of the outer one.
      if !isAbsorbed[id.index] { simplifySum(id, &rewrite, isAbsorbed, uses) }
    } else {
      rewrite.keep(id)
    }
  }
  return rewrite.finish()
}

/// Which sums are read once only, by another sum.
private func sumsInsideSums(_ graph: Graph, _ uses: [Int]) -> [Bool] {
  var isAbsorbed = [Bool](repeating: false, count: graph.nodes.count)
  for node in graph.nodes where node.op == .add {
    for input in node.inputs where graph[input].op == .add && uses[input.index] == 1 {
      isAbsorbed[input.index] = true
    }
  }
  return isAbsorbed
}

private func simplifySum(_ id: NodeID, _ rewrite: inout GraphRewrite, _ isAbsorbed: [Bool], _ uses: [Int]) {
  let graph = rewrite.graph
  var operands: [NodeID] = []
  var zero: NodeID?
  var stack = Array(graph[id].inputs.reversed())
  while let next = stack.popLast() {
    if isAbsorbed[next.index] {
      stack.append(contentsOf: graph[next].inputs.reversed())
    } else if case .zero = graph[next].op {
      zero = zero ?? next
    } else {
      operands.append(next)
    }
  }
  if let parts = tiling(operands, of: graph[id].shape, graph, uses) {
    let values = parts.operands.map { rewrite.value(graph[$0].inputs[0]) }
    rewrite.keep(id, op: .concat(parts.axis), operands: values)
  } else if operands.count > 1 {
    rewrite.keep(id, operands: operands.map { rewrite.value($0) })
  } else if let only = operands.first ?? zero {
    rewrite.replace(id, by: rewrite.value(only))
  }
}

/// The operands in order of their place when all of them are `embed`s that fill one axis without gaps and overlaps.
private func tiling(_ operands: [NodeID], of shape: Shape, _ graph: Graph, _ uses: [Int]) -> (
  axis: Axis, operands: [NodeID]
)? {
  var parts: [(start: Int, length: Int, id: NodeID)] = []
  var axis: Axis?
  for operand in operands {
    guard case .embed(let along, let start) = graph[operand].op, uses[operand.index] == 1 else { return nil }
    guard axis == nil || axis == along else { return nil }
    axis = along
    parts.append((start, graph[graph[operand].inputs[0]].shape[along.rawValue], operand))
  }
  guard let axis else { return nil }
  parts.sort { $0.start < $1.start }
  var end = 0
  for part in parts {
    guard part.start == end else { return nil }
    end += part.length
  }
  return end == shape[axis.rawValue] ? (axis, parts.map(\.id)) : nil
}

extension Graph {
  /// Whether the result of a node is always its first operand.
  fileprivate func givesBackItsOperand(_ id: NodeID) -> Bool {
    let node = self[id]
    guard let first = node.inputs.first, self[first].shape == node.shape else { return false }
    switch node.op {
    case .identity, .dropout(rate: 0), .dropPath(rate: 0), .crop(.none), .pad(.none), .upsample(factor: 1),
      .upsampleGradient(factor: 1):
      return true
    // Equal shapes make these trivial.
    case .slice, .embed, .flatten, .flattenPlaces, .unflatten, .spatialSum, .globalAveragePool,
      .globalAveragePoolGradient:
      return true
    case .concat:
      return node.inputs.count == 1
    case .channelShuffle(let groups):
      return groups == 1 || groups == node.shape.channels
    case .maxPool(let pool), .averagePool(let pool), .averagePoolGradient(let pool):
      let window = pool.window
      return window.kernelSize == .one && window.stride == .one && window.padding.isNone
    default:
      return false
    }
  }
}
