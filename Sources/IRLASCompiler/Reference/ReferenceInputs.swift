package import IRLASGraph

/// What a graph takes from outside.
package struct ReferenceInputs: Sendable {
  /// Where random masks come from.
  package enum Masks: Sendable {
    /// The counter-based generator of the kernels; see `MaskWords`.
    case counter(seed: UInt64, step: UInt64)
    /// The masks themselves, by stream, laid out like the node's value.
    case given([Int: [Double]])
  }

  /// The images of the batch for each input index, `[batch][channels][height][width]`.
  package var images: [[Double]]
  /// The class index of each sample.
  package var labels: [Double]
  package var hyperparameters: [Hyperparameter: Double]
  /// Parameters and states.
  package var tensors: [NodeID: [Double]]
  package var masks: Masks

  package init(
    images: [[Double]], labels: [Double] = [], hyperparameters: [Hyperparameter: Double] = [:],
    tensors: [NodeID: [Double]], masks: Masks = .counter(seed: 0, step: 0)
  ) {
    self.images = images
    self.labels = labels
    self.hyperparameters = hyperparameters
    self.tensors = tensors
    self.masks = masks
  }
}

/// The value of every node of a graph.
package struct ReferenceValues: Sendable {
  private let values: [[Double]]

  init(_ values: [[Double]]) { self.values = values }

  package subscript(id: NodeID) -> [Double] { values[id.index] }

  /// The value of the output called `name`, or nil when `graph` has none.
  package func output(_ name: String, of graph: Graph) -> [Double]? {
    graph.outputs.first { $0.name == name }.map { self[$0.value] }
  }
}

/// Why a graph cannot be evaluated on the given inputs.
package enum ReferenceError: Error, Hashable, Sendable {
  /// An image, tensor, hyperparameter or mask is not given.
  case missing(String)
  /// A value has another number of elements than its node.
  case size(String, expected: Int, actual: Int)
}

/// An operand with its shape.
struct ReferenceOperand {
  let shape: Shape
  let values: [Double]

  init(_ shape: Shape, _ values: [Double]) {
    self.shape = shape
    self.values = values
  }
}
