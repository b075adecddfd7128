/// The IDX format of MNIST (Y. LeCun, C. Cortes and C. J. C. Burges): two zero bytes, an element type, the number of
/// dimensions, each dimension as a big-endian 32-bit number, then the elements.
package struct IDXFile: Sendable, Equatable {
  /// Sizes of the dimensions.
  package var dimensions: [Int]
  /// The elements, all unsigned bytes.
  package var elements: [UInt8]

  /// The one element type in use here.
  private static let unsignedByte: UInt8 = 0x08

  /// Parses the bytes of a file that should have `rank` dimensions.
  package init(bytes: [UInt8], path: String, rank: Int) throws(FileError) {
    if bytes.starts(with: [0x1F, 0x8B]) {
      throw FileError(
        .unsupported, path: path, offset: 0, problem: "is compressed with gzip",
        help: "unpack it first: gunzip \(path)")
    }
    let header = 4 + 4 * rank
    let wanted = "a file of unsigned bytes with \(counted(rank, "dimension")) starts with "
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0 else {
      throw FileError(
        .malformed, path: path, offset: 0,
        problem: bytes.count < 4
          ? "ends after \(bytes.count) bytes, inside the magic number" : "is not an IDX file",
        help: wanted + IDXFile.hex([0, 0, IDXFile.unsignedByte, UInt8(rank)]))
    }
    guard bytes[2] == IDXFile.unsignedByte else {
      throw FileError(
        .unsupported, path: path, offset: 2,
        problem: "has elements of type \(IDXFile.hex([bytes[2]])), not unsigned bytes (08)",
        help: wanted + IDXFile.hex([0, 0, IDXFile.unsignedByte, UInt8(rank)]))
    }
    guard Int(bytes[3]) == rank else {
      throw FileError(
        .malformed, path: path, offset: 3,
        problem: "has \(counted(Int(bytes[3]), "dimension")) where \(rank) are needed",
        help: rank == 3
          ? "images have three (count, rows, columns); is this a file of labels?"
          : "labels have one (count); is this a file of images?")
    }
    guard bytes.count >= header else {
      throw FileError(
        .malformed, path: path, offset: bytes.count,
        problem: "ends inside its header of \(header) bytes", help: "the download may be incomplete")
    }
    var dimensions: [Int] = []
    var size = 1
    for index in 0..<rank {
      let at = 4 + 4 * index
      let value = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      guard value > 0 else {
        throw FileError(
          .malformed, path: path, offset: at, problem: "dimension \(index + 1) is 0",
          help: "every dimension must be at least 1")
      }
      let (product, overflow) = size.multipliedReportingOverflow(by: value)
      guard !overflow else {
        throw FileError(
          .malformed, path: path, offset: at,
          problem: "dimension \(index + 1) is \(value), which makes a size no machine holds")
      }
      size = product
      dimensions.append(value)
    }
    let present = bytes.count - header
    guard present == size else {
      let shape = dimensions.map(String.init).joined(separator: " x ")
      throw FileError(
        .malformed, path: path, offset: present < size ? bytes.count : header + size,
        problem: present < size
          ? "is cut short: \(shape) needs \(size) bytes after the header, \(present) are there"
          : "is too long: \(shape) needs \(size) bytes after the header, \(present) are there",
        help: present < size
          ? "the download may be incomplete" : "the header or the end of the file is wrong")
    }
    self.dimensions = dimensions
    self.elements = Array(bytes[header...])
  }

  /// The bytes of a file with these dimensions and elements.
  package static func encode(dimensions: [Int], elements: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, unsignedByte, UInt8(dimensions.count)]
    for size in dimensions {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
    return bytes + elements
  }

  /// Names under which an image file is looked for, best first.
  static func imageNames(training: Bool) -> [String] { names("images", "idx3", training: training) }

  /// Names under which a label file is looked for, best first.
  static func labelNames(training: Bool) -> [String] { names("labels", "idx1", training: training) }

  /// MNIST calls its test part `t10k`; some copies have a dot for the dash.
  private static func names(_ what: String, _ idx: String, training: Bool) -> [String] {
    var names: [String] = []
    for part in training ? ["train"] : ["test", "t10k"] {
      names += ["\(part)-\(what)-\(idx)-ubyte", "\(part)-\(what).\(idx)-ubyte"]
    }
    return names
  }

  /// Reads the four files of a folder.
  package static func loadFolder(_ folder: String, classes: Int?) throws(FileError) -> DatasetSplits {
    let training = try loadPart(folder, training: true, classes: classes)
    let test = try loadPart(folder, training: false, classes: training.classCount)
    guard training.shape == test.shape else {
      throw FileError(
        .malformed, path: folder,
        problem:
          "training images are \(training.height) x \(training.width), test images \(test.height) x \(test.width)",
        help: "both parts must have one size")
    }
    return DatasetSplits(training: training, test: test)
  }

  private static func loadPart(
    _ folder: String, training: Bool, classes: Int?
  ) throws(FileError) -> ImageDataset {
    let imagePath = try find(folder, imageNames(training: training))
    let labelPath = try find(folder, labelNames(training: training))
    let images = try IDXFile(bytes: FileBytes.read(imagePath), path: imagePath, rank: 3)
    let labels = try IDXFile(bytes: FileBytes.read(labelPath), path: labelPath, rank: 1)
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw FileError(
        .malformed, path: labelPath, offset: 4,
        problem:
          "has \(labels.dimensions[0]) labels, but \(FileBytes.name(of: imagePath)) has \(images.dimensions[0]) images",
        help: "each image needs one label, in the same order")
    }
    let classCount = classes ?? Int(labels.elements.max() ?? 0) + 1
    try checkLabels(labels.elements, below: classCount, path: labelPath, offset: { 8 + $0 })
    return ImageDataset(
      channels: 1, height: images.dimensions[1], width: images.dimensions[2],
      classCount: classCount, pixels: images.elements, labels: labels.elements)
  }

  /// The first of these names that exists; a compressed one gets its own message.
  private static func find(_ folder: String, _ names: [String]) throws(FileError) -> String {
    for name in names where FileBytes.exists(FileBytes.join(folder, name)) {
      return FileBytes.join(folder, name)
    }
    for name in names where FileBytes.exists(FileBytes.join(folder, name + ".gz")) {
      let path = FileBytes.join(folder, name + ".gz")
      throw FileError(
        .unsupported, path: path, problem: "is compressed with gzip",
        help: "unpack it first: gunzip \(path)")
    }
    throw FileError(
      .missing, path: FileBytes.join(folder, names[0]), problem: "there is no such file",
      help: names.count > 1 ? "also looked for \(names.dropFirst().joined(separator: ", "))" : nil)
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

/// Refuses labels that no class has. `offset` gives the byte of a label in its file.
func checkLabels(
  _ labels: [UInt8], below classCount: Int, path: String, offset: (Int) -> Int
) throws(FileError) {
  for (index, label) in labels.enumerated() where Int(label) >= classCount {
    throw FileError(
      .malformed, path: path, offset: offset(index),
      problem: "image \(index) has label \(label), but there are \(classCount) classes",
      help: "labels must be 0 to \(classCount - 1)")
  }
}
