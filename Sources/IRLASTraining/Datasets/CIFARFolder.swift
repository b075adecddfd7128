/// The binary versions of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
/// Images", 2009): records of label bytes and 3072 bytes of red, green and blue planes.
///
/// A `meta.json` beside the files (``CIFARMeta``) describes sets of other sizes in the same format.
package enum CIFARFolder {
  /// Reads `data_batch_1.bin` ... and `test_batch.bin`; class names come from `batches.meta.txt`, where it exists.
  package static func loadCIFAR10(_ folder: String) throws(FileError) -> DatasetSplits {
    let meta = try CIFARMeta.read(folder: folder) ?? .cifar10
    let names = try classNames(folder, file: "batches.meta.txt", count: meta.classCount)
    let train = meta.trainRecords.enumerated().map { ("data_batch_\($0.offset + 1).bin", $0.element) }
    return DatasetSplits(
      training: try load(folder, train, meta: meta, labelBytes: 1, names: names),
      test: try load(folder, [("test_batch.bin", meta.testRecords)], meta: meta, labelBytes: 1, names: names))
  }

  /// Reads `train.bin` and `test.bin`: each record has a coarse and a fine label, of which the fine one counts.
  package static func loadCIFAR100(_ folder: String) throws(FileError) -> DatasetSplits {
    let meta = try CIFARMeta.read(folder: folder) ?? .cifar100
    let names = try classNames(folder, file: "fine_label_names.txt", count: meta.classCount)
    return DatasetSplits(
      training: try load(
        folder, [("train.bin", meta.trainRecords.reduce(0, +))], meta: meta, labelBytes: 2, names: names),
      test: try load(folder, [("test.bin", meta.testRecords)], meta: meta, labelBytes: 2, names: names))
  }

  /// Reads records of several files into one set.
  static func load(
    _ folder: String, _ files: [(name: String, records: Int)], meta: CIFARMeta, labelBytes: Int,
    names: [String]
  ) throws(FileError) -> ImageDataset {
    let imageSize = meta.imageSize
    let record = labelBytes + imageSize
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    pixels.reserveCapacity(files.reduce(0) { $0 + $1.records } * imageSize)
    for (name, records) in files {
      let path = FileBytes.join(folder, name)
      let bytes = try FileBytes.read(path)
      try checkLength(bytes.count, records: records, record: record, path: path)
      var fileLabels: [UInt8] = []
      fileLabels.reserveCapacity(records)
      for index in 0..<records {
        let start = index * record
        if labelBytes == 2, bytes[start] >= 20 {
          throw FileError(
            .malformed, path: path, offset: start,
            problem: "image \(index) has coarse label \(bytes[start]), but there are 20 coarse classes",
            help: "is this CIFAR-100's binary version?")
        }
        fileLabels.append(bytes[start + labelBytes - 1])
        pixels.append(contentsOf: bytes[start + labelBytes..<start + record])
      }
      try checkLabels(fileLabels, below: meta.classCount, path: path) { $0 * record + labelBytes - 1 }
      labels += fileLabels
    }
    return ImageDataset(
      channels: meta.channels, height: meta.height, width: meta.width,
      classCount: meta.classCount, classNames: names, pixels: pixels, labels: labels)
  }

  private static func checkLength(
    _ size: Int, records: Int, record: Int, path: String
  ) throws(FileError) {
    let wanted = records * record
    guard size != wanted else { return }
    let rest = size % record
    let found =
      counted(size / record, "record") + (rest == 0 ? "" : " and \(rest) of the \(record) bytes of another")
    throw FileError(
      .malformed, path: path, offset: min(size, wanted),
      problem: (size < wanted ? "is cut short" : "is too long")
        + ": \(counted(records, "record")) of \(record) bytes \(records == 1 ? "is" : "are") needed, it has \(found)",
      help: size < wanted
        ? "the download may be incomplete; a smaller set of one's own needs a meta.json beside it"
        : "a set of another size needs a meta.json beside it")
  }

  /// One name a line; blank lines at the end do not count. Without the file, classes are called by their numbers.
  private static func classNames(
    _ folder: String, file: String, count: Int
  ) throws(FileError) -> [String] {
    let path = FileBytes.join(folder, file)
    guard FileBytes.exists(path) else { return [] }
    let bytes = try FileBytes.read(path, limit: 1 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError(.malformed, path: path, problem: "is not valid UTF-8")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    while lines.last == "" { lines.removeLast() }
    guard lines.count == count else {
      throw FileError(
        .malformed, path: path, problem: "has \(lines.count) class names where \(count) are needed",
        help: "one name a line, in the order of the labels")
    }
    return lines
  }
}
