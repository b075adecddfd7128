import IRLASJSON

/// Writes a procedural data set as a folder in CIFAR-10's binary format.
///
/// The folder holds `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`, `batches.meta.txt` and `meta.json`
/// (``CIFARMeta``). With 32 x 32 pictures, any reader of CIFAR-10 can use it.
package struct SyntheticDataset: Sendable, Equatable {
  /// Height and width of the pictures.
  package var side: Int
  /// Number of training pictures.
  package var trainCount: Int
  /// Number of test pictures.
  package var testCount: Int
  /// Every picture is a function of it and of the picture's number.
  package var seed: UInt64

  /// Sides that pictures can have: below 16 shapes cannot be told apart, above 256 CIFAR's format makes no sense.
  package static let sides = 16...256
  /// Most pictures of a part.
  package static let countLimit = 10_000_000

  /// A set of these sizes; checked by ``write(to:threads:operations:progress:)``.
  package init(side: Int = 32, trainCount: Int = 20_000, testCount: Int = 4_000, seed: UInt64 = 0) {
    self.side = side
    self.trainCount = trainCount
    self.testCount = testCount
    self.seed = seed
  }

  /// The sizes as the folder states them: training pictures spread over five files, as evenly as possible.
  package var meta: CIFARMeta {
    let files = min(5, trainCount)
    return CIFARMeta(
      channels: 3, height: side, width: side, classCount: Motif.classCount,
      trainRecords: (0..<files).map { trainCount * ($0 + 1) / files - trainCount * $0 / files },
      testRecords: testCount)
  }

  /// The names of the ten classes.
  package static let classNames = (0..<Motif.classCount).map { Motif(label: $0).name }

  /// One part of the set in memory.
  package func dataset(split: Split, threads: Int = 1) -> ImageDataset {
    let count = split == .train ? trainCount : testCount
    let imageSize = 3 * side * side
    let records = self.records(0..<count, split: split, threads: threads)
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    pixels.reserveCapacity(count * imageSize)
    for index in 0..<count {
      let start = index * (imageSize + 1)
      labels.append(records[start])
      pixels += records[start + 1..<start + 1 + imageSize]
    }
    return ImageDataset(
      channels: 3, height: side, width: side, classCount: Motif.classCount,
      classNames: SyntheticDataset.classNames, pixels: pixels, labels: labels)
  }

  /// Which part of a set.
  package enum Split: String, Sendable {
    case train, test
  }

  /// Writes the folder, and creates it where it does not exist. Each file appears whole or not at all, `meta.json` last:
  /// a folder that has it is complete.
  ///
  /// - Parameters:
  ///   - threads: How many threads paint; the bytes are the same for any number.
  ///   - progress: Called now and then with the number of pictures written.
  package func write(
    to folder: String, threads: Int, operations: FileOperations = .system, progress: (Int) -> Void
  ) throws(FileError) {
    try check(folder)
    try FileBytes.createFolder(folder)
    var written = 0
    var first = 0
    let parts =
      meta.trainRecords.enumerated().map { ("data_batch_\($0.offset + 1).bin", Split.train, $0.element) }
      + [("test_batch.bin", .test, testCount)]
    for (name, split, count) in parts {
      if split == .test { first = 0 }
      var file = try AtomicFile(path: FileBytes.join(folder, name), operations: operations)
      let end = first + count
      while first < end {
        let chunk = first..<min(end, first + 500)
        try file.write(records(chunk, split: split, threads: threads))
        first = chunk.upperBound
        written += chunk.count
        progress(written)
      }
      try file.commit()
    }
    let names = SyntheticDataset.classNames.joined(separator: "\n") + "\n"
    try AtomicFile.write(
      Array(names.utf8), to: FileBytes.join(folder, "batches.meta.txt"), operations: operations)
    try AtomicFile.write(
      Array((meta.json.line + "\n").utf8), to: FileBytes.join(folder, CIFARMeta.fileName),
      operations: operations)
  }

  /// How many pictures ``write(to:threads:operations:progress:)`` makes.
  package var totalCount: Int {
    min(trainCount, SyntheticDataset.countLimit) + min(testCount, SyntheticDataset.countLimit)
  }

  private func check(_ folder: String) throws(FileError) {
    func fail(_ problem: String, _ help: String) -> FileError {
      FileError(.unsupported, path: folder, problem: problem, help: help)
    }
    let sides = SyntheticDataset.sides
    guard sides.contains(side) else {
      throw fail(
        "cannot hold pictures of \(side) x \(side)",
        "a side is from \(sides.lowerBound) to \(sides.upperBound)")
    }
    let counts = 1...SyntheticDataset.countLimit
    guard counts.contains(trainCount), counts.contains(testCount) else {
      throw fail(
        "cannot hold \(trainCount) training and \(testCount) test pictures",
        "each part has from 1 to \(counts.upperBound)")
    }
    // Files of an earlier, larger set would otherwise lie beside the new ones and look like part of them.
    let isFull = FileBytes.exists(FileBytes.join(folder, "data_batch_1.bin"))
    guard !isFull else {
      throw fail("already holds a data set", "choose a new folder, or remove this one first")
    }
  }

  /// Label and planes of these pictures, one record after the other.
  private func records(_ indices: Range<Int>, split: Split, threads: Int) -> [UInt8] {
    let picture = SyntheticPicture(side: side, seed: seed, split: split.rawValue)
    let record = 1 + 3 * side * side
    return [UInt8](unsafeUninitializedCapacity: indices.count * record) { buffer, count in
      buffer.initialize(repeating: 0)
      nonisolated(unsafe) let bytes = buffer
      Parallel.ranges(indices.count, threads: threads) { part in
        for place in part {
          let index = indices.lowerBound + place
          let start = place * record
          bytes[start] = UInt8(picture.label(of: index))
          picture.paint(index, into: bytes.extracting(start + 1..<start + record))
        }
      }
      count = indices.count * record
    }
  }
}
