package import IRLASGraph

/// The gradient of an activation is one pass over memory together with the sums around it: `add(derivative * add(dy...),
/// others...)` is one `activationGradient`, where nobody else reads what lies between.
///
/// Sums keep their order but for the gradient, which comes first.
package func fuseGradientSums(_ graph: Graph) -> Graph {
  let uses = graph.useCounts()
  // What nodes read once only by a fused one, which takes over their operands; and the fused ones.
  var isAbsorbed = [Bool](repeating: false, count: graph.nodes.count)
  var gradients: [NodeID?] = Array(repeating: nil, count: graph.nodes.count)
  for id in graph.ids {
    let node = graph[id]
    switch node.op {
    case .activationGradient(_, added: 0) where node.inputs.count == 2:
      let dy = node.inputs[1]
      if graph[dy].op == .add, uses[dy.index] == 1, gradients[dy.index] == nil {
        isAbsorbed[dy.index] = true
        gradients[id.index] = id
      }
    case .add:
      let gradient = node.inputs.first { input in
        guard case .activationGradient(_, added: 0) = graph[input].op else { return false }
        return uses[input.index] == 1
      }
      if let gradient {
        isAbsorbed[gradient.index] = true
        gradients[id.index] = gradient
      }
    default: break
    }
  }

  var rewrite = GraphRewrite(graph)
  for id in graph.ids where !isAbsorbed[id.index] {
    guard let gradient = gradients[id.index],
      case .activationGradient(let function, _) = graph[gradient].op
    else {
      rewrite.keep(id)
      continue
    }
    let node = graph[gradient]
    var operands = Array(node.inputs.dropFirst())
    if let sum = operands.first, operands.count == 1, isAbsorbed[sum.index] { operands = graph[sum].inputs }
    let added = gradient == id ? [] : graph[id].inputs.filter { $0 != gradient }
    rewrite.keep(
      id, op: .activationGradient(function, added: added.count),
      operands: ([node.inputs[0]] + operands + added).map { rewrite.value($0) })
  }
  return rewrite.finish()
}
