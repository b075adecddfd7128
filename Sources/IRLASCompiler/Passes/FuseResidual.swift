package import IRLASGraph

/// A sum of two maps of which one is a convolution's result is made by that convolution: it begins with the other map in
/// its registers instead of zeros, which saves writing its result and reading it again.
///
/// The convolution must have a bias (batch norm has been folded), no activation of its own and no other reader. Of two
/// such convolutions the later one takes the sum.
package func fuseResidual(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  let uses = graph.useCounts()
  /// For each sum the convolution that makes it, and which convolutions wait for their sum.
  var maker = [NodeID?](repeating: nil, count: graph.nodes.count)
  var waits = [Bool](repeating: false, count: graph.nodes.count)
  for id in graph.ids {
    let node = graph[id]
    guard case .add = node.op, node.inputs.count == 2, node.inputs[0] != node.inputs[1] else { continue }
    let makers = node.inputs.filter { input in
      guard case .conv(let convolution) = graph[input].op else { return false }
      return uses[input.index] == 1 && convolution.activation == nil && graph[input].inputs.count == 3
    }
    guard let latest = makers.max() else { continue }
    maker[id.index] = latest
    waits[latest.index] = true
  }
  for id in graph.ids where !waits[id.index] {
    guard let convolution = maker[id.index] else {
      rewrite.keep(id)
      continue
    }
    let other = graph[id].inputs[graph[id].inputs[0] == convolution ? 1 : 0]
    rewrite.keep(convolution, operands: rewrite.operands(convolution) + [rewrite.value(other)])
    rewrite.replace(id, by: rewrite.value(convolution))
  }
  return rewrite.finish()
}
