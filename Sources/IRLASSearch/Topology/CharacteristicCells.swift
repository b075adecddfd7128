import IRLASGraph

/// Which cells of a network are its blocks, and which are the skeleton around them.
struct CharacteristicCells {
  /// The scopes of the outermost cells that are blocks.
  private(set) var outermost: [Int] = []

  init(_ graph: Graph) {
    let scopes = graph.scopes
    /// For each scope the nearest cell at or above it that is not inside an atomic one; -1 for none.
    var nearest = [Int](repeating: -1, count: scopes.count)
    var isHidden = [Bool](repeating: false, count: scopes.count)
    var repeatsCells = [Bool](repeating: false, count: scopes.count)
    var isBelowRepetition = [Bool](repeating: false, count: scopes.count)
    for (index, scope) in scopes.enumerated() {
      guard let parent = scope.parent?.index, parent < index else { continue }
      let isInsidePart = isHidden[parent] || scopes[parent].isAtomic || scopes[parent].baseName == "fit"
      isHidden[index] = isInsidePart
      let isCell = scope.kind == .cell && !isInsidePart && !scope.isAtomic && scope.baseName != "fit"
      nearest[index] = isCell ? index : nearest[parent]
      isBelowRepetition[index] = isBelowRepetition[parent]
      if case .repetition = scope.kind { isBelowRepetition[index] = true }
      if isCell {
        if isBelowRepetition[index], nearest[parent] >= 0 { repeatsCells[nearest[parent]] = true }
        isBelowRepetition[index] = false
      }
    }

    // What a cell computes itself, beside the cells in it.
    var computes = [Bool](repeating: false, count: scopes.count)
    for node in graph.nodes where !node.op.isSource {
      let cell = nearest[node.scope.index]
      if cell >= 0 { computes[cell] = true }
    }
    var isSkeleton = [Bool](repeating: false, count: scopes.count)
    for index in scopes.indices { isSkeleton[index] = repeatsCells[index] && !computes[index] }
    for output in graph.outputs {
      var node = graph[output.value]
      while case .activation = node.op { node = graph[node.inputs[0]] }
      guard node.op == .linear else { continue }
      var scope: Int? = node.scope.index
      while let current = scope {
        isSkeleton[current] = true
        scope = scopes[current].parent?.index
      }
    }

    var isInside = [Bool](repeating: false, count: scopes.count)
    for (index, scope) in scopes.enumerated() {
      guard let parent = scope.parent?.index, parent < index else { continue }
      isInside[index] = isInside[parent]
      if nearest[index] == index, !isSkeleton[index] {
        if !isInside[index] { outermost.append(index) }
        isInside[index] = true
      }
    }
  }
}
