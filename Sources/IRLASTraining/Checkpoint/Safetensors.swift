import IRLASJSON

/// Element types of stored tensors that are read and written here.
package enum TensorType: String, Sendable, CaseIterable {
  /// 64-bit signed integers.
  case int64 = "I64"
  /// IEEE single precision.
  case float32 = "F32"
  /// Bytes.
  case uint8 = "U8"

  /// Bytes of one element.
  package var size: Int {
    switch self {
    case .int64: 8
    case .float32: 4
    case .uint8: 1
    }
  }
}

/// A file of named tensors in the safetensors format: the length of the header as a little-endian 64-bit number, the
/// header as a JSON object, then the elements of all tensors without gaps, little-endian.
///
/// The header maps each name to `{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`, offsets counting from the end of
/// the header, and `__metadata__` to an object of strings.
package struct Safetensors: Sendable, Equatable {
  /// One tensor: its elements are bytes of the file it belongs to.
  package struct Tensor: Sendable, Equatable {
    /// Its name.
    package var name: String
    /// Type of its elements.
    package var type: TensorType
    /// Its dimensions, slowest first; empty for a single number.
    package var shape: [Int]
    /// Its elements, row-major, little-endian.
    package var bytes: [UInt8]

    /// A tensor of raw bytes.
    package init(name: String, type: TensorType, shape: [Int], bytes: [UInt8]) {
      precondition(
        bytes.count == shape.reduce(type.size, *), "a tensor has as many elements as its shape says")
      self.name = name
      self.type = type
      self.shape = shape
      self.bytes = bytes
    }

    /// A tensor of floats.
    package init(name: String, shape: [Int], floats: [Float]) {
      // Every machine this runs on is little-endian, so memory and file agree.
      self.init(
        name: name, type: .float32, shape: shape, bytes: floats.withUnsafeBytes { Array($0) })
    }

    /// A tensor of integers.
    package init(name: String, shape: [Int], integers: [Int64]) {
      self.init(
        name: name, type: .int64, shape: shape, bytes: integers.withUnsafeBytes { Array($0) })
    }

    /// Its elements as floats; nil where it has another type.
    package var floats: [Float]? {
      guard type == .float32 else { return nil }
      return [Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
        count = bytes.count / 4
      }
    }

    /// Its elements as integers; nil where it has another type.
    package var integers: [Int64]? {
      guard type == .int64 else { return nil }
      return [Int64](unsafeUninitializedCapacity: bytes.count / 8) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
        count = bytes.count / 8
      }
    }
  }

  /// Free text by key.
  package struct Metadata: Sendable, Equatable {
    /// The key.
    package var key: String
    /// The text.
    package var value: String

    /// A key and its text.
    package init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  /// Free text about the file, in order; no key twice.
  package var metadata: [Metadata]
  /// The tensors, in the order of their bytes; no name twice.
  package var tensors: [Tensor]

  /// The content of a file.
  package init(metadata: [Metadata] = [], tensors: [Tensor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The tensor of a name.
  package func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// The text of a metadata key.
  package func text(_ key: String) -> String? { metadata.first { $0.key == key }?.value }

  /// Longer headers are refused, as in the reference implementation of the format.
  package static let headerLimit = 100_000_000

  /// The bytes of the file: the same content gives the same bytes.
  ///
  /// Tensors with wider elements come first, so that each starts at a multiple of its element size.
  package func encoded() -> [UInt8] {
    let ordered = [TensorType.int64, .float32, .uint8].flatMap { type in tensors.filter { $0.type == type } }
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(
        JSON.Member("__metadata__", .object(metadata.map { .init($0.key, .string($0.value)) })))
    }
    var offset = 0
    for tensor in ordered {
      members.append(
        JSON.Member(
          tensor.name,
          .object([
            .init("dtype", .string(tensor.type.rawValue)),
            .init("shape", .array(tensor.shape.map { .integer(Int64($0)) })),
            .init(
              "data_offsets",
              .array([.integer(Int64(offset)), .integer(Int64(offset + tensor.bytes.count))])),
          ])))
      offset += tensor.bytes.count
    }
    var header = Array(JSON.object(members).line.utf8)
    // Spaces up to a multiple of 8, so that the data are aligned in a mapped file.
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += header
    for tensor in ordered { bytes += tensor.bytes }
    return bytes
  }

  /// Writes the file; it appears whole or not at all.
  package func write(to path: String, operations: FileOperations = .system) throws(FileError) {
    try AtomicFile.write(encoded(), to: path, operations: operations)
  }
}
