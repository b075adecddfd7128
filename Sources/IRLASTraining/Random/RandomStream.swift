import Glibc
import IRLASCompiler

/// A stream of random numbers named by (seed, purpose, epoch, index).
///
/// Streams with different names are independent; a stream drawn twice gives the same numbers. Nothing else matters: not
/// the order in which streams are used, not the thread. Training draws one stream for each sample and epoch, so that a
/// resumed run needs no saved generator state.
///
/// The algorithms for bounded integers, floats and shuffles are written out here, because those of Swift's standard
/// library may change between versions.
package struct RandomStream: Sendable, RandomNumberGenerator {
  private let key: (UInt32, UInt32)
  private var counter: Philox.Block
  private var pending: Philox.Block = (0, 0, 0, 0)
  /// Words of `pending` already handed out; 4 when none is left.
  private var used = 4
  /// The second value of the last Box-Muller pair.
  private var spareNormal: Double?

  /// A stream for `purpose` ("augment", "shuffle", "init", ...).
  ///
  /// - Parameters:
  ///   - epoch: Only its low 32 bits count.
  ///   - index: The sample, tensor or trial the draws belong to.
  package init(seed: UInt64, purpose: String, epoch: UInt64 = 0, index: UInt64 = 0) {
    self.init(key: RandomStream.key(seed: seed, purpose: purpose), epoch: epoch, index: index)
  }

  /// The Philox key of a seed and purpose: compute it once where many streams share them.
  package static func key(seed: UInt64, purpose: String) -> UInt64 {
    var hash = ByteHash()
    hash.combine(seed)
    hash.combine(purpose)
    return hash.value
  }

  /// A stream of a key made by ``key(seed:purpose:)``.
  package init(key: UInt64, epoch: UInt64 = 0, index: UInt64 = 0) {
    self.key = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    self.counter = (
      0, UInt32(truncatingIfNeeded: epoch),
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32)
    )
  }

  /// 32 uniform bits. A stream gives 2^34 of them before it repeats.
  package mutating func next32() -> UInt32 {
    if used == 4 {
      pending = Philox.block(counter: counter, key: key)
      counter.0 &+= 1
      used = 0
    }
    defer { used += 1 }
    switch used {
    case 0: return pending.0
    case 1: return pending.1
    case 2: return pending.2
    default: return pending.3
    }
  }

  /// 64 uniform bits.
  package mutating func next() -> UInt64 {
    let low = UInt64(next32())
    return low | UInt64(next32()) << 32
  }

  /// A uniform integer in `0 ..< bound`, without bias; `bound` is at least 1.
  ///
  /// Multiplication and rejection: D. Lemire, "Fast Random Integer Generation in an Interval", TOMACS 29(1), 2019.
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "an interval needs at least one value")
    let limit = UInt64(bound)
    var product = next().multipliedFullWidth(by: limit)
    if product.low < limit {
      let threshold = (0 &- limit) % limit
      while product.low < threshold { product = next().multipliedFullWidth(by: limit) }
    }
    return Int(product.high)
  }

  /// A uniform integer in `range`.
  package mutating func integer(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// A uniform number in [0, 1): a multiple of 2^-53.
  package mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A uniform number in [`low`, `high`).
  package mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * uniform()
  }

  /// True with this probability.
  package mutating func chance(_ probability: Double) -> Bool {
    uniform() < probability
  }

  /// A draw of the standard normal distribution.
  ///
  /// G. E. P. Box and M. E. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29(2), 1958.
  package mutating func normal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    // 1 - u lies in (0, 1], so the logarithm is finite.
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spareNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// Shuffles in place: every order is equally likely.
  ///
  /// R. Durstenfeld, "Algorithm 235: Random Permutation", CACM 7(7), 1964 (Fisher and Yates' shuffle).
  package mutating func shuffle<Element>(_ values: inout [Element]) {
    guard values.count > 1 else { return }
    for last in stride(from: values.count - 1, to: 0, by: -1) {
      values.swapAt(last, below(last + 1))
    }
  }

  /// The order in which `count` samples are visited in an epoch: a function of seed, epoch and count alone.
  package static func epochOrder(seed: UInt64, epoch: UInt64, count: Int) -> [Int] {
    var order = Array(0..<count)
    var stream = RandomStream(seed: seed, purpose: "epoch order", epoch: epoch)
    stream.shuffle(&order)
    return order
  }
}
