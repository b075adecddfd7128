package import IRLASJSON

/// The sizes of a set in CIFAR's binary format, which itself has no field for them.
///
/// Stored as `meta.json`:
/// `{"format":"cifar","version":1,"channels":3,"height":16,"width":16,"classes":10,"train":[2000,2000],"test":1000}`,
/// where `train` lists the records of `data_batch_1.bin` and so on.
package struct CIFARMeta: Sendable, Equatable {
  /// 1 or 3.
  package var channels: Int
  /// Rows of an image.
  package var height: Int
  /// Columns of an image.
  package var width: Int
  /// Number of classes, at most 256.
  package var classCount: Int
  /// Records of each training file.
  package var trainRecords: [Int]
  /// Records of the test file.
  package var testRecords: Int

  /// The published CIFAR-10.
  package static let cifar10 = CIFARMeta(
    channels: 3, height: 32, width: 32, classCount: 10,
    trainRecords: [10_000, 10_000, 10_000, 10_000, 10_000], testRecords: 10_000)

  /// The published CIFAR-100.
  package static let cifar100 = CIFARMeta(
    channels: 3, height: 32, width: 32, classCount: 100, trainRecords: [50_000], testRecords: 10_000)

  /// The name of the file in its folder.
  package static let fileName = "meta.json"

  /// Bytes of one image.
  package var imageSize: Int { channels * height * width }

  /// The text of `meta.json`.
  package var json: JSON {
    .object([
      JSON.Member("format", .string("cifar")),
      JSON.Member("version", .integer(1)),
      JSON.Member("channels", .integer(Int64(channels))),
      JSON.Member("height", .integer(Int64(height))),
      JSON.Member("width", .integer(Int64(width))),
      JSON.Member("classes", .integer(Int64(classCount))),
      JSON.Member("train", .array(trainRecords.map { .integer(Int64($0)) })),
      JSON.Member("test", .integer(Int64(testRecords))),
    ])
  }

  /// Reads the `meta.json` of a folder; nil where there is none.
  package static func read(folder: String) throws(FileError) -> CIFARMeta? {
    let path = FileBytes.join(folder, fileName)
    guard FileBytes.exists(path) else { return nil }
    let bytes = try FileBytes.read(path, limit: 1 << 20)
    let json: JSON
    do throws(JSON.SyntaxError) {
      json = try JSON.parse(bytes[...])
    } catch {
      throw FileError(
        .malformed, path: path, offset: error.offset, problem: "is not valid JSON: \(error.problem)")
    }
    return try CIFARMeta(json: json, path: path)
  }

  /// The sizes of a parsed `meta.json`.
  ///
  /// Every field is required, and unknown ones are refused: a misspelt field should not pass for an absent one.
  init(json: JSON, path: String) throws(FileError) {
    func fail(_ problem: String, _ help: String?) -> FileError {
      FileError(.malformed, path: path, problem: problem, help: help)
    }
    guard case .object(let members) = json else { throw fail("is not a JSON object", nil) }
    let known = CIFARMeta.cifar10.json
    guard case .object(let template) = known else { throw fail("is not a JSON object", nil) }
    for member in members where known[member.key] == nil {
      throw fail(
        "has the unknown field \"\(member.key)\"",
        "the fields are \(template.map(\.key).joined(separator: ", "))")
    }
    func number(_ key: String, _ range: ClosedRange<Int>) throws(FileError) -> Int {
      guard let value = json[key]?.int, range.contains(value) else {
        throw fail(
          "field \"\(key)\" is \(json[key]?.line ?? "missing")",
          "it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
    guard json["format"]?.text == "cifar", json["version"]?.int == 1 else {
      throw fail(
        "is not of format \"cifar\", version 1", "it starts {\"format\":\"cifar\",\"version\":1,...}")
    }
    channels = try number("channels", 1...3)
    guard channels != 2 else { throw fail("field \"channels\" is 2", "grey images have 1, colour images 3") }
    height = try number("height", 1...4096)
    width = try number("width", 1...4096)
    classCount = try number("classes", 1...256)
    testRecords = try number("test", 1...100_000_000)
    guard let train = json["train"]?.elements, !train.isEmpty, train.count <= 1000 else {
      throw fail(
        "field \"train\" is \(json["train"]?.line ?? "missing")", "it lists the records of each training file"
      )
    }
    trainRecords = []
    for (index, value) in train.enumerated() {
      guard let records = value.int, (1...100_000_000).contains(records) else {
        throw fail(
          "element \(index + 1) of \"train\" is \(value.line)",
          "it must be a whole number from 1 to 100000000")
      }
      trainRecords.append(records)
    }
  }

  /// The sizes as given.
  package init(
    channels: Int, height: Int, width: Int, classCount: Int, trainRecords: [Int], testRecords: Int
  ) {
    self.channels = channels
    self.height = height
    self.width = width
    self.classCount = classCount
    self.trainRecords = trainRecords
    self.testRecords = testRecords
  }
}
