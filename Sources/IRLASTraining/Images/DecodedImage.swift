/// A picture in memory: red, green and blue bytes, pixel after pixel, row by row.
package struct DecodedImage: Sendable, Equatable {
  /// Rows.
  package let height: Int
  /// Columns.
  package let width: Int
  /// `height * width * 3` bytes.
  package let pixels: [UInt8]

  /// A picture of these pixels.
  package init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(pixels.count == height * width * 3, "three bytes a pixel")
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// The picture as a network's input: scaled to `height` x `width`, with 1 channel (grey) or 3, as channel planes.
  ///
  /// Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). The picture is stretched where its proportions differ.
  package func planes(channels: Int, height: Int, width: Int) -> [UInt8] {
    precondition(channels == 1 || channels == 3, "pictures are grey or coloured")
    let planes = (0..<3).map { channel in
      Resampling.resize(
        stride(from: channel, to: pixels.count, by: 3).map { Double(pixels[$0]) },
        from: (self.height, self.width), to: (height, width))
    }
    func byte(_ value: Double) -> UInt8 { UInt8(min(255, max(0, value.rounded()))) }
    if channels == 3 { return planes.flatMap { $0.map(byte) } }
    return planes[0].indices.map {
      byte(0.299 * planes[0][$0] + 0.587 * planes[1][$0] + 0.114 * planes[2][$0])
    }
  }
}

/// Scaling of one plane of numbers.
package enum Resampling {
  /// Scales a plane, row by row in memory, with a triangular filter.
  ///
  /// Enlarging, this is bilinear interpolation; reducing, the triangle widens with the factor, so that every source
  /// pixel counts and fine patterns do not alias. Weights of each output pixel sum to 1: constants stay constant.
  package static func resize(
    _ plane: [Double], from source: (height: Int, width: Int), to target: (height: Int, width: Int)
  ) -> [Double] {
    let columns = filters(from: source.width, to: target.width)
    let rows = filters(from: source.height, to: target.height)
    var narrow = [Double](repeating: 0, count: source.height * target.width)
    for row in 0..<source.height {
      for (column, filter) in columns.enumerated() {
        var sum = 0.0
        for (tap, weight) in filter.weights.enumerated() {
          sum += weight * plane[row * source.width + filter.first + tap]
        }
        narrow[row * target.width + column] = sum
      }
    }
    var result = [Double](repeating: 0, count: target.height * target.width)
    for (row, filter) in rows.enumerated() {
      for column in 0..<target.width {
        var sum = 0.0
        for (tap, weight) in filter.weights.enumerated() {
          sum += weight * narrow[(filter.first + tap) * target.width + column]
        }
        result[row * target.width + column] = sum
      }
    }
    return result
  }

  /// For each output position, the first source position it reads and the weights from there on.
  private static func filters(from source: Int, to target: Int) -> [(first: Int, weights: [Double])] {
    let scale = Double(source) / Double(target)
    let reach = max(1, scale)
    return (0..<target).map { position in
      let centre = (Double(position) + 0.5) * scale - 0.5
      let first = max(0, Int((centre - reach).rounded(.down)) + 1)
      let last = max(first, min(source - 1, Int((centre + reach).rounded(.up)) - 1))
      var weights = (first...last).map { max(0, 1 - abs(Double($0) - centre) / reach) }
      let sum = weights.reduce(0, +)
      weights = sum > 0 ? weights.map { $0 / sum } : weights.map { _ in 1 / Double(weights.count) }
      return (first, weights)
    }
  }
}
