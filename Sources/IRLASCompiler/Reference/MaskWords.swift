package import IRLASGraph

/// The random words behind one mask, as the kernels define them.
///
/// Element `i` of a mask is decided by word `i % 4` of the Philox4x32-10 block with counter
/// `(i / 4, stream, low half of step, high half of step)` and key `seed` (low half first). Elements are counted in the
/// kernels' memory order, `[batch][height][width][channels]`: `i = ((n * h + y) * w + x) * c + channel`.
/// The upper 24 bits of its word, a number in 0 ..< 1, drop an element when they are below `rate` as a `Float`.
package struct MaskWords: Sendable {
  private let key: (UInt32, UInt32)
  private let stream: UInt32
  private let step: (UInt32, UInt32)

  package init(seed: UInt64, step: UInt64, stream: Int) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.step = (UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: step >> 32))
    self.stream = UInt32(truncatingIfNeeded: stream)
  }

  /// Word number `index`.
  package subscript(index: Int) -> UInt32 {
    let counter = (UInt32(truncatingIfNeeded: index / 4), stream, step.0, step.1)
    let block = Philox.block(counter: counter, key: key)
    switch index % 4 {
    case 0: return block.0
    case 1: return block.1
    case 2: return block.2
    default: return block.3
    }
  }

  /// The mask of `shape` for a batch, `[batch][channels][height][width]`: 0 where dropped, else `1 / (1 - rate)`.
  package func mask(_ shape: Shape, batch: Int, rate: Double) -> [Double] {
    let kept = 1 / (1 - rate)
    var mask: [Double] = []
    for n in 0..<batch {
      for channel in 0..<shape.channels {
        for y in 0..<shape.height {
          for x in 0..<shape.width {
            let index = ((n * shape.height + y) * shape.width + x) * shape.channels + channel
            mask.append(Float(self[index] >> 8) * 0x1p-24 < Float(rate) ? 0 : kept)
          }
        }
      }
    }
    return mask
  }
}
