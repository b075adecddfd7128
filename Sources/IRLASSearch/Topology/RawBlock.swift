import IRLASGraph

/// A block on its way from a graph to a topology view: one item for each operation, in any order that later rules leave.
struct RawBlock {
  /// What stands between two items.
  enum Gap: Int, Comparable {
    case none
    /// Something linear, such as batch normalisation.
    case linear
    case nonlinear

    static func < (a: Gap, b: Gap) -> Bool { a.rawValue < b.rawValue }
  }

  /// The value of an item as something behind it reads it.
  struct Edge: Equatable {
    var from: Int
    var gap: Gap

    /// The same value behind one more operation.
    func behind(_ gap: Gap) -> Edge { Edge(from: from, gap: max(self.gap, gap)) }
  }

  /// Some of the channels.
  struct Slice: Equatable {
    var start: Int
    var length: Int
  }

  /// One operation.
  struct Item {
    var kind: TopologyView.Kind
    var kernel = Extent(0, 0)
    var groups = 1
    /// Input channels of each group of a convolution.
    var channelsPerGroup = 0
    /// A 1x1 convolution to other channels or another size.
    var adaptsShape = false
    /// Several operations of an `@atomic` cell.
    var isCompound = false
    /// Set for a slice, which no view shows.
    var slice: Slice?
    var inputs: [Edge] = []
    var members: [NodeID] = []
    /// The `@atomic` cell that it is part of, or -1.
    var atomic = -1
    var isDead = false

    /// A convolution whose groups have one channel each.
    var isDepthwise: Bool { kind == .convolution && groups > 1 && channelsPerGroup == 1 }
  }

  /// The source first.
  var items = [Item(kind: .input)]
  /// What is read from outside.
  var outputs: [Edge] = []
  /// How many values of the surroundings are read.
  var arity = 1

  /// Appends an item and returns its value.
  mutating func add(_ item: Item, _ id: NodeID, atomic: Int) -> Edge {
    var item = item
    item.members = [id]
    item.atomic = atomic
    items.append(item)
    return Edge(from: items.count - 1, gap: .none)
  }

  /// Counts a node that is no item of its own to the item whose value it changes.
  mutating func addMember(_ id: NodeID, to item: Int) {
    if item > 0 { items[item].members.append(id) }
  }

  /// How many items read each item; an output counts as two, so that no rule swallows what is read from outside.
  func readers() -> [Int] {
    var readers = [Int](repeating: 0, count: items.count)
    for item in items where !item.isDead {
      for edge in item.inputs { readers[edge.from] += 1 }
    }
    for edge in outputs { readers[edge.from] += 2 }
    return readers
  }
}

extension RawBlock {
  /// Brings the block into the form in which all ways to write it agree.
  mutating func normalize() {
    dropUnread()
    joinSeparable()
    collapseAtomicCells()
    dropShortcutProjections()
    // Each turn that changes something leaves fewer items or fewer edges.
    while true {
      let wasFlattened = flattenMerges()
      let wasGrouped = BranchGrouping.apply(to: &self)
      if !wasFlattened, !wasGrouped {
        guard dropSlices() else { break }
      }
    }
    dropUnread()
  }

  /// Marks as dead what no output needs. Inputs stand before what reads them, or were dead already.
  mutating func dropUnread() {
    var isNeeded = [Bool](repeating: false, count: items.count)
    var stack = outputs.map(\.from)
    while let index = stack.popLast() {
      if isNeeded[index] { continue }
      isNeeded[index] = true
      for edge in items[index].inputs where !isNeeded[edge.from] { stack.append(edge.from) }
    }
    for index in 1..<max(1, items.count) where !isNeeded[index] { items[index].isDead = true }
  }

  /// Takes an item out: whoever read it reads `edge`.
  mutating func replace(_ index: Int, by edge: Edge) {
    let members = items[index].members
    if edge.from > 0 { items[edge.from].members += members }
    items[index].isDead = true
    for reader in items.indices where !items[reader].isDead {
      for place in items[reader].inputs.indices where items[reader].inputs[place].from == index {
        let gap = items[reader].inputs[place].gap
        items[reader].inputs[place] = edge.behind(gap)
      }
    }
    for place in outputs.indices where outputs[place].from == index {
      outputs[place] = edge.behind(outputs[place].gap)
    }
  }

  /// A 1x1 convolution right behind a depthwise one, which nothing else reads, makes it separable.
  private mutating func joinSeparable() {
    guard items.contains(where: { $0.isDepthwise }) else { return }
    let readers = readers()
    for index in items.indices where !items[index].isDead {
      let item = items[index]
      guard item.kind == .convolution, item.kernel == .one, item.groups == 1, item.inputs[0].gap == .none
      else { continue }
      let below = item.inputs[0].from
      guard items[below].isDepthwise, readers[below] == 1, items[below].atomic == item.atomic else {
        continue
      }
      items[index].kind = .separable
      items[index].kernel = items[below].kernel
      items[index].adaptsShape = false
      items[index].inputs = items[below].inputs
      items[index].members = items[below].members + item.members
      items[below].isDead = true
    }
  }

  /// The items of one `@atomic` cell become one.
  private mutating func collapseAtomicCells() {
    guard items.contains(where: { $0.atomic >= 0 }) else { return }
    var parts: [(atomic: Int, items: [Int])] = []
    for index in items.indices where !items[index].isDead && items[index].atomic >= 0 {
      if let place = parts.lastIndex(where: { $0.atomic == items[index].atomic }) {
        parts[place].items.append(index)
      } else {
        parts.append((items[index].atomic, [index]))
      }
    }
    for (atomic, indices) in parts where indices.count > 1 {
      var whole = Item(kind: .other)
      whole.isCompound = true
      var rank = -1
      for index in indices {
        let part = items[index]
        for edge in part.inputs where items[edge.from].atomic != atomic && !whole.inputs.contains(edge) {
          whole.inputs.append(edge)
        }
        whole.members += part.members
        if part.kind.isConvolution {
          whole.kernel = Extent(
            max(whole.kernel.height, part.kernel.height), max(whole.kernel.width, part.kernel.width))
        }
        // The kind that says most of what the cell does.
        let kind: TopologyView.Kind = part.isDepthwise ? .separable : part.kind
        let order: [TopologyView.Kind] = [
          .other, .concat, .add, .multiply, .averagePool, .maxPool, .linear, .attention, .convolution,
          .separable,
        ]
        let place = order.firstIndex(of: kind) ?? 0
        if place > rank {
          rank = place
          whole.kind = kind
          if !kind.isConvolution { whole.kernel = part.kernel }
        }
      }
      // It stands where its last part stood: everything that reads it comes later.
      let place = indices[indices.count - 1]
      items[place] = whole
      for index in indices.dropLast() { items[index].isDead = true }
      for reader in items.indices where !items[reader].isDead && reader != place {
        for slot in items[reader].inputs.indices where indices.contains(items[reader].inputs[slot].from) {
          items[reader].inputs[slot].from = place
        }
      }
      for slot in outputs.indices where indices.contains(outputs[slot].from) { outputs[slot].from = place }
    }
  }

  /// In a sum, a linear 1x1 convolution of the block's input that only fits it to the other operands is a plain edge.
  private mutating func dropShortcutProjections() {
    guard items.contains(where: { $0.adaptsShape }) else { return }
    let readers = readers()
    for index in items.indices where items[index].kind == .add && !items[index].isDead {
      let edges = items[index].inputs
      let projections = edges.filter { edge in
        edge.gap < .nonlinear && items[edge.from].adaptsShape && readers[edge.from] == 1
          && items[edge.from].inputs.allSatisfy { $0.from == 0 && $0.gap < .nonlinear }
      }
      let others = edges.filter { $0.from != 0 && !projections.contains($0) }
      guard !others.isEmpty else { continue }
      for projection in projections { replace(projection.from, by: Edge(from: 0, gap: .linear)) }
    }
  }

  /// Sums of sums and concatenations of concatenations become one; a value that is joined twice counts once; what
  /// joins one value only is an identity.
  private mutating func flattenMerges() -> Bool {
    var hasChanged = false
    let readers = readers()
    for index in items.indices where items[index].kind.isMerge && !items[index].isDead {
      if items[index].isCompound { continue }
      let kind = items[index].kind
      var place = 0
      while place < items[index].inputs.count {
        let edge = items[index].inputs[place]
        let inner = items[edge.from]
        let isFlat = kind == .concat || edge.gap < .nonlinear
        if inner.kind == kind, kind != .multiply, isFlat, readers[edge.from] == 1, !inner.isCompound {
          items[index].inputs.replaceSubrange(
            place...place, with: inner.inputs.map { $0.behind(edge.gap) })
          items[index].members += inner.members
          items[edge.from].isDead = true
          hasChanged = true
        } else {
          place += 1
        }
      }
      var distinct: [Edge] = []
      for edge in items[index].inputs where !distinct.contains(where: { $0.from == edge.from }) {
        distinct.append(edge)
      }
      if distinct.count < items[index].inputs.count {
        items[index].inputs = distinct
        hasChanged = true
      }
      if distinct.count == 1 {
        replace(index, by: distinct[0])
        return true
      }
    }
    return hasChanged
  }

  /// Slices that no group of branches has taken are plain edges.
  private mutating func dropSlices() -> Bool {
    var hasChanged = false
    for index in items.indices where items[index].slice != nil && !items[index].isDead {
      replace(index, by: items[index].inputs[0])
      hasChanged = true
    }
    return hasChanged
  }
}
