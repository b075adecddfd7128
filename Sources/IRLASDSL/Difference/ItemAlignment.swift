/// Lays two lists of items side by side at the least cost: pairs, and items of one side only (Needleman and Wunsch,
/// *A general method applicable to the search for similarities in the amino acid sequence of two proteins*, 1970).
struct ItemAlignment {
  /// A pair of indices, or the index of an item that only one side has.
  enum Column: Hashable {
    case pair(Int, Int)
    case removed(Int)
    case added(Int)
  }

  /// In the order of both lists.
  private(set) var columns: [Column] = []
  /// Above so many pairs the middle parts of the lists are not compared with each other.
  private static let limit = 16_000_000

  init(_ a: [ComparedItem], _ b: [ComparedItem]) {
    var start = 0
    while start < min(a.count, b.count), a[start].fingerprint == b[start].fingerprint { start += 1 }
    var end = 0
    while end < min(a.count, b.count) - start,
      a[a.count - 1 - end].fingerprint == b[b.count - 1 - end].fingerprint
    {
      end += 1
    }
    columns = (0..<start).map { .pair($0, $0) }
    let (left, right) = (a[start..<a.count - end], b[start..<b.count - end])
    if left.count * right.count <= Self.limit {
      columns += Self.align(left, right)
    } else {
      columns += left.indices.map { .removed($0) } + right.indices.map { .added($0) }
    }
    for index in (0..<end).reversed() { columns.append(.pair(a.count - 1 - index, b.count - 1 - index)) }
  }

  private static func align(_ a: ArraySlice<ComparedItem>, _ b: ArraySlice<ComparedItem>) -> [Column] {
    let width = b.count + 1
    var costs = [Int32](repeating: 0, count: (a.count + 1) * width)
    for column in 0..<width { costs[column] = Int32(column) * 100 }
    for row in 1..<max(a.count + 1, 1) {
      costs[row * width] = Int32(row) * 100
      for column in 1..<max(width, 1) {
        let distance = a[a.startIndex + row - 1].distance(to: b[b.startIndex + column - 1])
        costs[row * width + column] = min(
          costs[(row - 1) * width + column - 1] + Int32(distance),
          costs[(row - 1) * width + column] + 100, costs[row * width + column - 1] + 100)
      }
    }
    var columns: [Column] = []
    var (row, column) = (a.count, b.count)
    while row > 0 || column > 0 {
      let cost = costs[row * width + column]
      if row > 0, column > 0 {
        let (i, j) = (a.startIndex + row - 1, b.startIndex + column - 1)
        if cost == costs[(row - 1) * width + column - 1] + Int32(a[i].distance(to: b[j])) {
          columns.append(.pair(i, j))
          (row, column) = (row - 1, column - 1)
          continue
        }
      }
      if row > 0, cost == costs[(row - 1) * width + column] + 100 {
        columns.append(.removed(a.startIndex + row - 1))
        row -= 1
      } else {
        columns.append(.added(b.startIndex + column - 1))
        column -= 1
      }
    }
    return columns.reversed()
  }
}
