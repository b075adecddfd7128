/// A training run at one moment: everything needed to continue it to the same bytes, or to use the network.
///
/// Stored as one safetensors file that other programs can read. Tensors are called `GROUP/NAME`, integers
/// `integers/NAME` (single I64 numbers), and text is metadata.
package struct Checkpoint: Sendable, Equatable {
  /// A named tensor of floats.
  package struct Tensor: Sendable, Equatable {
    /// The name within its group: the instance path of the node and what it holds.
    package var name: String
    /// Its dimensions, slowest first.
    package var shape: [Int]
    /// Its elements, row-major.
    package var values: [Float]

    /// A tensor; `values` has as many elements as `shape` says.
    package init(name: String, shape: [Int], values: [Float]) {
      precondition(values.count == shape.reduce(1, *), "a tensor has as many elements as its shape says")
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// What tensors are for.
  package enum Group: String, Sendable, CaseIterable {
    /// Learned numbers.
    case parameters
    /// Running statistics of batch normalisation.
    case state
    /// The optimiser's momentum.
    case velocity
  }

  /// A named whole number.
  package struct Integer: Sendable, Equatable {
    /// The name.
    package var name: String
    /// The number.
    package var value: Int64

    /// A named number.
    package init(_ name: String, _ value: Int64) {
      self.name = name
      self.value = value
    }
  }

  /// Learned numbers.
  package var parameters: [Tensor] = []
  /// Running statistics.
  package var state: [Tensor] = []
  /// The optimiser's momentum.
  package var velocity: [Tensor] = []
  /// Epoch, step, position in the epoch, seed, ...: no name twice.
  package var integers: [Integer] = []
  /// Network name, program hash, plan, recipe, normalisation, ...: no key twice.
  package var metadata: [Safetensors.Metadata] = []

  /// A checkpoint of nothing.
  package init() {}

  /// The whole number of a name.
  package func integer(_ name: String) -> Int64? { integers.first { $0.name == name }?.value }

  /// The text of a key.
  package func text(_ key: String) -> String? { metadata.first { $0.key == key }?.value }

  /// Sets a whole number, replacing one of the same name.
  package mutating func set(_ name: String, _ value: Int64) {
    if let index = integers.firstIndex(where: { $0.name == name }) {
      integers[index].value = value
    } else {
      integers.append(Integer(name, value))
    }
  }

  /// Sets a text, replacing one of the same key.
  package mutating func set(_ key: String, _ text: String) {
    if let index = metadata.firstIndex(where: { $0.key == key }) {
      metadata[index].value = text
    } else {
      metadata.append(Safetensors.Metadata(key, text))
    }
  }

  /// The tensors of a group.
  package subscript(group: Group) -> [Tensor] {
    get {
      switch group {
      case .parameters: parameters
      case .state: state
      case .velocity: velocity
      }
    }
    set {
      switch group {
      case .parameters: parameters = newValue
      case .state: state = newValue
      case .velocity: velocity = newValue
      }
    }
  }

  /// The metadata key and value that mark a safetensors file as a checkpoint.
  private static let mark = Safetensors.Metadata("format", "irlas-checkpoint-1")

  /// The checkpoint as a file.
  package var safetensors: Safetensors {
    var tensors = integers.map {
      Safetensors.Tensor(name: "integers/" + $0.name, shape: [], integers: [$0.value])
    }
    for group in Group.allCases {
      tensors += self[group].map {
        Safetensors.Tensor(name: "\(group.rawValue)/\($0.name)", shape: $0.shape, floats: $0.values)
      }
    }
    return Safetensors(metadata: [Checkpoint.mark] + metadata, tensors: tensors)
  }

  /// Reads what ``safetensors`` made, in whatever order the tensors are now.
  package init(_ file: Safetensors, path: String) throws(FileError) {
    guard file.metadata.contains(Checkpoint.mark) else {
      throw FileError(
        .malformed, path: path, problem: "is a safetensors file, but not a checkpoint of a run",
        help: "weights of other programs can start a run (`--init`), not resume one")
    }
    metadata = file.metadata.filter { $0 != Checkpoint.mark }
    for tensor in file.tensors {
      let parts = tensor.name.split(separator: "/", maxSplits: 1)
      guard parts.count == 2 else {
        throw FileError(
          .malformed, path: path, problem: "tensor \"\(tensor.name)\" belongs to no group of a checkpoint")
      }
      let name = String(parts[1])
      if parts[0] == "integers", let values = tensor.integers, values.count == 1 {
        integers.append(Integer(name, values[0]))
      } else if let group = Group(rawValue: String(parts[0])), let values = tensor.floats {
        self[group].append(Tensor(name: name, shape: tensor.shape, values: values))
      } else {
        throw FileError(
          .malformed, path: path,
          problem:
            "tensor \"\(tensor.name)\", \(tensor.type.rawValue) of shape \(tensor.shape), has no place in a checkpoint",
          help: "groups are integers (one I64 each), parameters, state and velocity (F32)")
      }
    }
  }

  /// Writes the file; it appears whole or not at all.
  package func write(to path: String, operations: FileOperations = .system) throws(FileError) {
    try safetensors.write(to: path, operations: operations)
  }

  /// Reads and validates a file.
  package static func read(_ path: String) throws(FileError) -> Checkpoint {
    try Checkpoint(Safetensors.read(path), path: path)
  }
}
