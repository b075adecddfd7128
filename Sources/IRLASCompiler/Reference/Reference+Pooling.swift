internal import IRLASGraph

/// One position of a pooling window.
private struct PoolWindow {
  /// Flat index of the result.
  let y: Int
  /// Flat indices of the elements under the window, row-major; places in the padding are left out.
  let elements: [Int]
  /// How many places of the window lie in the padded input. Those beyond it, under a last partial window, never
  /// count, as in PyTorch.
  let placesWithPadding: Int

  /// What an average divides by. A window without any element has the average 0.
  func divisor(_ pool: Pool) -> Double {
    Double(max(pool.countsPadding ? placesWithPadding : elements.count, 1))
  }
}

extension ReferenceInterpreter {
  private func forEachWindow(of pool: Pool, x: Shape, y: Shape, _ body: (PoolWindow) -> Void) {
    let window = pool.window
    for plane in 0..<batch * x.channels {
      for row in 0..<y.height {
        for column in 0..<y.width {
          var elements: [Int] = []
          var places = 0
          for kernelRow in 0..<window.kernelSize.height {
            let inputRow =
              row * window.stride.height + kernelRow * window.dilation.height - window.padding.top
            guard inputRow < x.height + window.padding.bottom else { continue }
            for kernelColumn in 0..<window.kernelSize.width {
              let inputColumn =
                column * window.stride.width + kernelColumn * window.dilation.width - window.padding.left
              guard inputColumn < x.width + window.padding.right else { continue }
              places += 1
              guard inputRow >= 0, inputRow < x.height, inputColumn >= 0, inputColumn < x.width else {
                continue
              }
              elements.append((plane * x.height + inputRow) * x.width + inputColumn)
            }
          }
          body(
            PoolWindow(
              y: (plane * y.height + row) * y.width + column, elements: elements, placesWithPadding: places))
        }
      }
    }
  }

  /// The index of the first largest element of a window, nil for an empty one.
  private func firstMaximum(_ window: PoolWindow, _ values: [Double]) -> Int? {
    var best: Int?
    for index in window.elements {
      if let current = best, values[current] >= values[index] { continue }
      best = index
    }
    return best
  }

  /// The maximum of a window without any element is minus infinity.
  func maxPool(_ x: ReferenceOperand, _ pool: Pool, result: Shape) -> [Double] {
    var y = [Double](repeating: -.infinity, count: batch * result.elementCount)
    forEachWindow(of: pool, x: x.shape, y: result) { window in
      if let index = firstMaximum(window, x.values) { y[window.y] = x.values[index] }
    }
    return y
  }

  func maxPoolGradient(x: ReferenceOperand, dy: ReferenceOperand, _ pool: Pool) -> [Double] {
    var dx = [Double](repeating: 0, count: x.values.count)
    forEachWindow(of: pool, x: x.shape, y: dy.shape) { window in
      if let index = firstMaximum(window, x.values) { dx[index] += dy.values[window.y] }
    }
    return dx
  }

  func averagePool(_ x: ReferenceOperand, _ pool: Pool, result: Shape) -> [Double] {
    var y = [Double](repeating: 0, count: batch * result.elementCount)
    forEachWindow(of: pool, x: x.shape, y: result) { window in
      y[window.y] = window.elements.reduce(0) { $0 + x.values[$1] } / window.divisor(pool)
    }
    return y
  }

  func averagePoolGradient(dy: ReferenceOperand, _ pool: Pool, result: Shape) -> [Double] {
    var dx = [Double](repeating: 0, count: batch * result.elementCount)
    forEachWindow(of: pool, x: result, y: dy.shape) { window in
      let share = dy.values[window.y] / window.divisor(pool)
      for index in window.elements { dx[index] += share }
    }
    return dx
  }

  /// `[batch][channels]` sums over height and width.
  func spatialSum(_ x: ReferenceOperand) -> [Double] {
    let places = x.shape.height * x.shape.width
    return (0..<batch * x.shape.channels).map { plane in
      x.values[plane * places..<(plane + 1) * places].reduce(0, +)
    }
  }
}
