/// The volume that a front dominates within a box (Zitzler and Thiele, 1998).
package enum Hypervolume {
  /// The volume of all that some of `points` is at least as good as, from the corner `reference`; more is better in
  /// every coordinate. Points beyond the reference count for nothing.
  ///
  /// Exact in any number of dimensions, by slices along the last one; meant for fronts of hundreds of points in two or
  /// three.
  package static func of(_ points: [[Double]], reference: [Double]) -> Double {
    let inside = points.filter { point in zip(point, reference).allSatisfy { $0 > $1 } }
    return volume(inside, reference, dimensions: reference.count)
  }

  private static func volume(_ points: [[Double]], _ reference: [Double], dimensions: Int) -> Double {
    guard !points.isEmpty, dimensions > 0 else { return 0 }
    let axis = dimensions - 1
    if dimensions == 1 { return points.reduce(0) { max($0, $1[0] - reference[0]) } }
    // From the best downwards: a slice is dominated by all points that reach above it.
    let sorted = points.sorted { $0[axis] > $1[axis] }
    var sum = 0.0
    for (index, point) in sorted.enumerated() {
      let floor = index + 1 < sorted.count ? sorted[index + 1][axis] : reference[axis]
      let height = point[axis] - floor
      if height > 0 { sum += height * volume(Array(sorted[...index]), reference, dimensions: axis) }
    }
    return sum
  }
}
