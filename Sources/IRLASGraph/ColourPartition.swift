/// A graph for canonical labelling: coloured vertices and labelled, directed edges seen from both ends.
struct ColouredGraph {
  /// What a vertex is; equal exactly for vertices that an isomorphism may exchange as far as they alone tell.
  private(set) var colours: [UInt64]
  private var offsets: [Int]
  private var ends: [Int32]
  private var labels: [UInt64]

  /// An edge; `label` says what it means when it is followed forwards, the reverse label follows from it.
  struct Edge {
    var from: Int
    var to: Int
    var label: UInt64
  }

  init(colours: [UInt64], edges: [Edge]) {
    self.colours = colours
    offsets = [Int](repeating: 0, count: colours.count + 1)
    for edge in edges {
      offsets[edge.from + 1] += 1
      offsets[edge.to + 1] += 1
    }
    for index in colours.indices { offsets[index + 1] += offsets[index] }
    var next = offsets
    ends = [Int32](repeating: 0, count: edges.count * 2)
    labels = [UInt64](repeating: 0, count: edges.count * 2)
    for edge in edges {
      ends[next[edge.from]] = Int32(edge.to)
      labels[next[edge.from]] = StableHash.mix(edge.label, 1)
      next[edge.from] += 1
      ends[next[edge.to]] = Int32(edge.from)
      labels[next[edge.to]] = StableHash.mix(edge.label, 2)
      next[edge.to] += 1
    }
  }

  var count: Int { colours.count }

  /// The places of a vertex's edges, for `end(_:)` and `label(_:)`.
  func edges(of vertex: Int) -> Range<Int> { offsets[vertex]..<offsets[vertex + 1] }
  func end(_ edge: Int) -> Int { Int(ends[edge]) }
  func label(_ edge: Int) -> UInt64 { labels[edge] }
}

/// An ordered partition of a graph's vertices into cells, and its refinement until the vertices of a cell have
/// the same edges into every cell (McKay, *Practical graph isomorphism*, 1981).
///
/// Nothing depends on how the vertices are numbered, except the order inside a cell.
struct ColourPartition {
  /// The vertices, cell after cell.
  private(set) var elements: [Int32]
  private var positions: [Int32]
  /// For each vertex the position where its cell starts; a cell is named by it.
  private var cells: [Int32]
  /// By cell.
  private var lengths: [Int32]
  private(set) var cellCount: Int
  /// A hash of everything that the refinements have seen: the same for isomorphic histories.
  private(set) var trace: UInt64 = 0
  /// Edges and vertices looked at so far.
  private(set) var work = 0

  /// The coarsest refined partition.
  init(_ graph: ColouredGraph) {
    let order = (0..<graph.count).map { Int32($0) }
      .sorted { graph.colours[Int($0)] < graph.colours[Int($1)] }
    elements = order
    positions = [Int32](repeating: 0, count: graph.count)
    cells = positions
    lengths = positions
    cellCount = 0
    var start = 0
    var starts: [Int32] = []
    for (position, vertex) in order.enumerated() {
      if position == 0 || graph.colours[Int(order[position - 1])] != graph.colours[Int(vertex)] {
        start = position
        starts.append(Int32(start))
        cellCount += 1
      }
      positions[Int(vertex)] = Int32(position)
      cells[Int(vertex)] = Int32(start)
      lengths[start] += 1
    }
    refine(graph, from: starts)
  }

  var isDiscrete: Bool { cellCount == elements.count }

  func position(of vertex: Int) -> Int { Int(positions[vertex]) }

  /// The number of vertices in the cell at a position where a cell starts.
  func length(ofCell start: Int) -> Int { Int(lengths[start]) }

  func cell(of vertex: Int) -> Int { Int(cells[vertex]) }

  /// The first cell with more than one vertex from `position` on.
  func firstOpenCell(from position: Int) -> Range<Int>? {
    var start = position
    while start < elements.count {
      let length = Int(lengths[start])
      if length > 1 { return start..<start + length }
      start += 1
    }
    return nil
  }

  /// Gives a vertex a cell of its own, behind the rest of its cell, and refines.
  mutating func individualise(_ vertex: Int, in graph: ColouredGraph) {
    let start = cells[vertex]
    let length = lengths[Int(start)]
    guard length > 1 else { return }
    let last = start + length - 1
    exchange(positions[vertex], last)
    lengths[Int(start)] = length - 1
    lengths[Int(last)] = 1
    cells[vertex] = last
    cellCount += 1
    refine(graph, from: [last])
  }

  private mutating func exchange(_ a: Int32, _ b: Int32) {
    elements.swapAt(Int(a), Int(b))
    positions[Int(elements[Int(a)])] = a
    positions[Int(elements[Int(b)])] = b
  }

  // MARK: Refinement

  /// Splits cells by their edges into the given cells, and into the parts that arise, until nothing changes.
  private mutating func refine(_ graph: ColouredGraph, from starts: [Int32]) {
    var queue = starts
    var head = 0
    var isQueued = [Bool](repeating: false, count: elements.count)
    for start in starts { isQueued[Int(start)] = true }
    var sums = [UInt64](repeating: 0, count: elements.count)
    var isTouched = [Bool](repeating: false, count: elements.count)
    var touched: [Int32] = []
    while head < queue.count, !isDiscrete {
      let splitter = queue[head]
      head += 1
      isQueued[Int(splitter)] = false
      touched.removeAll(keepingCapacity: true)
      for position in Int(splitter)..<Int(splitter + lengths[Int(splitter)]) {
        for edge in graph.edges(of: Int(elements[position])) {
          let end = graph.end(edge)
          if !isTouched[end] {
            isTouched[end] = true
            touched.append(Int32(end))
          }
          // A sum, so that the order in which a cell's edges are met does not matter.
          sums[end] &+= graph.label(edge)
          work += 1
        }
      }
      var seen: UInt64 = 0
      for vertex in touched {
        seen &+= StableHash.mix(UInt64(cells[Int(vertex)]), sums[Int(vertex)])
      }
      trace = StableHash.mix(StableHash.mix(trace, UInt64(splitter)), seen)
      touched.removeAll { vertex in
        let isAlone = lengths[Int(cells[Int(vertex)])] == 1
        if isAlone {
          isTouched[Int(vertex)] = false
          sums[Int(vertex)] = 0
        }
        return isAlone
      }
      touched.sort { a, b in
        let (cellA, cellB) = (cells[Int(a)], cells[Int(b)])
        return cellA != cellB ? cellA < cellB : sums[Int(a)] < sums[Int(b)]
      }
      var first = 0
      while first < touched.count {
        let cell = cells[Int(touched[first])]
        var end = first + 1
        while end < touched.count, cells[Int(touched[end])] == cell { end += 1 }
        split(cell, touched[first..<end], sums, &queue, &isQueued)
        first = end
      }
      for vertex in touched {
        isTouched[Int(vertex)] = false
        sums[Int(vertex)] = 0
      }
    }
  }

  /// Splits a cell into the vertices that were not touched, if any, and runs of equal sums, in this order.
  private mutating func split(
    _ cell: Int32, _ touched: ArraySlice<Int32>, _ sums: [UInt64], _ queue: inout [Int32],
    _ isQueued: inout [Bool]
  ) {
    let length = Int(lengths[Int(cell)])
    guard let firstVertex = touched.first, let lastVertex = touched.last,
      touched.count < length || sums[Int(firstVertex)] != sums[Int(lastVertex)]
    else { return }
    var slot = cell + Int32(length)
    for vertex in touched.reversed() {
      slot -= 1
      exchange(positions[Int(vertex)], slot)
    }
    var parts: [(start: Int32, length: Int32)] = []
    let untouched = Int32(length - touched.count)
    if untouched > 0 { parts.append((cell, untouched)) }
    var previous: UInt64?
    for (offset, vertex) in touched.enumerated() {
      let sum = sums[Int(vertex)]
      if sum == previous {
        parts[parts.count - 1].length += 1
      } else {
        parts.append((cell + untouched + Int32(offset), 1))
        previous = sum
      }
    }
    var largest = 0
    for (index, part) in parts.enumerated() {
      lengths[Int(part.start)] = part.length
      trace = StableHash.mix(StableHash.mix(trace, UInt64(part.start)), UInt64(part.length))
      if part.length > parts[largest].length { largest = index }
      if part.start != cell {
        for position in Int(part.start)..<Int(part.start + part.length) {
          cells[Int(elements[position])] = part.start
        }
      }
    }
    cellCount += parts.count - 1
    // A part may be left out when the whole has been, or will be, looked at: its sums follow from the others'.
    let wasQueued = isQueued[Int(cell)]
    for (index, part) in parts.enumerated() where wasQueued || index != largest {
      if !isQueued[Int(part.start)] {
        isQueued[Int(part.start)] = true
        queue.append(part.start)
      }
    }
  }
}
