internal import IRLASGraph

/// What is known of a whole graph and its schedule before the first call.
extension Lowering {
  /// A value and whether its slices are taken again, in the backward pass: those are a group of their own.
  private struct Sliced: Hashable {
    let value: NodeID
    let isAgain: Bool
  }

  static func splits(
    _ graph: Graph, _ schedule: Schedule, _ placement: Placement,
    _ originals: [NodeID: NodeID]
  ) -> [NodeID: [NodeID]] {
    func sliced(_ id: NodeID) -> Sliced {
      Sliced(value: graph[id].inputs[0], isAgain: originals[id] != nil)
    }
    var slices: [Sliced: [(start: Int, axis: Axis, id: NodeID)]] = [:]
    for id in schedule.step {
      guard case .slice(let axis, let start, _) = graph[id].op, schedule.inPlace[id] == nil,
        placement.parts[id] == nil
      else { continue }
      slices[sliced(id), default: []].append((start, axis, id))
    }
    var splits: [NodeID: [NodeID]] = [:]
    for id in schedule.step {
      guard case .slice(let axis, _, _) = graph[id].op, splits[id] == nil,
        let group = slices[sliced(id)], (2...KernelSizes.mostParts).contains(group.count),
        group.allSatisfy({ $0.axis == axis }),
        axis == .channel || placement.parts[graph[id].inputs[0]] == nil
      else { continue }
      let parts = group.sorted { $0.start < $1.start }
      var end = 0
      for part in parts where part.start == end { end += graph[part.id].shape[axis.rawValue] }
      let lengths = parts.reduce(0) { $0 + graph[$1.id].shape[axis.rawValue] }
      let whole = graph[graph[id].inputs[0]].shape[axis.rawValue]
      guard end == whole, lengths == whole else { continue }
      for part in parts { splits[part.id] = parts.map(\.id) }
    }
    return splits
  }

  static func statisticsReaders(_ graph: Graph, _ schedule: Schedule) -> [NodeID: (
    reader: NodeID, position: Int
  )] {
    let isStep = Set(schedule.step)
    var readers: [NodeID: (reader: NodeID, position: Int)] = [:]
    for (position, id) in schedule.step.enumerated() where graph[id].op == .batchStatistics {
      let x = graph[id].inputs[0]
      if case .conv = graph[x].op, isStep.contains(x), readers[x] == nil { readers[x] = (id, position) }
    }
    return readers
  }

  /// The last place in the schedule where each node's value, or something that is only another name for it, is
  /// read.
  static func lastUses(
    _ graph: Graph, _ schedule: Schedule, _ separables: [NodeID: Separable], _ placement: Placement
  ) -> [Int] {
    var last = [Int](repeating: -1, count: graph.nodes.count)
    for output in graph.outputs { last[output.value.index] = Int.max }
    for copy in schedule.copies { last[copy.value.index] = Int.max }
    for (position, id) in schedule.step.enumerated() {
      last[id.index] = max(last[id.index], position)
      for reader in (separables[id]?.inner ?? []) + [id] {
        for input in graph[reader].inputs { last[input.index] = max(last[input.index], position) }
      }
    }
    for id in schedule.step.reversed() {
      let sources =
        placement.names.contains(id)
        ? graph[id].inputs : graph.isView(id) ? Array(graph[id].inputs.prefix(1)) : []
      for source in sources { last[source.index] = max(last[source.index], last[id.index]) }
    }
    return last
  }
}
