import CKernels
import IRLASTestSupport

/// Runs one prebuilt kernel between guard pages, its tasks in a random order.
enum PrebuiltKernel {
  /// - Parameter outputs: the number of floats of each result.
  /// - Returns: the results.
  static func run<Sizes>(
    _ id: irlas_kernel_id, _ sizes: Sizes, outputs: [Int], inputs: [[Float]], seed: UInt64 = 0
  ) -> [[Float]] {
    let kernel = irlas_kernel(id)!.pointee
    let results = outputs.map { FencedFloats(count: $0) }
    let operands = results + inputs.map { FencedFloats($0) }
    var random = RandomSource(seed: seed)
    withUnsafePointer(to: sizes) { sizes in
      let scratch = FencedFloats(count: kernel.scratch(sizes))
      var pointers: [UnsafeMutablePointer<Float>?] = operands.map { $0.pointer }
      for task in (0..<kernel.tasks(sizes)).shuffled(using: &random) {
        kernel.run(sizes, &pointers, scratch.pointer, task)
      }
      // The memory is in use until here, which only pointers say.
      withExtendedLifetime((operands, scratch)) {}
    }
    return results.map(\.values)
  }

  /// Values in `-4...4` (sums of their products are exact) or evenly spread in `-1..<1`.
  static func values(_ count: Int, whole: Bool, using random: inout RandomSource) -> [Float] {
    (0..<count).map { _ in
      whole ? Float(random.pick(-4...4)) : Float.random(in: -1..<1, using: &random)
    }
  }

  /// The distance of two tensors relative to the size of the second, both as vectors.
  static func distance(_ actual: [Float], _ expected: [Double]) -> Double {
    precondition(actual.count == expected.count)
    var error = 0.0
    var size = 0.0
    for (a, e) in zip(actual, expected) {
      error += (Double(a) - e) * (Double(a) - e)
      size += e * e
    }
    return error == 0 ? 0 : (error / size).squareRoot()
  }
}
