internal import IRLASGraph

/// Ops that move elements of feature maps, and products with gates.
extension ReferenceInterpreter {
  /// The part of `x` that starts at `origin` (channel, row, column) and has the shape `result`.
  func window(_ x: ReferenceOperand, origin: [Int], result: Shape) -> [Double] {
    var y: [Double] = []
    forEachPlace(result) { n, c, row, column in
      y.append(x.values[flat(x.shape, n, c + origin[0], row + origin[1], column + origin[2])])
    }
    return y
  }

  /// Zeros of the shape `result` with `x` placed at `origin`: the transpose of `window`.
  func placed(_ x: ReferenceOperand, origin: [Int], result: Shape) -> [Double] {
    var y = [Double](repeating: 0, count: batch * result.elementCount)
    place(x, at: origin, in: &y, result)
    return y
  }

  func concat(_ x: [ReferenceOperand], _ axis: Axis, result: Shape) -> [Double] {
    var y = [Double](repeating: 0, count: batch * result.elementCount)
    var origin = [0, 0, 0]
    for operand in x {
      place(operand, at: origin, in: &y, result)
      origin[axis.rawValue] += operand.shape[axis.rawValue]
    }
    return y
  }

  func channelShuffle(_ x: ReferenceOperand, groups: Int) -> [Double] {
    let perGroup = x.shape.channels / groups
    var y = [Double](repeating: 0, count: x.values.count)
    var index = 0
    forEachPlace(x.shape) { n, c, row, column in
      let (i, j) = (c / perGroup, c % perGroup)
      y[flat(x.shape, n, j * groups + i, row, column)] = x.values[index]
      index += 1
    }
    return y
  }

  func upsample(_ x: ReferenceOperand, _ factor: Int, result: Shape) -> [Double] {
    var y: [Double] = []
    forEachPlace(result) { n, c, row, column in
      y.append(x.values[flat(x.shape, n, c, row / factor, column / factor)])
    }
    return y
  }

  func upsampleGradient(dy: ReferenceOperand, _ factor: Int, result: Shape) -> [Double] {
    var dx = [Double](repeating: 0, count: batch * result.elementCount)
    var index = 0
    forEachPlace(dy.shape) { n, c, row, column in
      dx[flat(result, n, c, row / factor, column / factor)] += dy.values[index]
      index += 1
    }
    return dx
  }

  /// `x * y` of equal shapes, or with a gate `[c, 1, 1]` or `[1, 1, 1]`.
  func multiply(_ x: ReferenceOperand, _ y: ReferenceOperand) -> [Double] {
    if x.shape == y.shape { return zip(x.values, y.values).map(*) }
    let places = x.shape.height * x.shape.width
    return x.values.enumerated().map { index, value in
      let plane = index / places
      return value * y.values[y.shape.channels == 1 ? plane / x.shape.channels : plane]
    }
  }

  private func place(_ x: ReferenceOperand, at origin: [Int], in y: inout [Double], _ shape: Shape) {
    var index = 0
    forEachPlace(x.shape) { n, c, row, column in
      y[flat(shape, n, c + origin[0], row + origin[1], column + origin[2])] = x.values[index]
      index += 1
    }
  }

  /// Visits sample, channel, row and column in memory order.
  private func forEachPlace(_ shape: Shape, _ body: (Int, Int, Int, Int) -> Void) {
    for n in 0..<batch {
      for c in 0..<shape.channels {
        for row in 0..<shape.height {
          for column in 0..<shape.width { body(n, c, row, column) }
        }
      }
    }
  }

  private func flat(_ shape: Shape, _ n: Int, _ c: Int, _ row: Int, _ column: Int) -> Int {
    ((n * shape.channels + c) * shape.height + row) * shape.width + column
  }
}
