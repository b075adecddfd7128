package import IRLASGraph

/// The graph as inference runs it: dropout and drop path let everything pass, and outputs that exist for training
/// only are gone, with whatever only they read.
package func inferenceForm(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  for id in graph.ids {
    switch graph[id].op {
    case .dropout, .dropPath: rewrite.replace(id, by: rewrite.value(graph[id].inputs[0]))
    default: rewrite.keep(id)
    }
  }
  return rewrite.finish(outputs: graph.outputs.filter { !$0.isAuxiliary })
}
