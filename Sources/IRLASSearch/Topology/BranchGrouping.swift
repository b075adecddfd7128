import IRLASGraph

/// Parallel chains that are alike become one chain of grouped convolutions. Widths do not count, as in all of the view.
///
/// With x the value that g chains c_1, ..., c_L of the same kinds read, and C the same operation with g times the
/// channels:
/// - concat_i c_L(... c_1(x)) = C_L(... C_1(x)) where C_1 is as dense as c_1 and every later C_j has g times the groups
///   of c_j: form (b) of ResNeXt (Xie et al., CVPR 2017, figure 3);
/// - sum_i c_L(... c_1(x)) is the same with a dense C_L, as the sum of linear maps of parts is one map of the whole:
///   form (a);
/// - chains that read disjoint slices of x have g times the groups from C_1 on (Krizhevsky et al., NIPS 2012).
enum BranchGrouping {
  /// A chain of items that each have one reader.
  private struct Branch {
    /// The value that the chain reads.
    var start: RawBlock.Edge
    /// From the first operation to the one that is merged.
    var items: [Int]
    /// The slice of `start` that the chain reads, which is no part of `items`.
    var slice: Int?
    /// What it is made of, widths aside: equal for chains that can be grouped.
    var code: UInt64
  }

  /// Groups the branches of the first merge that has some. Returns whether there were any.
  static func apply(to block: inout RawBlock) -> Bool {
    let readers = block.readers()
    for index in block.items.indices where !block.items[index].isDead {
      let kind = block.items[index].kind
      guard kind == .add || kind == .concat, !block.items[index].isCompound else { continue }
      guard let group = largestGroup(of: index, block, readers) else { continue }
      merge(group, at: index, &block)
      return true
    }
    return false
  }

  /// The chains that a merge joins with at least one other of the same code.
  private static func largestGroup(of merge: Int, _ block: RawBlock, _ readers: [Int]) -> [Branch]? {
    let isSum = block.items[merge].kind == .add
    var branches: [Branch] = []
    for edge in block.items[merge].inputs {
      if let branch = branch(endingWith: edge, isSum: isSum, block, readers) { branches.append(branch) }
    }
    guard branches.count > 1 else { return nil }
    var best: [Branch] = []
    for (index, branch) in branches.enumerated() {
      if branches[..<index].contains(where: { $0.code == branch.code }) { continue }
      var alike = branches[index...].filter { $0.code == branch.code }
      if alike[0].slice != nil {
        // Slices that overlap are no groups.
        alike.sort { start(of: $0, block) < start(of: $1, block) }
        for (a, b) in zip(alike, alike.dropFirst()) where end(of: a, block) > start(of: b, block) {
          alike.removeAll()
          break
        }
      }
      if alike.count > 1,
        alike.count > best.count || (alike.count == best.count && alike[0].code < best[0].code)
      {
        best = alike
      }
    }
    return best.isEmpty ? nil : best
  }

  private static func start(of branch: Branch, _ block: RawBlock) -> Int {
    branch.slice.flatMap { block.items[$0].slice?.start } ?? 0
  }

  private static func end(of branch: Branch, _ block: RawBlock) -> Int {
    guard let slice = branch.slice.flatMap({ block.items[$0].slice }) else { return 0 }
    return slice.start + slice.length
  }

  /// The chain of which `edge` is the end, if it can be one of a group.
  private static func branch(
    endingWith edge: RawBlock.Edge, isSum: Bool, _ block: RawBlock, _ readers: [Int]
  ) -> Branch? {
    var hash = StableHash()
    var items: [Int] = []
    var current = edge
    while true {
      let item = block.items[current.from]
      guard current.from > 0, readers[current.from] == 1, item.inputs.count == 1, !item.isCompound else {
        break
      }
      guard item.slice == nil else { break }
      switch item.kind {
      case .convolution, .separable, .maxPool, .averagePool: break
      default: return nil
      }
      items.append(current.from)
      hash.combine(item.kind.rawValue)
      hash.combine(item.kernel.height)
      hash.combine(item.kernel.width)
      hash.combine(item.groups)
      hash.combine(item.isDepthwise)
      current = item.inputs[0]
    }
    items.reverse()
    guard let last = items.last, let first = items.first else { return nil }
    var branch = Branch(start: current, items: items, slice: nil, code: 0)
    let below = block.items[current.from]
    if below.slice != nil, below.inputs.count == 1 {
      branch.slice = current.from
      hash.combine(below.inputs[0].from)
    } else {
      // The first operation of each chain reads all of x: only dense convolutions of it are one convolution.
      guard block.items[first].kind == .convolution, block.items[first].groups == 1 else { return nil }
      hash.combine(current.from)
      hash.combine(current.gap == .nonlinear)
    }
    if isSum {
      guard edge.gap < .nonlinear, block.items[last].groups == 1 else { return nil }
      switch block.items[last].kind {
      case .convolution: break
      case .separable where items.count > 1 || branch.slice != nil: break
      default: return nil
      }
    }
    branch.code = hash.value
    return branch
  }

  /// Keeps the first chain, grouped, and drops the others.
  private static func merge(_ group: [Branch], at index: Int, _ block: inout RawBlock) {
    let kept = group[0]
    let isSum = block.items[index].kind == .add
    for (place, item) in kept.items.enumerated() {
      let isFirst = place == 0 && kept.slice == nil
      let isLast = isSum && place == kept.items.count - 1
      let isWindow = block.items[item].kind == .convolution || block.items[item].kind == .separable
      if !isFirst, !isLast, isWindow { block.items[item].groups *= group.count }
      if isLast { block.items[item].channelsPerGroup *= group.count }
      block.items[item].adaptsShape = false
      for branch in group.dropFirst() {
        block.items[item].members += block.items[branch.items[place]].members
      }
    }
    let dropped = group.dropFirst().map { $0.items[$0.items.count - 1] }
    block.items[index].inputs.removeAll { dropped.contains($0.from) }
    for branch in group.dropFirst() { for item in branch.items { block.items[item].isDead = true } }
    if let slice = kept.slice {
      let value = block.items[slice].inputs[0]
      let first = kept.items[0]
      block.items[first].inputs = [value.behind(block.items[first].inputs[0].gap)]
    }
    if block.items[index].inputs.count == 1 { block.replace(index, by: block.items[index].inputs[0]) }
    block.dropUnread()
  }
}
