package import IRLASGraph

/// An activation right after a convolution is applied by the convolution's own kernel, which saves a trip through
/// memory. The convolution must have no other reader: in a training graph that excludes activations whose gradient
/// needs their argument (`Activation.savesOutput`).
package func fuseActivation(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  let uses = graph.useCounts()
  var fused = [Activation?](repeating: nil, count: graph.nodes.count)
  for node in graph.nodes {
    guard case .activation(let function) = node.op, uses[node.inputs[0].index] == 1 else { continue }
    if case .conv(let convolution) = graph[node.inputs[0]].op, convolution.activation == nil {
      fused[node.inputs[0].index] = function
    }
  }
  for id in graph.ids {
    let node = graph[id]
    if case .conv(var convolution) = node.op, let function = fused[id.index] {
      convolution.activation = function
      rewrite.keep(id, op: .conv(convolution))
    } else if case .activation = node.op, fused[node.inputs[0].index] != nil {
      rewrite.replace(id, by: rewrite.value(node.inputs[0]))
    } else {
      rewrite.keep(id)
    }
  }
  return rewrite.finish()
}
