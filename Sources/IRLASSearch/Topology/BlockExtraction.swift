import IRLASGraph

/// Reads blocks out of a graph: which nodes belong to a cell, and what each of them is to the topology view.
struct BlockExtraction {
  private let graph: Graph
  /// For each scope the number of the block it belongs to; -1 outside of all.
  private var region: [Int]
  /// For each scope the outermost `@atomic` cell around it inside its block; -1 for none.
  private var atomic: [Int]
  /// For each scope whether it is a part of a projection that only adapts shapes.
  private var isFit: [Bool]
  /// For each node whether an output that is not auxiliary needs it.
  private let isLive: [Bool]
  /// For each node where its value comes from, while its block is read.
  private var values: [RawBlock.Edge?]
  private var isExported: [Bool]

  init(_ graph: Graph) {
    self.graph = graph
    region = [Int](repeating: -1, count: graph.scopes.count)
    atomic = region
    isFit = [Bool](repeating: false, count: graph.scopes.count)
    values = [RawBlock.Edge?](repeating: nil, count: graph.nodes.count)
    isExported = [Bool](repeating: false, count: graph.nodes.count)
    isLive = Self.liveNodes(graph)
  }

  private static func liveNodes(_ graph: Graph) -> [Bool] {
    guard graph.outputs.contains(where: \.isAuxiliary) else {
      return [Bool](repeating: true, count: graph.nodes.count)
    }
    var isLive = [Bool](repeating: false, count: graph.nodes.count)
    for output in graph.outputs where !output.isAuxiliary { isLive[output.value.index] = true }
    for index in graph.nodes.indices.reversed() where isLive[index] {
      for input in graph.nodes[index].inputs { isLive[input.index] = true }
    }
    return isLive
  }

  /// The block of one cell.
  mutating func block(_ cell: ScopeID) -> TopologyView {
    let members = assignRegions([cell.index])
    return view(of: members[0], region: 0)
  }

  /// See `TopologyView.init(_:cellNamed:)`.
  mutating func block(named name: String) -> TopologyView? {
    let cells = graph.scopes.indices.filter {
      graph.scopes[$0].kind == .cell && graph.scopes[$0].baseName == name
    }
    guard !cells.isEmpty else { return nil }
    let members = assignRegions(cells)
    // A cell inside one of the same name belongs to that.
    let views = cells.indices.filter { !members[$0].isEmpty }.map { view(of: members[$0], region: $0) }
    return views.isEmpty ? nil : mostFrequent(views).view
  }

  /// See `TopologyView.init(_:)`.
  mutating func characteristicBlock() -> TopologyView {
    let candidates = CharacteristicCells(graph).outermost
    guard !candidates.isEmpty else { return block(.root) }
    let members = assignRegions(candidates)
    // Cells of one name, in the order in which they come up.
    var groups: [(name: Substring, regions: [Int])] = []
    for (region, scope) in candidates.enumerated() {
      let name = graph.scopes[scope].baseName
      if let place = groups.firstIndex(where: { $0.name == name }) {
        groups[place].regions.append(region)
      } else {
        groups.append((name, [region]))
      }
    }
    let copies = groups.map(\.regions.count).max() ?? 0
    var best: (count: Int, view: TopologyView)?
    for group in groups where group.regions.count == copies {
      let view = mostFrequent(group.regions.map { self.view(of: members[$0], region: $0) })
      if let best, !Self.precedes(view, best) { continue }
      best = view
    }
    return best?.view ?? block(.root)
  }

  private func mostFrequent(_ views: [TopologyView]) -> (count: Int, view: TopologyView) {
    var forms: [(count: Int, view: TopologyView)] = []
    for view in views {
      if let place = forms.firstIndex(where: { $0.view.code == view.code }) {
        forms[place].count += 1
      } else {
        forms.append((1, view))
      }
    }
    var best = forms[0]
    for form in forms.dropFirst() {
      if form.count != best.count ? form.count > best.count : Self.precedes(form, best) { best = form }
    }
    return best
  }

  private static func precedes(_ a: (count: Int, view: TopologyView), _ b: (count: Int, view: TopologyView))
    -> Bool
  {
    if a.view.size != b.view.size { return a.view.size > b.view.size }
    return a.view.code < b.view.code
  }

  // MARK: Scopes

  /// Makes a block of each scope and returns the nodes of each.
  private mutating func assignRegions(_ roots: [Int]) -> [[Int]] {
    var number = [Int](repeating: -1, count: graph.scopes.count)
    for (index, root) in roots.enumerated() { number[root] = index }
    // Scopes stand behind the scope they are in.
    for (index, scope) in graph.scopes.enumerated() {
      if let parent = scope.parent, parent.index < index {
        region[index] = region[parent.index]
        atomic[index] = atomic[parent.index]
        isFit[index] = isFit[parent.index]
      } else {
        region[index] = -1
        atomic[index] = -1
        isFit[index] = false
      }
      if number[index] >= 0, region[index] < 0 {
        region[index] = number[index]
        atomic[index] = -1
        isFit[index] = false
      } else if region[index] >= 0 {
        if scope.isAtomic, atomic[index] < 0 { atomic[index] = index }
        if scope.kind == .cell, scope.baseName == "fit" { isFit[index] = true }
      }
    }
    for id in graph.nodes.indices { isExported[id] = false }
    for (index, node) in graph.nodes.enumerated() where isLive[index] {
      for input in node.inputs
      where region[graph[input].scope.index] != region[node.scope.index] { isExported[input.index] = true }
    }
    for output in graph.outputs where !output.isAuxiliary { isExported[output.value.index] = true }
    var members = [[Int]](repeating: [], count: roots.count)
    for (index, node) in graph.nodes.enumerated() {
      let region = region[node.scope.index]
      if region >= 0, isLive[index] { members[region].append(index) }
    }
    return members
  }

  // MARK: Nodes

  private mutating func view(of members: [Int], region block: Int) -> TopologyView {
    var raw = RawBlock()
    var outside: [Int] = []
    for index in members {
      let node = graph.nodes[index]
      // Values from outside are the block's inputs.
      for input in node.inputs where region[graph[input].scope.index] != block {
        let isData = graph[input].shape.isBatched
        values[input.index] = isData ? RawBlock.Edge(from: 0, gap: .none) : nil
        if isData, !outside.contains(input.index) { outside.append(input.index) }
      }
      if case .input = node.op, !outside.contains(index) { outside.append(index) }
      values[index] = value(NodeID(index), node, &raw)
    }
    for index in members where isExported[index] {
      if let edge = values[index] { raw.outputs.append(edge) }
    }
    raw.arity = max(1, outside.count)
    raw.normalize()
    return TopologyLabelling.view(of: raw)
  }

  /// What the value of a node is in the block; nil when it does not depend on the block's input.
  private func value(_ id: NodeID, _ node: Node, _ raw: inout RawBlock) -> RawBlock.Edge? {
    switch node.op {
    case .input: return RawBlock.Edge(from: 0, gap: .none)
    case .labels, .hyperparameter, .parameter, .state, .zero, .learned: return nil
    default: break
    }
    guard let first = node.inputs.first else { return nil }
    if isFit[node.scope.index] {
      return node.inputs.lazy.compactMap { values[$0.index] }.first
    }
    switch node.op {
    case .activation(let function):
      guard let edge = values[first.index] else { return nil }
      raw.addMember(id, to: edge.from)
      return edge.behind(function == .negate ? .linear : .nonlinear)
    case .layerNorm:
      guard let edge = values[first.index] else { return nil }
      raw.addMember(id, to: edge.from)
      return edge.behind(.nonlinear)
    case .batchNorm, .dropout, .dropPath, .identity, .channelShuffle, .crop, .pad, .upsample, .flatten,
      .flattenPlaces:
      guard let edge = values[first.index] else { return nil }
      raw.addMember(id, to: edge.from)
      return edge.behind(.linear)
    case .add, .multiply, .concat:
      let edges = node.inputs.compactMap { values[$0.index] }
      guard edges.count > 1 else { return edges.first?.behind(.linear) }
      let kind: TopologyView.Kind
      switch node.op {
      case .add: kind = .add
      case .multiply: kind = .multiply
      default: kind = .concat
      }
      return raw.add(RawBlock.Item(kind: kind, inputs: edges), id, atomic: atomic[node.scope.index])
    default: break
    }
    guard var item = item(id, node) else {
      return values[first.index]?.behind(.linear)
    }
    item.inputs = node.inputs.compactMap { values[$0.index] }
    guard !item.inputs.isEmpty else { return nil }
    return raw.add(item, id, atomic: atomic[node.scope.index])
  }

  /// The item of a node that computes; nil for an identity.
  private func item(_ id: NodeID, _ node: Node) -> RawBlock.Item? {
    switch node.op {
    case .conv(let convolution):
      let input = graph[node.inputs[0]].shape
      var item = RawBlock.Item(kind: .convolution, kernel: convolution.window.kernelSize)
      item.groups = convolution.groups
      item.channelsPerGroup = input.channels / max(1, convolution.groups)
      item.adaptsShape =
        convolution.window.kernelSize == .one && convolution.groups == 1 && input != node.shape
      return item
    case .maxPool(let pool):
      return pool.window.kernelSize == .one
        ? nil : RawBlock.Item(kind: .maxPool, kernel: pool.window.kernelSize)
    case .averagePool(let pool):
      return pool.window.kernelSize == .one
        ? nil : RawBlock.Item(kind: .averagePool, kernel: pool.window.kernelSize)
    case .globalAveragePool: return RawBlock.Item(kind: .averagePool)
    case .linear: return RawBlock.Item(kind: .linear)
    case .attention: return RawBlock.Item(kind: .attention)
    case .slice(_, let start, let length):
      var item = RawBlock.Item(kind: .other)
      item.slice = RawBlock.Slice(start: start, length: length)
      return item
    default: return RawBlock.Item(kind: .other)
    }
  }
}

extension Scope {
  /// The name of the cell without its arguments.
  var baseName: Substring { label.prefix { $0 != "(" } }
}
