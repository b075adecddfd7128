package import IRLASGraph

/// Inference only: a batch norm right after a convolution becomes a part of it.
///
/// With `g = scale / sqrt(variance + epsilon)`: `g * (conv(x, w) + b - mean) + shift = conv(x, g * w) + g * (b -
/// mean) + shift`. The new weight and bias are nodes (`foldedWeight`, `foldedBias`) of parameters and statistics
/// alone, which a program computes once. The convolution must have no other reader and no fused activation. Other
/// batch norms stay.
package func foldBatchNorm(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  let uses = graph.useCounts()
  var isFolded = [Bool](repeating: false, count: graph.nodes.count)
  for node in graph.nodes {
    guard case .batchNorm = node.op, uses[node.inputs[0].index] == 1 else { continue }
    if case .conv(let convolution) = graph[node.inputs[0]].op, convolution.activation == nil {
      isFolded[node.inputs[0].index] = true
    }
  }
  for id in graph.ids {
    // A folded convolution is emitted at its batch norm, whose parameters come later in the arena.
    guard !isFolded[id.index] else { continue }
    guard case .batchNorm(let norm) = graph[id].op, isFolded[graph[id].inputs[0].index] else {
      rewrite.keep(id)
      continue
    }
    let conv = graph[id].inputs[0]
    let operands = rewrite.operands(conv)
    let vectors = graph[id].inputs.dropFirst().map { rewrite.value($0) }
    let weight = rewrite.emit(
      .foldedWeight(epsilon: norm.epsilon), [operands[1], vectors[0], vectors[3]], "folded_weight",
      beside: conv)
    let bias = rewrite.emit(
      .foldedBias(epsilon: norm.epsilon), vectors + operands.dropFirst(2), "folded_bias", beside: conv)
    rewrite.keep(conv, operands: [operands[0], weight, bias])
    rewrite.replace(id, by: rewrite.value(conv))
  }
  return rewrite.finish()
}
