package import IRLASGraph

/// Conversions between the order of the outside world (PyTorch, checkpoints, the reference interpreter) and
/// the kernels'.
package enum Layout {
  /// `[batch][channels][height][width]` to `[batch][height][width][channels]`.
  package static func interleaved(_ values: [Float], _ map: Shape, batch: Int) -> [Float] {
    swapped(values, rows: map.channels, columns: map.height * map.width, batch: batch)
  }

  /// `[batch][height][width][channels]` to `[batch][channels][height][width]`.
  package static func planar(_ values: [Float], _ map: Shape, batch: Int) -> [Float] {
    swapped(values, rows: map.height * map.width, columns: map.channels, batch: batch)
  }

  /// Transposes `batch` matrices.
  private static func swapped(_ values: [Float], rows: Int, columns: Int, batch: Int) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for n in 0..<batch {
      let start = n * rows * columns
      for row in 0..<rows {
        for column in 0..<columns {
          result[start + column * rows + row] = values[start + row * columns + column]
        }
      }
    }
    return result
  }
}

extension WeightPacking {
  /// A weight from the kernels' order to PyTorch's.
  package func unpacked(_ values: [Float], _ weight: Shape) -> [Float] {
    convert(.weightUnpack, values, weight)
  }

  /// A weight from PyTorch's order to the kernels'.
  package func packed(_ values: [Float], _ weight: Shape) -> [Float] { convert(.weightPack, values, weight) }

  private func convert(_ kernel: Kernel, _ values: [Float], _ weight: Shape) -> [Float] {
    let sizes = sizes(of: weight)
    let function = kernel.prebuilt
    var values = values
    return [Float](unsafeUninitializedCapacity: values.count) { result, count in
      count = values.count
      guard let target = result.baseAddress else { return }
      values.withUnsafeMutableBufferPointer { source in
        var operands: [UnsafeMutablePointer<Float>?] = [target, source.baseAddress]
        sizes.withBytes { bytes in
          for task in 0..<kernel.taskCount(sizes) { function(bytes, &operands, nil, Int32(task)) }
        }
      }
    }
  }
}

extension ExecutionPlan.Persistent {
  /// A value of this tensor in the kernels' order.
  package func packed(_ values: [Float]) -> [Float] { packing?.packed(values, shape) ?? values }

  /// A value of this tensor in PyTorch's order.
  package func unpacked(_ values: [Float]) -> [Float] { packing?.unpacked(values, shape) ?? values }
}
