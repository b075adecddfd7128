import IRLASJSON

extension Safetensors {
  /// Reads and validates a file.
  package static func read(_ path: String) throws(FileError) -> Safetensors {
    try Safetensors(bytes: FileBytes.read(path), path: path)
  }

  /// Validates the bytes of a file, of which nothing is trusted: names, types, shapes and offsets must fit together and
  /// cover the data exactly, without overlap or hole.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    let reader = SafetensorsReader(path: path)
    let header = try reader.header(bytes)
    var metadata: [Metadata] = []
    var records: [SafetensorsReader.Record] = []
    for member in header.members {
      if member.key == "__metadata__" {
        metadata = try reader.metadata(member.value)
      } else {
        records.append(try reader.record(member.key, member.value))
      }
    }
    // Ties (empty tensors) are broken by the order of the header, so that the result is a function of the file.
    let ordered = records.enumerated().sorted {
      ($0.element.begin, $0.element.end, $0.offset) < ($1.element.begin, $1.element.end, $1.offset)
    }.map(\.element)
    try reader.checkCover(ordered, dataSize: bytes.count - header.dataStart, dataStart: header.dataStart)
    self.init(
      metadata: metadata,
      tensors: ordered.map {
        Tensor(
          name: $0.name, type: $0.type, shape: $0.shape,
          bytes: Array(bytes[header.dataStart + $0.begin..<header.dataStart + $0.end]))
      })
  }
}

/// The checks on an untrusted safetensors file, one method for each part of it.
private struct SafetensorsReader {
  /// A header entry whose type, shape and length agree.
  struct Record {
    var name: String
    var type: TensorType
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  let path: String

  func malformed(_ problem: String, at offset: Int? = nil, help: String? = nil) -> FileError {
    FileError(.malformed, path: path, offset: offset, problem: problem, help: help)
  }

  /// The header's entries and where the data start.
  func header(_ bytes: [UInt8]) throws(FileError) -> (members: [JSON.Member], dataStart: Int) {
    guard bytes.count >= 8 else {
      throw malformed(
        "is not a safetensors file: it has \(bytes.count) bytes, and the header's length alone takes 8", at: 0
      )
    }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Safetensors.headerLimit) else {
      throw malformed(
        "says its header has \(length) bytes, more than the \(Safetensors.headerLimit) allowed", at: 0,
        help: "this is probably not a safetensors file")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= bytes.count else {
      throw malformed(
        "is cut short: its header has \(length) bytes, of which \(bytes.count - 8) are there",
        at: bytes.count, help: "the copy may be incomplete")
    }
    guard length > 0, bytes[8] == UInt8(ascii: "{") else {
      throw malformed(
        "has a header that does not start with `{`", at: 8, help: "this is probably not a safetensors file")
    }
    do throws(JSON.SyntaxError) {
      guard case .object(let members) = try JSON.parse(bytes[8..<dataStart], depthLimit: 4) else {
        return ([], dataStart)  // Unreachable: a text that starts with a brace is an object.
      }
      return (members, dataStart)
    } catch {
      throw malformed("has a header that is not valid JSON: \(error.problem)", at: 8 + error.offset)
    }
  }

  func metadata(_ value: JSON) throws(FileError) -> [Safetensors.Metadata] {
    guard case .object(let members) = value else {
      throw malformed("has `__metadata__` that is not an object of strings")
    }
    var result: [Safetensors.Metadata] = []
    for member in members {
      guard case .string(let text) = member.value else {
        throw malformed("has the metadata \"\(member.key)\", which is not a string")
      }
      result.append(Safetensors.Metadata(member.key, text))
    }
    return result
  }

  func record(_ name: String, _ value: JSON) throws(FileError) -> Record {
    guard case .object(let members) = value else {
      throw malformed("has the entry \"\(name)\", which does not describe a tensor")
    }
    for member in members where !["dtype", "shape", "data_offsets"].contains(member.key) {
      throw malformed("tensor \"\(name)\" has the unknown field \"\(member.key)\"")
    }
    guard let typeName = value["dtype"]?.text else { throw malformed("tensor \"\(name)\" has no dtype") }
    guard let type = TensorType(rawValue: typeName) else {
      throw FileError(
        .unsupported, path: path, problem: "tensor \"\(name)\" has elements of type \(typeName)",
        help: "the types read here are \(TensorType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard let shapeValues = value["shape"]?.elements else {
      throw malformed("tensor \"\(name)\" has no shape")
    }
    var shape: [Int] = []
    var size = type.size
    for dimension in shapeValues {
      guard let extent = dimension.int, extent >= 0 else {
        throw malformed(
          "tensor \"\(name)\" has the dimension \(dimension.line)",
          help: "dimensions are whole numbers from 0")
      }
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else {
        throw malformed("tensor \"\(name)\" has a shape of more elements than 64 bits count")
      }
      size = product
      shape.append(extent)
    }
    guard let offsets = value["data_offsets"]?.elements, offsets.count == 2,
      let begin = offsets[0].int, let end = offsets[1].int, begin >= 0, end >= begin
    else {
      throw malformed(
        "tensor \"\(name)\" has the data offsets \(value["data_offsets"]?.line ?? "missing")",
        help: "they are two whole numbers, begin and end")
    }
    guard end - begin == size else {
      throw malformed(
        "tensor \"\(name)\" has \(end - begin) bytes, but \(type.rawValue) of shape \(shape) needs \(size)")
    }
    return Record(name: name, type: type, shape: shape, begin: begin, end: end)
  }

  /// Records in the order of their offsets must follow each other from the first byte of the data to the last.
  func checkCover(_ records: [Record], dataSize: Int, dataStart: Int) throws(FileError) {
    var covered = 0
    for record in records {
      guard record.end <= dataSize else {
        throw malformed(
          "is cut short: tensor \"\(record.name)\" ends at byte \(record.end) of the data, which have \(dataSize)",
          at: dataStart + dataSize, help: "the copy may be incomplete")
      }
      guard record.begin == covered else {
        throw malformed(
          record.begin < covered
            ? "tensor \"\(record.name)\" overlaps the one before it"
            : "has \(counted(record.begin - covered, "byte")) before tensor \"\(record.name)\" that belong to none",
          at: dataStart + min(record.begin, covered))
      }
      covered = record.end
    }
    guard covered == dataSize else {
      throw malformed(
        "has \(counted(dataSize - covered, "byte")) after the last tensor", at: dataStart + covered)
    }
  }
}
