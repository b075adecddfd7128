package import IRLASGraph

/// A program as data: what to run in which order on which memory. Nothing in it depends on the machine except
/// the tier and compiler it may later be given.
package struct ExecutionPlan: Sendable {
  /// Which of a program's blocks of memory a buffer is in.
  package enum Space: String, Hashable, Sendable, CaseIterable {
    /// Parameters and state: shared by the programs of one network, kept between steps.
    case persistent
    /// Computed by the prepare phase, read by every step.
    case prepared
    /// Written by the caller: inputs, labels, hyperparameters, the key of random masks.
    case staging
    /// Everything that lives within one step; places are reused.
    case arena
  }

  /// A piece of memory.
  package struct Buffer: Hashable, Sendable {
    /// The instance path of the value that it was made for.
    package var name: String
    /// The size in floats.
    package var count: Int
    package var space: Space
    /// The offset in the block of its space, in bytes. In `persistent` it is the parameter store that knows.
    package var offset: Int
  }

  /// A place in a buffer.
  package struct Operand: Hashable, Sendable {
    /// An index into `buffers`.
    package var buffer: Int
    /// The distance from the buffer's start in floats.
    package var offset: Int = 0
    /// The floats from pixel to pixel where the value is a part of the buffer's channels, else nil.
    package var pitch: Int?
  }

  /// One call of a kernel.
  package struct Call: Hashable, Sendable {
    package var kernel: Kernel
    package var sizes: KernelSizes
    /// Results first, as the kernel wants them.
    package var operands: [Operand]
    /// How many of the operands are results.
    package var resultCount: Int
    /// The node it computes (a part of).
    package var node: NodeID
    /// Nodes that it computes on the way, whose values have no place of their own.
    package var inner: [NodeID] = []

    /// All nodes whose work this call does.
    package var nodes: [NodeID] { inner + [node] }
  }

  /// A parameter or state of the network.
  package struct Persistent: Hashable, Sendable {
    /// The node's instance path.
    package var path: String
    package var op: Op
    package var shape: Shape
    /// How the kernels want it.
    package var packing: WeightPacking?
    /// The stream of its initial values: the node's index in the canonical form of the network.
    package var stream: Int
    /// An index into `buffers`.
    package var buffer: Int
  }

  /// A value that the caller gives or takes.
  package struct Port: Hashable, Sendable {
    package var name: String
    package var shape: Shape
    package var operand: Operand
    /// The order of a weight or its gradient in memory.
    package var packing: WeightPacking?
    package var isAuxiliary: Bool = false
  }

  /// The graph after all passes; calls and ports refer to its nodes.
  package var graph: Graph
  /// The number of samples that calls work on.
  package var batch: Int
  /// The number of samples that the program is given at a time: `batch`, or more, of which `batch` are computed at a time
  /// (`passes`).
  package var samples: Int
  package var buffers: [Buffer]
  /// Runs once after parameters changed.
  package var prepare: [Call]
  /// One step.
  package var step: [Call]
  package var persistent: [Persistent]
  /// The network's inputs in order of their index.
  package var inputs: [Port]
  package var labels: Port?
  package var learningRate: Port?
  /// Four words that random masks are drawn with: seed and step.
  package var randomKey: Port?
  package var outputs: [Port]
  /// How often the calls of a step run for one batch; the last time they may be short of samples.
  package var passes: Int { (samples + batch - 1) / batch }
  /// Whether a step changes parameters or state.
  package var hasUpdates: Bool
  /// The plan of the arena: `arenaRequests[i]` is buffer `arenaBuffers[i]`.
  package var arena: MemoryPlan
  package var arenaBuffers: [Int]
  /// The forms that were taken where there was a choice, in the order of their calls.
  package var forms: [TakenForm] = []

  /// The bytes of one of the program's own blocks, or of the parameters and states that it works on.
  package func byteCount(of space: Space) -> Int {
    if space == .persistent {
      return persistent.reduce(0) { $0 + MemoryPlan.aligned(4 * $1.shape.elementCount) }
    }
    return buffers.lazy.filter { $0.space == space }.map { $0.offset + MemoryPlan.aligned(4 * $0.count) }
      .max() ?? 0
  }

  /// The bytes of everything that the program works on: feature maps and gradients, what is prepared, inputs, parameters,
  /// running statistics and the optimiser's state.
  package var ownedBytes: Int { Space.allCases.reduce(0) { $0 + byteCount(of: $1) } }

  /// Every different call of both phases, in order of first appearance: what has to be compiled.
  package var kernelInstances: [KernelInstance] {
    var seen: Set<KernelInstance> = []
    return (prepare + step).map { KernelInstance(kernel: $0.kernel, sizes: $0.sizes) }
      .filter { seen.insert($0).inserted }
  }
}

/// A kernel with its sizes: what one generated function computes.
package struct KernelInstance: Hashable, Sendable {
  package let kernel: Kernel
  package let sizes: KernelSizes

  package init(kernel: Kernel, sizes: KernelSizes) {
    self.kernel = kernel
    self.sizes = sizes
  }
}

/// The order of a weight in memory. The network's text, checkpoints and PyTorch order a weight as
/// `{out, in / groups, kh, kw}`; the kernels read panels of output channels within each group, and only they
/// know the order (`Kernel.weightPack` and `.weightUnpack` convert).
package struct WeightPacking: Hashable, Sendable {
  package var groups: Int
}
