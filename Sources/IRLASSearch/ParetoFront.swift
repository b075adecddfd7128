/// Fronts of points of which more is better in every coordinate, and how much they dominate.
package enum ParetoFront {
  /// Whether `a` is nowhere less than `b`, and somewhere more.
  package static func dominates(_ a: [Double], _ b: [Double]) -> Bool {
    var isBetter = false
    for (x, y) in zip(a, b) {
      if x < y { return false }
      if x > y { isBetter = true }
    }
    return isBetter
  }

  /// The indices of the points that no other one dominates, ascending. Of equal points the first stays.
  ///
  /// `O(n log n)` for two coordinates, `O(n f)` for a front of `f` points otherwise.
  package static func indices(of points: [[Double]]) -> [Int] {
    // Whatever dominates a point comes before it.
    let order = points.indices.sorted { a, b in
      for (x, y) in zip(points[a], points[b]) where x != y { return x > y }
      return a < b
    }
    var front: [Int] = []
    for index in order {
      let isBeaten: Bool
      if points[index].count == 2, let last = front.last {
        // The last one has the largest second coordinate so far.
        isBeaten = points[last][1] >= points[index][1]
      } else {
        isBeaten = front.contains { points[$0] == points[index] || dominates(points[$0], points[index]) }
      }
      if !isBeaten { front.append(index) }
    }
    return front.sorted()
  }

  /// The volume that points dominate above a reference point (Zitzler and Thiele, 1998), for one to three
  /// coordinates; points that are not above it in every coordinate count nothing. Nil for more coordinates.
  ///
  /// Slices along the last coordinate: `O(n^2 log n)` for three.
  package static func hypervolume(_ points: [[Double]], above reference: [Double]) -> Double? {
    let inside = points.filter { point in zip(point, reference).allSatisfy { $0 > $1 } }
    switch reference.count {
    case 1: return (inside.map { $0[0] }.max() ?? reference[0]) - reference[0]
    case 2: return area(inside, above: reference)
    case 3:
      let descending = inside.sorted { $0[2] > $1[2] }
      var volume = 0.0
      for (place, point) in descending.enumerated() {
        let next = place + 1 < descending.count ? descending[place + 1][2] : reference[2]
        if point[2] > next {
          volume += (point[2] - next) * area(Array(descending[...place]), above: reference)
        }
      }
      return volume
    default: return nil
    }
  }

  /// The area that points dominate in their first two coordinates.
  private static func area(_ points: [[Double]], above reference: [Double]) -> Double {
    var height = reference[1]
    var area = 0.0
    for point in points.sorted(by: { $0[0] > $1[0] }) where point[1] > height {
      area += (point[0] - reference[0]) * (point[1] - height)
      height = point[1]
    }
    return area
  }
}
