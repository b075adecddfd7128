/// Finds an order of a coloured graph's vertices that depends on the graph's structure alone.
///
/// Refinement alone tells the vertices of most networks apart. Where it does not, each vertex of the first open
/// cell is tried as the one to single out: those that an exchange of two parts maps onto each other (parallel
/// branches) need one try together, of the others the best result counts. The tries share a budget of work; a
/// graph that exhausts it, which takes large regular structures without exchangeable parts, gets a valid order
/// that may depend on the numbering.
struct CanonicalLabelling {
  private let graph: ColouredGraph
  private var budget: Int
  private var best: (certificate: [UInt64], partition: ColourPartition)?

  private struct Branch {
    var partition: ColourPartition
    var candidates: ArraySlice<Int>
  }

  /// For each vertex its place in the canonical order.
  static func places(_ graph: ColouredGraph, budget: Int = 40_000_000) -> [Int] {
    var search = CanonicalLabelling(graph: graph, budget: budget)
    let partition = search.run()
    return (0..<graph.count).map { partition.position(of: $0) }
  }

  private init(graph: ColouredGraph, budget: Int) {
    self.graph = graph
    self.budget = budget
  }

  private mutating func run() -> ColourPartition {
    var partition = ColourPartition(graph)
    var branches: [Branch] = []
    // Cells before this position are closed for good on the path that is followed.
    var open = 0
    while true {
      while let cell = partition.firstOpenCell(from: open) {
        open = cell.lowerBound
        let members = partition.elements[cell].map { Int($0) }
        guard budget > 0 else {
          partition.individualise(members[0], in: graph)
          continue
        }
        let (representatives, areExchangeable) = classes(of: members, in: partition)
        if areExchangeable {
          for vertex in members { partition.individualise(vertex, in: graph) }
        } else {
          if representatives.count > 1 {
            branches.append(Branch(partition: partition, candidates: representatives[1...]))
          }
          partition.individualise(representatives[0], in: graph)
        }
      }
      if branches.isEmpty, best == nil { return partition }
      keepBest(partition)
      guard let next = nextBranch(&branches) else { return best?.partition ?? partition }
      partition = next
      open = 0
    }
  }

  private mutating func nextBranch(_ branches: inout [Branch]) -> ColourPartition? {
    while budget > 0, var branch = branches.popLast() {
      guard let vertex = branch.candidates.popFirst() else { continue }
      var partition = branch.partition
      if !branch.candidates.isEmpty { branches.append(branch) }
      partition.individualise(vertex, in: graph)
      budget -= graph.count
      return partition
    }
    return nil
  }

  private mutating func keepBest(_ partition: ColourPartition) {
    let certificate = partition.elements.map { vertex in
      var sum: UInt64 = 0
      for edge in graph.edges(of: Int(vertex)) {
        sum &+= StableHash.mix(graph.label(edge), UInt64(partition.position(of: graph.end(edge))))
      }
      return StableHash.mix(graph.colours[Int(vertex)], sum)
    }
    if let best, !certificate.lexicographicallyPrecedes(best.certificate) { return }
    best = (certificate, partition)
  }

  // MARK: Equivalent vertices

  /// One vertex of each class that may lead to a different result, and whether any two members can be exchanged
  /// while all other members stay where they are.
  private mutating func classes(of members: [Int], in partition: ColourPartition) -> ([Int], Bool) {
    var tries: [(vertex: Int, partition: ColourPartition)] = []
    var representatives: [(vertex: Int, partition: ColourPartition)] = []
    var areExchangeable = true
    for vertex in members {
      var attempt = partition
      attempt.individualise(vertex, in: graph)
      budget -= attempt.work - partition.work + graph.count
      if let first = tries.first, attempt.trace != first.partition.trace {
        areExchangeable = false
        if attempt.trace > first.partition.trace { continue }
        tries.removeAll()
        representatives.removeAll()
      }
      var isNew = true
      for (index, known) in representatives.enumerated() {
        guard let moved = exchange(known, (vertex, attempt)) else { continue }
        isNew = false
        // Conjugation gives the exchange of any two members only if each exchange leaves the others alone.
        let isSimple =
          index == 0
          && moved.allSatisfy {
            $0 == vertex || $0 == known.vertex || partition.cell(of: $0) != partition.cell(of: vertex)
          }
        if !isSimple { areExchangeable = false }
        break
      }
      if isNew {
        if !representatives.isEmpty { areExchangeable = false }
        representatives.append((vertex, attempt))
      }
      if tries.isEmpty { tries.append((vertex, attempt)) }
      if budget <= 0 { return ([representatives[0].vertex], false) }
    }
    return (representatives.map(\.vertex), areExchangeable)
  }

  /// The vertices that some exchange of `a` and `b` moves: an automorphism that swaps them, swaps others that
  /// stand at the same place once either is singled out, and leaves all that remain. Nil if none is found.
  ///
  /// Where parts of what hangs on `a` and `b` are alike among themselves, pairs of those are singled out too, as
  /// often as needed; any pairing will do if they really can be exchanged.
  private mutating func exchange(
    _ a: (vertex: Int, partition: ColourPartition), _ b: (vertex: Int, partition: ColourPartition)
  ) -> [Int]? {
    var (p, q) = (a.partition, b.partition)
    let workBefore = p.work + q.work
    defer { budget -= p.work + q.work - workBefore }
    while p.trace == q.trace {
      guard let (mates, moved) = pairs(p, q), mates[a.vertex] == b.vertex else { return nil }
      guard let (x, y) = unpaired(p, q, mates) else {
        return isAutomorphism(mates, moved) ? moved : nil
      }
      p.individualise(x, in: graph)
      q.individualise(y, in: graph)
    }
    return nil
  }

  /// The vertices that are alone at the same place of two partitions and differ, as pairs.
  private func pairs(_ p: ColourPartition, _ q: ColourPartition) -> (mates: [Int: Int], moved: [Int])? {
    var mates: [Int: Int] = [:]
    var moved: [Int] = []
    for position in 0..<graph.count {
      let x = Int(p.elements[position])
      let y = Int(q.elements[position])
      guard x != y, p.cell(of: x) == position, p.length(ofCell: position) == 1 else { continue }
      guard q.cell(of: y) == position, q.length(ofCell: position) == 1 else { return nil }
      guard mates[x] ?? y == y, mates[y] ?? x == x else { return nil }
      if mates.updateValue(y, forKey: x) == nil { moved.append(x) }
      if mates.updateValue(x, forKey: y) == nil { moved.append(y) }
    }
    return (mates, moved)
  }

  /// Two vertices of the same open cell, each of which the other partition has elsewhere, without a mate yet.
  private func unpaired(_ p: ColourPartition, _ q: ColourPartition, _ mates: [Int: Int]) -> (Int, Int)? {
    for position in 0..<graph.count {
      let x = Int(p.elements[position])
      let cell = p.cell(of: x)
      guard p.length(ofCell: cell) > 1, q.cell(of: x) != cell, mates[x] == nil else { continue }
      for other in cell..<cell + p.length(ofCell: cell) {
        let y = Int(q.elements[other])
        if q.cell(of: y) == cell, p.cell(of: y) != cell, mates[y] == nil { return (x, y) }
      }
    }
    return nil
  }

  /// Whether swapping all pairs keeps colours and edges; edges between vertices that stay need no look.
  private func isAutomorphism(_ mates: [Int: Int], _ moved: [Int]) -> Bool {
    for x in moved {
      guard let y = mates[x], graph.colours[x] == graph.colours[y] else { return false }
      var difference: UInt64 = 0
      for edge in graph.edges(of: x) {
        let end = graph.end(edge)
        difference &+= StableHash.mix(graph.label(edge), UInt64(mates[end] ?? end))
      }
      for edge in graph.edges(of: y) {
        difference &-= StableHash.mix(graph.label(edge), UInt64(graph.end(edge)))
      }
      if difference != 0 { return false }
    }
    return true
  }
}
