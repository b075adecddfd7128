import IRLASJSON
import Glibc
import IRLASTraining
import Testing

/// A safetensors file of this header and data, well-formed or not.
private func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
  let bytes = Array(header.utf8)
  return withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) } + bytes + data
}

@Suite struct SafetensorsTests {
  private let sample = Safetensors(
    metadata: [.init("z", "last \"first\"\nline"), .init("a", "")],
    tensors: [
      .init(name: "steps", shape: [], integers: [-5]),
      .init(name: "w", shape: [2, 3], floats: [0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude, 1e30]),
      .init(name: "none", shape: [0, 4], floats: []),
      .init(name: "bytes", type: .uint8, shape: [3], bytes: [1, 2, 255]),
    ])

  @Test func roundTrips() throws {
    let bytes = sample.encoded()
    let back = try Safetensors(bytes: bytes, path: "x")
    #expect(back == sample)
    #expect(back.encoded() == bytes)
    #expect(back.tensor("w")?.floats?[1].sign == .minus)
    #expect(back.tensor("steps")?.integers == [-5])
    #expect(back.tensor("steps")?.floats == nil)
    #expect(back.text("a") == "")
  }

  /// The layout of the format: length, header padded with blanks to 8 bytes, data.
  @Test func writesTheFormat() {
    let bytes = Safetensors(tensors: [.init(name: "a", shape: [1], floats: [1])]).encoded()
    let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  "#
    #expect(header.utf8.count == 56)
    #expect(bytes == [56, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 0x80, 0x3F])
  }

  @Test func everyTensorIsAligned() throws {
    var tensors: [Safetensors.Tensor] = []
    for index in 0..<20 {
      switch index % 3 {
      case 0:
        tensors.append(
          .init(name: "\(index)", type: .uint8, shape: [index], bytes: .init(repeating: 1, count: index)))
      case 1:
        tensors.append(.init(name: "\(index)", shape: [index], floats: .init(repeating: 2, count: index)))
      default:
        tensors.append(.init(name: "\(index)", shape: [index], integers: .init(repeating: 3, count: index)))
      }
    }
    let bytes = Safetensors(tensors: tensors).encoded()
    let length = Int(bytes[0]) + Int(bytes[1]) << 8
    #expect(length % 8 == 0)
    let header = try JSON.parse(bytes[8..<8 + length])
    for tensor in tensors {
      let begin = try #require(header[tensor.name]?["data_offsets"]?.elements?.first?.int)
      #expect(begin % tensor.type.size == 0)
    }
    let back = try Safetensors(bytes: bytes, path: "x")
    #expect(tensors.allSatisfy { back.tensor($0.name) == $0 })
  }

  /// Files of other writers: any order of the header, any white space.
  @Test func readsOtherWriters() throws {
    let bytes = file(
      """
       {"b": {"shape": [2], "data_offsets": [4, 6], "dtype": "U8"},
       "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}   
      """.replacingFirstBlank(), [0, 0, 0, 0x40, 7, 8])
    let read = try Safetensors(bytes: bytes, path: "x")
    #expect(read.tensors.map(\.name) == ["a", "b"])
    #expect(read.tensor("a")?.floats == [2])
    #expect(read.tensor("b")?.bytes == [7, 8])
  }

  private static let tensor = #""shape":[1],"data_offsets":[0,4]"#

  @Test(arguments: [
    (
      [1, 2, 3], " (byte 0): is not a safetensors file: it has 3 bytes, and the header's length alone takes 8"
    ),
    (
      [255, 255, 255, 255, 255, 255, 255, 255],
      """
       (byte 0): says its header has 18446744073709551615 bytes, more than the 100000000 allowed
      help: this is probably not a safetensors file
      """
    ),
    (
      [9, 0, 0, 0, 0, 0, 0, 0, 0x7B],
      " (byte 9): is cut short: its header has 9 bytes, of which 1 are there\nhelp: the copy may be incomplete"
    ),
    (
      file("[]"),
      " (byte 8): has a header that does not start with `{`\nhelp: this is probably not a safetensors file"
    ),
    (
      file(""),
      " (byte 8): has a header that does not start with `{`\nhelp: this is probably not a safetensors file"
    ),
    (file("{\"a\":}"), " (byte 13): has a header that is not valid JSON: not the start of a value"),
    (file("{} x"), " (byte 11): has a header that is not valid JSON: something follows the value"),
    (
      file(#"{"a":{"dtype":"F32",\#(tensor)},"a":{"dtype":"F32",\#(tensor)}}"#, [0, 0, 0, 0]),
      " (byte 62): has a header that is not valid JSON: the key \"a\" occurs twice"
    ),
    (file(#"{"a":[[[[[1]]]]]}"#), " (byte 16): has a header that is not valid JSON: nested too deeply"),
    (file(#"{"a":1}"#), ": has the entry \"a\", which does not describe a tensor"),
    (file(#"{"__metadata__":1}"#), ": has `__metadata__` that is not an object of strings"),
    (file(#"{"__metadata__":{"k":1}}"#), ": has the metadata \"k\", which is not a string"),
    (file(#"{"a":{\#(tensor)}}"#), ": tensor \"a\" has no dtype"),
    (
      file(#"{"a":{"dtype":"BF16",\#(tensor)}}"#),
      ": tensor \"a\" has elements of type BF16\nhelp: the types read here are I64, F32, U8"
    ),
    (file(#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#), ": tensor \"a\" has no shape"),
    (
      file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#),
      ": tensor \"a\" has the dimension -1\nhelp: dimensions are whole numbers from 0"
    ),
    (
      file(#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#),
      ": tensor \"a\" has a shape of more elements than 64 bits count"
    ),
    (
      file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#),
      ": tensor \"a\" has the data offsets [4,0]\nhelp: they are two whole numbers, begin and end"
    ),
    (
      file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#),
      ": tensor \"a\" has the data offsets [0,4,8]\nhelp: they are two whole numbers, begin and end"
    ),
    (
      file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, [0, 0, 0, 0]),
      ": tensor \"a\" has 4 bytes, but F32 of shape [2] needs 8"
    ),
    (
      file(#"{"a":{"dtype":"F32",\#(tensor),"stride":1}}"#, [0, 0, 0, 0]),
      ": tensor \"a\" has the unknown field \"stride\""
    ),
    (
      file(#"{"a":{"dtype":"F32",\#(tensor)}}"#, [0, 0, 0]),
      """
       (byte 65): is cut short: tensor "a" ends at byte 4 of the data, which have 3
      help: the copy may be incomplete
      """
    ),
    (
      file(
        #"{"a":{"dtype":"F32",\#(tensor)},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
        [0, 0, 0, 0, 0, 0]),
      " (byte 117): tensor \"b\" overlaps the one before it"
    ),
    (
      file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, [0, 0, 0, 0, 0, 0, 0, 0]),
      " (byte 62): has 4 bytes before tensor \"a\" that belong to none"
    ),
    (
      file(#"{"a":{"dtype":"F32",\#(tensor)}}"#, [0, 0, 0, 0, 0]),
      " (byte 66): has 1 byte after the last tensor"
    ),
  ])
  func damagedFilesAreExplained(bytes: [UInt8], text: String) {
    let folder = TemporaryFolder()
    let path = folder.write(bytes, "x")
    #expect(message(in: folder) { () throws(FileError) in _ = try Safetensors.read(path) } == "DIR/x" + text)
  }

  /// No change of one byte and no truncation crashes the reader; what still reads has consistent sizes.
  @Test func mutationsNeverCrash() {
    let bytes = sample.encoded()
    var stream = RandomStream(seed: 1, purpose: "mutations")
    var refused = 0
    for _ in 0..<5000 {
      var changed = bytes
      if stream.chance(0.3) { changed.removeLast(1 + stream.below(changed.count - 1)) }
      for _ in 0..<stream.below(3) { changed[stream.below(changed.count)] = UInt8(stream.below(256)) }
      guard let read = try? Safetensors(bytes: changed, path: "x") else {
        refused += 1
        continue
      }
      #expect(read.tensors.allSatisfy { $0.bytes.count == $0.shape.reduce($0.type.size, *) })
    }
    #expect(refused > 1000)
  }
}

extension String {
  /// The text without the blank it starts with: the header of a file starts with a brace.
  fileprivate func replacingFirstBlank() -> String { hasPrefix(" ") ? String(dropFirst()) : self }
}

@Suite struct CheckpointTests {
  private let sample: Checkpoint = {
    var checkpoint = Checkpoint()
    checkpoint.parameters = [
      .init(name: "stem/conv.weight", shape: [2, 1, 1, 3], values: [1, 2, 3, 4, 5, 6]),
      .init(name: "head.bias", shape: [2], values: [-1, .pi]),
    ]
    checkpoint.state = [.init(name: "stem/bn.mean", shape: [2], values: [0, 1])]
    checkpoint.velocity = [.init(name: "head.bias", shape: [2], values: [0.5, 0])]
    checkpoint.set("epoch", 3)
    checkpoint.set("seed", Int64(bitPattern: .max))
    checkpoint.set("network", "Net")
    checkpoint.set("recipe", "recipe R { batch: 8 }\n// \"é\"")
    return checkpoint
  }()

  @Test func roundTrips() throws {
    let folder = TemporaryFolder()
    let path = folder.file("c.safetensors")
    try sample.write(to: path)
    #expect(try Checkpoint.read(path) == sample)
    #expect(sample.integer("epoch") == 3 && sample.integer("none") == nil)
    #expect(sample.text("network") == "Net")
    var changed = sample
    changed.set("epoch", 4)
    changed.set("network", "Other")
    #expect(changed.integers.count == 2 && changed.metadata.count == 2)
    #expect(changed.integer("epoch") == 4 && changed.text("network") == "Other")
  }

  @Test func sameContentSameBytes() {
    #expect(sample.safetensors.encoded() == sample.safetensors.encoded())
  }

  @Test func otherFilesAreRefused() throws {
    let folder = TemporaryFolder()
    func text(_ file: Safetensors) throws -> String {
      let path = folder.file("x")
      try file.write(to: path)
      return message(in: folder) { () throws(FileError) in _ = try Checkpoint.read(path) }
    }
    let weights = Safetensors(tensors: [.init(name: "w", shape: [1], floats: [1])])
    #expect(
      try text(weights) == """
        DIR/x: is a safetensors file, but not a checkpoint of a run
        help: weights of other programs can start a run (`--init`), not resume one
        """)
    let mark = sample.safetensors.metadata
    #expect(
      try text(Safetensors(metadata: mark, tensors: weights.tensors))
        == "DIR/x: tensor \"w\" belongs to no group of a checkpoint")
    #expect(
      try text(
        Safetensors(metadata: mark, tensors: [.init(name: "integers/epoch", shape: [2], integers: [1, 2])]))
          == """
          DIR/x: tensor "integers/epoch", I64 of shape [2], has no place in a checkpoint
          help: groups are integers (one I64 each), parameters, state and velocity (F32)
          """)
  }

  @Test func aFullDiskKeepsTheLastCheckpoint() throws {
    let folder = TemporaryFolder()
    let path = folder.file("c")
    try sample.write(to: path)
    var full = FileOperations.system
    full.write = { _, _, _ in (-1, ENOSPC) }
    var next = sample
    next.set("epoch", 4)
    #expect(
      message(in: folder) { () throws(FileError) in try next.write(to: path, operations: full) } == """
        DIR/c: cannot write this file: No space left on device
        help: free some space on this disk, or write elsewhere
        """)
    #expect(try Checkpoint.read(path) == sample)
    #expect(folder.names == ["c"])
  }
}
