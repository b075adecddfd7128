internal import IRLASGraph

/// When the values of the forward pass are there and read, by nodes of the graph before anything is computed again.
///
/// It is taken from a schedule and then kept up to date while more values are dropped, without a new schedule.
struct ValueTimes {
  /// The last step at which a kept value is read; a value that the forward pass keeps only for itself: by the forward pass.
  private(set) var lastRead: [Int]
  /// The last step of the forward pass at which a value is read.
  private(set) var lastForwardRead: [Int]
  /// The first step of the backward pass at which a value is read; nil if it is not.
  private(set) var firstBackwardRead: [Int?]
  /// The steps during which the copy of a dropped value is there; nil for a value without a copy.
  private(set) var copies: [ClosedRange<Int>?]

  init(_ recomputation: Recomputation, _ schedule: Schedule, boundary: NodeID) {
    let graph = recomputation.graph
    // By nodes of the new graph first.
    var isBackward = [Bool](repeating: false, count: graph.nodes.count)
    for (old, node) in recomputation.nodes.enumerated() {
      if let kept = node.kept, old >= boundary.index { isBackward[kept.index] = true }
      if let copy = node.copy { isBackward[copy.index] = true }
    }
    var position = [Int](repeating: -1, count: graph.nodes.count)
    for (step, id) in schedule.step.enumerated() { position[id.index] = step }
    var last = position
    var forward = position
    var backward = [Int?](repeating: nil, count: graph.nodes.count)
    for output in graph.outputs { last[output.value.index] = Int.max }
    for copy in schedule.copies { last[copy.value.index] = Int.max }
    for id in graph.ids.reversed() where position[id.index] >= 0 {
      let step = position[id.index]
      for input in graph[id].inputs.map(\.index) {
        let isView = recomputation.isView[id.index] && input == graph[id].inputs[0].index
        last[input] = max(last[input], isView ? last[id.index] : step)
        if isBackward[id.index] {
          backward[input] = min(backward[input] ?? step, step)
        } else {
          forward[input] = max(forward[input], isView ? forward[id.index] : step)
          // Another name, under which the backward pass reads it.
          if isView, let read = backward[id.index] { backward[input] = min(backward[input] ?? read, read) }
        }
      }
    }
    lastRead = []
    lastForwardRead = []
    firstBackwardRead = []
    copies = []
    for node in recomputation.nodes {
      lastRead.append(node.kept.map { last[$0.index] } ?? -1)
      lastForwardRead.append(node.kept.map { forward[$0.index] } ?? -1)
      firstBackwardRead.append(node.kept.flatMap { backward[$0.index] })
      copies.append(
        node.copy.flatMap { copy in
          let step = position[copy.index]
          return step >= 0 ? step...max(step, last[copy.index]) : nil
        })
    }
  }

  /// Drops a value after the forward pass: a copy is made at `step` and serves all who read it later.
  mutating func drop(_ value: Int, copyAt step: Int) {
    copies[value] = step...max(step, firstBackwardRead[value] == nil ? step : lastRead[value])
    lastRead[value] = lastForwardRead[value]
    firstBackwardRead[value] = nil
  }

  /// A value, or its copy, is read at a step by what is computed again there.
  mutating func read(_ value: Int, at step: Int) {
    if let copy = copies[value] {
      copies[value] = min(copy.lowerBound, step)...max(copy.upperBound, step)
    } else {
      lastRead[value] = max(lastRead[value], step)
      firstBackwardRead[value] = min(firstBackwardRead[value] ?? step, step)
    }
  }
}
