internal import IRLASGraph

/// The parameters and state of a network: one block that all its programs share, so that evaluating while
/// training copies nothing.
///
/// From outside every tensor is in PyTorch's order (`{out, in / groups, kh, kw}`, `{out, in}`); inside it is in
/// the order the kernels read.
package final class ParameterStore {
  /// What the store holds, in the order of the program it was made for.
  package let tensors: [ExecutionPlan.Persistent]
  /// Changes whenever a value does: programs know by it when to prepare again.
  package private(set) var generation = 0
  private let block: MemoryBlock
  /// The offset of each tensor in bytes.
  private let offsets: [Int]
  private let indices: [String: Int]

  /// A store for the parameters and state of a plan; everything is zero.
  ///
  /// The training plan of a network has all that its inference plan has, and the optimiser's state.
  package init(for plan: ExecutionPlan) throws(RuntimeError) {
    tensors = plan.persistent
    var offsets: [Int] = []
    var end = 0
    for tensor in plan.persistent {
      offsets.append(end)
      end += MemoryPlan.aligned(4 * tensor.shape.elementCount)
    }
    self.offsets = offsets
    block = try MemoryBlock(byteCount: end)
    indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($0.element.path, $0.offset) })
  }

  /// The size of the store in bytes.
  package var byteCount: Int { block.byteCount }

  /// The tensor with an instance path in PyTorch's order, or nil when there is none.
  package func read(_ path: String) -> [Float]? {
    guard let index = indices[path] else { return nil }
    let tensor = tensors[index]
    return tensor.unpacked(Array(UnsafeBufferPointer(start: floats(index), count: tensor.shape.elementCount)))
  }

  /// Sets the tensor with an instance path from PyTorch's order.
  ///
  /// - Returns: false, and nothing changes, when there is no such tensor or it has another size.
  package func write(_ values: [Float], to path: String) -> Bool {
    guard let index = indices[path], values.count == tensors[index].shape.elementCount else { return false }
    floats(index).update(from: tensors[index].packed(values), count: values.count)
    generation += 1
    return true
  }

  /// Sets every tensor to what training starts with (`Parameter.Initializer.values`). Distributions are drawn
  /// from the Philox blocks with the seed as key and the tensor's stream (`MaskWords`; the last step, which no
  /// training reaches).
  package func initialize(seed: UInt64) {
    for tensor in tensors {
      let count = tensor.shape.elementCount
      let values: [Float]
      switch tensor.op {
      case .parameter(let parameter):
        values = parameter.initializer.values(count: count) {
          Self.words(seed: seed, stream: tensor.stream, count: $0)
        }.map { Float($0) }
      case .state(let role): values = Array(repeating: Float(role.initialValue), count: count)
      default: preconditionFailure("only parameters and state persist")
      }
      _ = write(values, to: tensor.path)
    }
  }

  /// The first words of a stream, as `MaskWords` numbers them, four at a time.
  private static func words(seed: UInt64, stream: Int, count: Int) -> [UInt32] {
    let key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    var words: [UInt32] = []
    words.reserveCapacity(count + 3)
    for index in 0..<(count + 3) / 4 {
      let counter = (
        UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: stream), UInt32.max, UInt32.max
      )
      let block = Philox.block(counter: counter, key: key)
      words += [block.0, block.1, block.2, block.3]
    }
    words.removeLast(words.count - count)
    return words
  }

  /// Where a program finds a tensor it needs.
  func floats(for tensor: ExecutionPlan.Persistent) throws(RuntimeError) -> UnsafeMutablePointer<Float> {
    guard let index = indices[tensor.path], tensors[index].shape == tensor.shape,
      tensors[index].packing == tensor.packing || tensor.packing == nil
    else { throw .parameterMismatch(path: tensor.path) }
    return floats(index)
  }

  /// Says that a program has changed values.
  func noteChange() { generation += 1 }

  private func floats(_ index: Int) -> UnsafeMutablePointer<Float> { block.floats(at: offsets[index]) }
}
