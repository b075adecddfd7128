import IRLASGraph

extension DiagramFolding {
  /// With more arrows than this, only those say their shape behind which it changes.
  private static let fullyLabelledArrowCount = 150
  /// Cells nested deeper than this get no frame of their own; Graphviz recurses over frames.
  private static let maximumNesting = 24

  /// The finished diagram.
  func diagram(_ options: DiagramOptions) -> Diagram {
    var drawn = boxes.indices.map { drawnFor[$0] == $0 ? boxes[$0] : nil }
    for highlight in options.highlights {
      guard let box = boxOfNode[highlight.node.index].map({ drawnFor($0) }) else { continue }
      if abs(highlight.strength) > abs(drawn[box]?.highlight ?? 0) {
        drawn[box]?.highlight = max(-1, min(1, highlight.strength))
      }
    }
    addShares(options.shares, to: &drawn)
    let (frames, freeBoxes) = frames(&drawn)
    var arrows = arrows()
    mark(options.path, in: &drawn, &arrows)
    for (index, output) in graph.outputs.enumerated() {
      guard let source = boxOfNode[output.value.index] else { continue }
      let shape = graph[output.value].shape
      drawn.append(
        Diagram.Box(
          form: .terminal, family: .data, title: output.isAuxiliary ? "aux \(output.name)" : output.name,
          detail: DiagramText.shape(shape), scope: .root, path: "output \(index)", origin: 0))
      arrows.append(Diagram.Arrow(from: drawnFor(source), to: drawn.count - 1, shape: shape, isMain: true))
    }
    addCellShapes(&drawn, arrows)
    if arrows.count > Self.fullyLabelledArrowCount {
      for (index, arrow) in arrows.enumerated() {
        arrows[index].showsShape = drawn[arrow.from]?.shapesIn.first != arrow.shape
      }
    }
    let costs = DiagramText.costs(parameters: graph.parameterCount, macs: statistics.macs)
    let outputs = Array(boxes.count..<drawn.count)
    return Diagram(
      title: graph.name,
      subtitle: options.subtitle ?? (costs.isEmpty ? "" : "\(costs) · depth \(statistics.depth)"),
      boxes: drawn, arrows: arrows, frames: frames, freeBoxes: freeBoxes + outputs, link: options.link)
  }

  private func addShares(_ shares: [DiagramOptions.Share], to drawn: inout [Diagram.Box?]) {
    guard !shares.isEmpty else { return }
    for index in drawn.indices { drawn[index]?.share = 0 }
    for share in shares {
      guard let box = boxOfNode[share.node.index].map({ drawnFor($0) }) else { continue }
      let sum = (drawn[box]?.share ?? 0) + share.value
      drawn[box]?.share = sum
    }
    let largest = drawn.reduce(0) { max($0, $1?.share ?? 0) }
    guard largest > 0 else { return }
    for index in drawn.indices {
      let heat = (drawn[index]?.share ?? 0) / largest
      drawn[index]?.heat = heat
    }
  }

  private func mark(_ path: [NodeID], in drawn: inout [Diagram.Box?], _ arrows: inout [Diagram.Arrow]) {
    let boxes = path.compactMap { boxOfNode[$0.index].map { drawnFor($0) } }
    for box in boxes { drawn[box]?.isOnPath = true }
    let steps = Set(zip(boxes, boxes.dropFirst()).map { [$0, $1] })
    for index in arrows.indices where steps.contains([arrows[index].from, arrows[index].to]) {
      arrows[index].isOnPath = true
    }
  }

  private func addCellShapes(_ drawn: inout [Diagram.Box?], _ arrows: [Diagram.Arrow]) {
    for arrow in arrows {
      if let box = drawn[arrow.to], case .cell = box.form { drawn[arrow.to]?.shapesIn.append(arrow.shape) }
      if let box = drawn[arrow.from], case .cell = box.form, !box.shapesOut.contains(arrow.shape) {
        drawn[arrow.from]?.shapesOut.append(arrow.shape)
      }
    }
  }

  // MARK: Frames

  /// The frames, and the boxes outside them. Badges go to the one thing that a run of copies holds, or to a
  /// frame around its things.
  private func frames(_ drawn: inout [Diagram.Box?]) -> ([Diagram.Frame], [Int]) {
    var ownBoxes = [[Int]](repeating: [], count: graph.scopes.count)
    /// How many boxes and open cells a scope holds directly, not counting scopes that have no frame.
    var hasBoxes = [Bool](repeating: false, count: graph.scopes.count)
    for index in drawn.indices {
      guard let scope = drawn[index]?.scope else { continue }
      ownBoxes[scope.index].append(index)
      hasBoxes[scope.index] = true
    }
    var children = [[Int]](repeating: [], count: graph.scopes.count)
    for index in graph.scopes.indices.reversed() {
      guard hasBoxes[index], let parent = graph.scopes[index].parent else { continue }
      hasBoxes[parent.index] = true
      children[parent.index].append(index)
    }
    var frames: [Diagram.Frame] = []
    var freeBoxes: [Int] = []
    /// For each scope the frame that its boxes go into, and the badge that its only child takes.
    var frameOfScope = [Int?](repeating: nil, count: graph.scopes.count)
    var inheritedBadge = [Int](repeating: 1, count: graph.scopes.count)
    for (index, scope) in graph.scopes.enumerated() where hasBoxes[index] && foldedCell[index] == nil {
      var frame = scope.parent.flatMap { frameOfScope[$0.index] }
      var badge = inheritedBadge[index]
      if let run = runs[index] { badge *= run.count }
      let isSingle = ownBoxes[index].count + children[index].count == 1
      let isOpenCell = scope.kind == .cell
      // A repetition passes a badge on only if it is drawn as one copy.
      let nesting = frame.map { frames[$0].nesting + 1 } ?? 0
      if nesting < Self.maximumNesting, isOpenCell || (badge > 1 && !isSingle) {
        frames.append(newFrame(ScopeID(index), scope, in: frame, nesting, badge: badge))
        frame = frames.count - 1
        badge = 1
      }
      frameOfScope[index] = frame
      for box in ownBoxes[index] {
        drawn[box]?.badge = badge
        if let frame { frames[frame].boxes.append(box) } else { freeBoxes.append(box) }
      }
      for child in children[index] { inheritedBadge[child] = badge }
    }
    for index in frames.indices.reversed() {
      for box in frames[index].boxes {
        frames[index].parameters = saturatingSum(frames[index].parameters, drawn[box]?.parameters ?? 0)
        frames[index].macs = saturatingSum(frames[index].macs, drawn[box]?.macs ?? 0)
      }
      guard let parent = frames[index].parent else { continue }
      frames[parent].parameters = saturatingSum(frames[parent].parameters, frames[index].parameters)
      frames[parent].macs = saturatingSum(frames[parent].macs, frames[index].macs)
    }
    return (frames, freeBoxes)
  }

  private func newFrame(_ id: ScopeID, _ scope: Scope, in parent: Int?, _ nesting: Int, badge: Int)
    -> Diagram.Frame
  {
    let (name, arguments) = DiagramText.parts(ofLabel: scope.label)
    let isCell = scope.kind == .cell
    return Diagram.Frame(
      parent: parent, nesting: nesting, title: isCell ? name : "repeat", detail: isCell ? arguments : "",
      badge: badge,
      path: graph.path(of: id), origin: scope.origin)
  }

  // MARK: Arrows

  /// Where a node stands among copies: from the outside in, the copy and the first copy of its run.
  private func places() -> [[(copy: ScopeID, first: ScopeID)]] {
    var places: [[(copy: ScopeID, first: ScopeID)]] = []
    for (index, scope) in graph.scopes.enumerated() {
      var list = scope.parent.map { places[$0.index] } ?? []
      if let run = runs[index], run.count > 1 { list.append((ScopeID(index), run.first)) }
      places.append(list)
    }
    return places
  }

  private struct Ends: Hashable {
    let from: Int
    let to: Int
  }

  private func arrows() -> [Diagram.Arrow] {
    let places = places()
    var arrows: [Diagram.Arrow] = []
    var valuesBetween: [Ends: [NodeID]] = [:]
    var arrowBetween: [Ends: Int] = [:]
    /// Arrows into copies that are not drawn, which count where the drawn copy has none.
    var later: [(value: NodeID, ends: Ends)] = []
    for id in graph.ids {
      guard let rawTarget = boxOfNode[id.index] else { continue }
      let target = places[graph[id].scope.index]
      for (slot, input) in graph[id].inputs.enumerated() {
        guard let rawSource = boxOfNode[input.index], rawSource != rawTarget else { continue }
        let ends = Ends(from: drawnFor(rawSource), to: drawnFor(rawTarget))
        let source = places[graph[input].scope.index]
        switch relation(source, target) {
        case .hidden: continue
        case .intoOther: if ends.from != ends.to { later.append((input, ends)) }
        case .shown:
          guard !(valuesBetween[ends]?.contains(input) ?? false) else { continue }
          valuesBetween[ends, default: []].append(input)
          let shape = graph[input].shape
          if let count = valuesBetween[ends]?.count, count > 2, let arrow = arrowBetween[ends] {
            arrows[arrow].values += 1
          } else {
            arrowBetween[ends] = arrows.count
            arrows.append(Diagram.Arrow(from: ends.from, to: ends.to, shape: shape, isMain: slot == 0))
          }
        }
      }
    }
    for (value, ends) in later where valuesBetween[ends] == nil {
      valuesBetween[ends] = [value]
      arrows.append(Diagram.Arrow(from: ends.from, to: ends.to, shape: graph[value].shape))
    }
    return arrows
  }

  private enum Relation {
    case shown
    /// Between copies that one drawing stands for, or inside a copy that is not drawn.
    case hidden
    /// From outside into a copy that is not drawn.
    case intoOther
  }

  private func relation(
    _ source: [(copy: ScopeID, first: ScopeID)], _ target: [(copy: ScopeID, first: ScopeID)]
  ) -> Relation {
    var common = 0
    while common < source.count, common < target.count, source[common].copy == target[common].copy {
      if target[common].copy != target[common].first { return .hidden }
      common += 1
    }
    if common < source.count, common < target.count, source[common].first == target[common].first {
      return .hidden
    }
    return target[common...].contains { $0.copy != $0.first } ? .intoOther : .shown
  }
}
