import IRLASJSON
import IRLASTraining
import Testing

/// Four IDX files with three training and two test images of 2 x 3 pixels.
private func idxFolder() -> TemporaryFolder {
  let folder = TemporaryFolder()
  folder.write(
    IDXFile.encode(dimensions: [3, 2, 3], elements: (0..<18).map { $0 }), "train-images-idx3-ubyte")
  folder.write(IDXFile.encode(dimensions: [3], elements: [0, 2, 1]), "train-labels-idx1-ubyte")
  folder.write(
    IDXFile.encode(dimensions: [2, 2, 3], elements: (50..<62).map { $0 }), "test-images-idx3-ubyte")
  folder.write(IDXFile.encode(dimensions: [2], elements: [1, 2]), "test-labels-idx1-ubyte")
  return folder
}

@Suite struct IDXTests {
  @Test func readsAFolder() throws {
    let folder = idxFolder()
    #expect(try DatasetFormat.detect(folder.path) == .idx)
    let splits = try DatasetFormat.idx.load(folder.path)
    #expect(splits.training.shape == [1, 2, 3])
    #expect(splits.training.labels == [0, 2, 1])
    #expect(splits.training.classCount == 3)
    #expect(Array(splits.training.image(1)) == [6, 7, 8, 9, 10, 11])
    #expect(splits.test.count == 2)
    #expect(Array(splits.test.image(0)) == [50, 51, 52, 53, 54, 55])
    #expect(splits.test.classNames == ["0", "1", "2"])
  }

  /// MNIST's own names for the test part.
  @Test func readsPublishedNames() throws {
    let folder = TemporaryFolder()
    folder.write(IDXFile.encode(dimensions: [1, 1, 1], elements: [7]), "train-images.idx3-ubyte")
    folder.write(IDXFile.encode(dimensions: [1], elements: [0]), "train-labels.idx1-ubyte")
    folder.write(IDXFile.encode(dimensions: [1, 1, 1], elements: [8]), "t10k-images-idx3-ubyte")
    folder.write(IDXFile.encode(dimensions: [1], elements: [0]), "t10k-labels-idx1-ubyte")
    #expect(try DatasetFormat.idx.load(folder.path).test.pixels == [8])
  }

  /// A change to a file of the folder, and what reading it says then.
  struct Damage: Sendable, CustomTestStringConvertible {
    var name: String
    var file: String
    var change: @Sendable (inout [UInt8]) -> Void
    var message: String
    var testDescription: String { name }
  }

  @Test(arguments: [
    Damage(
      name: "cut short", file: "train-images-idx3-ubyte", change: { $0.removeLast(5) },
      message: """
        DIR/train-images-idx3-ubyte (byte 29): is cut short: 3 x 2 x 3 needs 18 bytes after the header, 13 are there
        help: the download may be incomplete
        """),
    Damage(
      name: "too long", file: "train-images-idx3-ubyte", change: { $0.append(0) },
      message: """
        DIR/train-images-idx3-ubyte (byte 34): is too long: 3 x 2 x 3 needs 18 bytes after the header, 19 are there
        help: the header or the end of the file is wrong
        """),
    Damage(
      name: "empty", file: "test-images-idx3-ubyte", change: { $0 = [] },
      message: """
        DIR/test-images-idx3-ubyte (byte 0): ends after 0 bytes, inside the magic number
        help: a file of unsigned bytes with 3 dimensions starts with 00 00 08 03
        """),
    Damage(
      name: "cut inside the header", file: "test-images-idx3-ubyte", change: { $0.removeLast($0.count - 10) },
      message: """
        DIR/test-images-idx3-ubyte (byte 10): ends inside its header of 16 bytes
        help: the download may be incomplete
        """),
    Damage(
      name: "wrong magic", file: "train-labels-idx1-ubyte", change: { $0[0] = 0x50 },
      message: """
        DIR/train-labels-idx1-ubyte (byte 0): is not an IDX file
        help: a file of unsigned bytes with 1 dimension starts with 00 00 08 01
        """),
    Damage(
      name: "floats", file: "train-images-idx3-ubyte", change: { $0[2] = 0x0D },
      message: """
        DIR/train-images-idx3-ubyte (byte 2): has elements of type 0d, not unsigned bytes (08)
        help: a file of unsigned bytes with 3 dimensions starts with 00 00 08 03
        """),
    Damage(
      name: "labels for images", file: "train-images-idx3-ubyte",
      change: { $0 = IDXFile.encode(dimensions: [3], elements: [0, 1, 2]) },
      message: """
        DIR/train-images-idx3-ubyte (byte 3): has 1 dimension where 3 are needed
        help: images have three (count, rows, columns); is this a file of labels?
        """),
    Damage(
      name: "no rows", file: "train-images-idx3-ubyte",
      change: { $0 = IDXFile.encode(dimensions: [3, 0, 3], elements: []) },
      message: """
        DIR/train-images-idx3-ubyte (byte 8): dimension 2 is 0
        help: every dimension must be at least 1
        """),
    Damage(
      name: "huge", file: "train-images-idx3-ubyte",
      change: { for at in 4..<16 { $0[at] = 0xFF } },
      message:
        "DIR/train-images-idx3-ubyte (byte 8): dimension 2 is 4294967295, which makes a size no machine holds"
    ),
    Damage(
      name: "labels missing", file: "train-labels-idx1-ubyte",
      change: { $0 = IDXFile.encode(dimensions: [2], elements: [0, 2]) },
      message: """
        DIR/train-labels-idx1-ubyte (byte 4): has 2 labels, but train-images-idx3-ubyte has 3 images
        help: each image needs one label, in the same order
        """),
    Damage(
      name: "label out of range", file: "test-labels-idx1-ubyte", change: { $0[9] = 3 },
      message: """
        DIR/test-labels-idx1-ubyte (byte 9): image 1 has label 3, but there are 3 classes
        help: labels must be 0 to 2
        """),
    Damage(
      name: "sizes differ", file: "test-images-idx3-ubyte",
      change: { $0 = IDXFile.encode(dimensions: [2, 2, 2], elements: .init(repeating: 0, count: 8)) },
      message: """
        DIR: training images are 2 x 3, test images 2 x 2
        help: both parts must have one size
        """),
    Damage(
      name: "gzip", file: "train-images-idx3-ubyte", change: { $0 = [0x1F, 0x8B, 8, 0, 0] },
      message: """
        DIR/train-images-idx3-ubyte (byte 0): is compressed with gzip
        help: unpack it first: gunzip DIR/train-images-idx3-ubyte
        """),
  ])
  func damagedFilesAreExplained(damage: Damage) throws {
    let folder = idxFolder()
    var bytes = try FileBytes.read(folder.file(damage.file))
    damage.change(&bytes)
    folder.write(bytes, damage.file)
    #expect(
      message(in: folder) { () throws(FileError) in _ = try DatasetFormat.idx.load(folder.path) }
        == damage.message)
  }

  @Test func compressedAndMissingFilesAreExplained() {
    let folder = TemporaryFolder()
    folder.write([0x1F, 0x8B], "train-images-idx3-ubyte.gz")
    #expect((try? DatasetFormat.detect(folder.path)) == .idx)
    #expect(
      message(in: folder) { () throws(FileError) in _ = try DatasetFormat.idx.load(folder.path) } == """
        DIR/train-images-idx3-ubyte.gz: is compressed with gzip
        help: unpack it first: gunzip DIR/train-images-idx3-ubyte.gz
        """)
    let other = TemporaryFolder()
    #expect(
      message(in: other) { () throws(FileError) in _ = try DatasetFormat.idx.load(other.path) } == """
        DIR/train-images-idx3-ubyte: there is no such file
        help: also looked for train-images.idx3-ubyte
        """)
    #expect(
      message(in: other) { () throws(FileError) in _ = try DatasetFormat.detect(other.path) } == """
        DIR: holds no data set that can be read
        help: expected train-images-idx3-ubyte (MNIST's format), data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100)
        """)
    #expect(
      message(in: other) { () throws(FileError) in _ = try DatasetFormat.detect(other.file("x")) } == """
        DIR/x: there is no such folder
        help: a data folder named in a recipe is relative to the file of the recipe
        """)
  }
}

@Suite struct CIFARTests {
  private static let meta = CIFARMeta(
    channels: 3, height: 2, width: 2, classCount: 4, trainRecords: [2, 1], testRecords: 1)

  private static func record(_ label: UInt8, _ start: UInt8) -> [UInt8] { [label] + (start..<start + 12) }

  private static func folder() -> TemporaryFolder {
    let folder = TemporaryFolder()
    folder.write(record(3, 0) + record(0, 20), "data_batch_1.bin")
    folder.write(record(2, 40), "data_batch_2.bin")
    folder.write(record(1, 60), "test_batch.bin")
    folder.write(Array("cat\ndog\nfox\nowl\n\n".utf8), "batches.meta.txt")
    folder.write(Array(meta.json.line.utf8), "meta.json")
    return folder
  }

  @Test func readsAFolderOfAnotherSize() throws {
    let folder = CIFARTests.folder()
    #expect(try DatasetFormat.detect(folder.path) == .cifar10)
    let splits = try DatasetFormat.cifar10.load(folder.path)
    #expect(splits.training.shape == [3, 2, 2])
    #expect(splits.training.labels == [3, 0, 2])
    #expect(Array(splits.training.image(2)) == Array(40..<52))
    #expect(splits.training.classNames == ["cat", "dog", "fox", "owl"])
    #expect(splits.test.labels == [1])
  }

  @Test func readsTheFineLabelsOfCIFAR100() throws {
    // One record has two labels and 3072 bytes; a published file has 50,000 of them.
    let folder = TemporaryFolder()
    let record: [UInt8] = [19, 99] + [UInt8](repeating: 7, count: 3072)
    var bytes: [UInt8] = []
    for _ in 0..<10_000 { bytes += record }
    folder.write(bytes, "test.bin")
    folder.write(bytes + bytes + bytes + bytes + bytes, "train.bin")
    #expect(try DatasetFormat.detect(folder.path) == .cifar100)
    let splits = try DatasetFormat.cifar100.load(folder.path)
    #expect(splits.training.count == 50_000)
    #expect(splits.training.classCount == 100)
    #expect(splits.test.labels.allSatisfy { $0 == 99 })
    bytes[2 * 3074] = 20
    folder.write(bytes, "test.bin")
    #expect(
      message(in: folder) { () throws(FileError) in _ = try DatasetFormat.cifar100.load(folder.path) } == """
        DIR/test.bin (byte 6148): image 2 has coarse label 20, but there are 20 coarse classes
        help: is this CIFAR-100's binary version?
        """)
  }

  struct Damage: Sendable, CustomTestStringConvertible {
    var file: String
    var bytes: [UInt8]
    var message: String
    var testDescription: String { file + ": " + message.prefix { $0 != "\n" } }
  }

  private static func metaDamage(_ text: String, _ message: String) -> Damage {
    Damage(file: "meta.json", bytes: Array(text.utf8), message: "DIR/meta.json" + message)
  }

  @Test(arguments: [
    Damage(
      file: "data_batch_2.bin", bytes: Array(record(2, 40).dropLast()),
      message: """
        DIR/data_batch_2.bin (byte 12): is cut short: 1 record of 13 bytes is needed, it has 0 records and 12 of the \
        13 bytes of another
        help: the download may be incomplete; a smaller set of one's own needs a meta.json beside it
        """),
    Damage(
      file: "test_batch.bin", bytes: record(1, 0) + record(1, 0),
      message: """
        DIR/test_batch.bin (byte 13): is too long: 1 record of 13 bytes is needed, it has 2 records
        help: a set of another size needs a meta.json beside it
        """),
    Damage(
      file: "data_batch_1.bin", bytes: record(1, 0) + record(4, 0),
      message: """
        DIR/data_batch_1.bin (byte 13): image 1 has label 4, but there are 4 classes
        help: labels must be 0 to 3
        """),
    Damage(
      file: "batches.meta.txt", bytes: Array("a\nb\n".utf8),
      message: """
        DIR/batches.meta.txt: has 2 class names where 4 are needed
        help: one name a line, in the order of the labels
        """),
    Damage(
      file: "batches.meta.txt", bytes: [0xFF, 0xFE],
      message: "DIR/batches.meta.txt: is not valid UTF-8"),
    metaDamage("{\"format\":", " (byte 10): is not valid JSON: the text ends where a value is needed"),
    metaDamage("[]", ": is not a JSON object"),
    metaDamage(
      "{\"format\":\"png\"}",
      ": is not of format \"cifar\", version 1\nhelp: it starts {\"format\":\"cifar\",\"version\":1,...}"),
    metaDamage(
      "{\"heigth\":2}",
      """
      : has the unknown field "heigth"
      help: the fields are format, version, channels, height, width, classes, train, test
      """),
    metaDamage(
      #"{"format":"cifar","version":1,"channels":3,"height":0}"#,
      ": field \"height\" is 0\nhelp: it must be a whole number from 1 to 4096"),
    metaDamage(
      #"{"format":"cifar","version":1,"channels":2,"height":1}"#,
      ": field \"channels\" is 2\nhelp: grey images have 1, colour images 3"),
    metaDamage(
      #"{"format":"cifar","version":1,"channels":3,"height":1,"width":1,"classes":2,"test":1,"train":[1,0.5]}"#,
      ": element 2 of \"train\" is 0.5\nhelp: it must be a whole number from 1 to 100000000"),
  ])
  func damagedFilesAreExplained(damage: Damage) {
    let folder = CIFARTests.folder()
    folder.write(damage.bytes, damage.file)
    #expect(
      message(in: folder) { () throws(FileError) in _ = try DatasetFormat.cifar10.load(folder.path) }
        == damage.message)
  }

  /// Without `meta.json` the published sizes hold.
  @Test func aTruncatedDownloadIsExplained() {
    let folder = TemporaryFolder()
    folder.write([UInt8](repeating: 0, count: 3073 * 9_999), "data_batch_1.bin")
    #expect(
      message(in: folder) { () throws(FileError) in _ = try DatasetFormat.cifar10.load(folder.path) } == """
        DIR/data_batch_1.bin (byte 30726927): is cut short: 10000 records of 3073 bytes are needed, it has 9999 records
        help: the download may be incomplete; a smaller set of one's own needs a meta.json beside it
        """)
  }
}

@Suite struct DatasetSplitTests {
  private let splits: DatasetSplits = {
    let all = ImageDataset(
      channels: 1, height: 1, width: 1, classCount: 3, pixels: Array(0..<100),
      labels: (0..<100).map { UInt8($0 % 3) })
    return DatasetSplits(training: all, test: all)
  }()

  @Test func lastImagesAreSetAside() throws {
    let split = try splits.settingAside(30, .last, path: "d")
    #expect(split.training.pixels == Array(0..<70))
    #expect(split.validation?.pixels == Array(70..<100))
    #expect(split.validation?.labels == (70..<100).map { UInt8($0 % 3) })
    #expect(split.test == splits.test)
    #expect(try splits.settingAside(0, .last, path: "d") == splits)
  }

  @Test func shuffledImagesAreSetAsideBySeed() throws {
    let one = try splits.settingAside(30, .shuffled(seed: 1), path: "d")
    let validation = try #require(one.validation).pixels
    #expect(validation.count == 30 && validation == validation.sorted())
    #expect((validation + one.training.pixels).sorted() == Array(0..<100))
    #expect(try splits.settingAside(30, .shuffled(seed: 1), path: "d") == one)
    #expect(try splits.settingAside(30, .shuffled(seed: 2), path: "d") != one)
    #expect(validation != Array(70..<100))
  }

  @Test func tooLargeASplitIsAnError() {
    let folder = TemporaryFolder()
    #expect(
      message(in: folder) { () throws(FileError) in _ = try splits.settingAside(100, .last, path: "d") }
        == """
        d: has 100 training images, so 100 cannot be set aside for validation
        help: `validation` must be below 100
        """)
  }

  @Test func fingerprintsSeeEveryByte() {
    func set(_ pixels: [UInt8], _ labels: [UInt8]) -> UInt64 {
      ImageDataset(
        channels: 1, height: 1, width: pixels.count / labels.count, classCount: 9, pixels: pixels,
        labels: labels
      )
      .fingerprint
    }
    let pixels = (0..<21).map { UInt8($0) }
    let base = set(pixels, [1, 2, 3])
    #expect(base == set(pixels, [1, 2, 3]))
    #expect(base != set(pixels, [1, 2, 4]))
    for at in pixels.indices {
      var changed = pixels
      changed[at] ^= 1
      #expect(base != set(changed, [1, 2, 3]))
    }
  }
}
