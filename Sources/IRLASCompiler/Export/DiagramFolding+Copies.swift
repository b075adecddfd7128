import IRLASGraph

extension DiagramFolding {
  /// Lets one drawing stand for each run of consecutive copies of a `repeat` that look the same: the same boxes,
  /// connected in the same way. Widths, strides and shapes may differ, as they do with `then`.
  mutating func mergeCopies() {
    runs = [(first: ScopeID, count: Int)?](repeating: nil, count: graph.scopes.count)
    let operands = boxOperands()
    // The drawn boxes in each scope and below it; inner scopes come later in the arena, so go backwards.
    var contents = [[Int]](repeating: [], count: graph.scopes.count)
    for (index, box) in boxes.enumerated() { contents[box.scope.index].append(index) }
    var copies = [[ScopeID]](repeating: [], count: graph.scopes.count)
    for (index, scope) in graph.scopes.enumerated() {
      if case .copy = scope.kind, let repetition = scope.parent {
        copies[repetition.index].append(ScopeID(index))
      }
    }
    for index in graph.scopes.indices.reversed() {
      if case .repetition = graph.scopes[index].kind, foldedCell[index] == nil {
        contents[index] = mergeRuns(copies[index], contents, operands)
      }
      // Copies are gathered by their repetition.
      if case .copy = graph.scopes[index].kind { continue }
      guard let parent = graph.scopes[index].parent else { continue }
      contents[parent.index] = (contents[parent.index] + contents[index]).sorted()
    }
  }

  /// For each box the boxes that it reads, in the order of its nodes and their operands.
  private func boxOperands() -> [[Int]] {
    var operands = [[Int]](repeating: [], count: boxes.count)
    for id in graph.ids {
      guard let box = boxOfNode[id.index] else { continue }
      for input in graph[id].inputs {
        if let source = boxOfNode[input.index], source != box { operands[box].append(source) }
      }
    }
    return operands
  }

  /// Merges the runs among the copies of one repetition and returns the boxes that remain.
  private mutating func mergeRuns(_ copies: [ScopeID], _ contents: [[Int]], _ operands: [[Int]]) -> [Int] {
    var remaining: [Int] = []
    var start = 0
    while start < copies.count {
      let first = contents[copies[start].index]
      let look = appearance(first, operands)
      var end = start + 1
      while end < copies.count, appearance(contents[copies[end].index], operands) == look { end += 1 }
      for copy in copies[start..<end] { runs[copy.index] = (copies[start], end - start) }
      for copy in copies[(start + 1)..<end] {
        for (drawn, other) in zip(first, contents[copy.index]) { absorb(other, into: drawn) }
      }
      remaining += first
      start = end
    }
    return remaining.sorted()
  }

  private mutating func absorb(_ other: Int, into drawn: Int) {
    drawnFor[other] = drawn
    boxes[drawn].copies += boxes[other].copies
    boxes[drawn].parameters = saturatingSum(boxes[drawn].parameters, boxes[other].parameters)
    boxes[drawn].macs = saturatingSum(boxes[drawn].macs, boxes[other].macs)
    boxes[drawn].detail = DiagramText.merged(boxes[drawn].detail, then: boxes[other].detail)
  }

  /// What a reader would see of the boxes: their kinds, and who reads whom among them.
  private func appearance(_ list: [Int], _ operands: [[Int]]) -> [String] {
    var places: [Int: Int] = [:]
    for (place, box) in list.enumerated() { places[box] = place }
    return list.map { box in
      var inner: [Int] = []
      for source in operands[box] {
        if let place = places[drawnFor(source)], !inner.contains(place) { inner.append(place) }
      }
      return "\(boxes[box].copies) \(keys[box]) \(inner)"
    }
  }

  /// The box that is drawn for a box, through nested repeats.
  func drawnFor(_ box: Int) -> Int {
    var current = box
    while drawnFor[current] != current { current = drawnFor[current] }
    return current
  }
}
