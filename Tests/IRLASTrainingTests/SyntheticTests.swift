import Glibc
import IRLASTraining
import Testing

@Suite struct SyntheticTests {
  @Test func labelsAreBalancedAndShuffled() {
    let picture = SyntheticPicture(side: 16, seed: 3, split: "train")
    let labels = (0..<100).map(picture.label(of:))
    let blocks = (0..<10).map { Array(labels[$0 * 10..<$0 * 10 + 10]) }
    for block in blocks { #expect(block.sorted() == Array(0..<10)) }
    #expect(Set(blocks).count == 10)
  }

  @Test func motifsAreNamed() {
    #expect(SyntheticDataset.classNames.count == 10)
    #expect(Set(SyntheticDataset.classNames).count == 10)
    #expect(SyntheticDataset.classNames[0] == "striped_disc")
    #expect((0..<10).allSatisfy { Motif(label: $0).label == $0 })
  }

  /// The bytes are a function of seed and index: of version, not of machine, threads or neighbours.
  @Test func picturesStayTheSame() {
    let set = SyntheticDataset(side: 16, trainCount: 40, testCount: 20, seed: 5)
    let train = set.dataset(split: .train)
    for threads in [2, 3, 7] { #expect(set.dataset(split: .train, threads: threads) == train) }
    let longer = SyntheticDataset(side: 16, trainCount: 50, testCount: 1, seed: 5).dataset(split: .train)
    #expect(longer.subset(Array(0..<40)) == train)
    #expect(train.fingerprint == 5_364_469_047_709_940_741)
    #expect(
      SyntheticDataset(side: 32, trainCount: 10, testCount: 1).dataset(split: .train).fingerprint
        == 4_089_276_234_195_746_620)
    var other = set
    other.seed = 6
    #expect(other.dataset(split: .train).pixels != train.pixels)
    #expect(set.dataset(split: .test).pixels.prefix(768) != train.pixels.prefix(768))
  }

  /// Mean colours of the classes agree: colour alone does not tell them apart.
  @Test func coloursDoNotTellClasses() {
    let data = SyntheticDataset(side: 16, trainCount: 2000, testCount: 1).dataset(split: .train, threads: 2)
    for channel in 0..<3 {
      var means = [Double](repeating: 0, count: 10)
      for index in 0..<data.count {
        let plane = data.image(index).dropFirst(channel * 256).prefix(256)
        means[Int(data.labels[index])] += Double(plane.reduce(0) { $0 + Int($1) }) / 256 / 200
      }
      // A class mean of 200 pictures, whose own means deviate by about 40, has a standard error of about 3.
      #expect(means.allSatisfy { abs($0 - 127.5) < 15 }, "\(means)")
    }
  }

  @Test func writesAFolderThatReadsBack() throws {
    let folder = TemporaryFolder()
    let set = SyntheticDataset(side: 16, trainCount: 33, testCount: 7, seed: 1)
    var steps: [Int] = []
    try set.write(to: folder.file("synth"), threads: 2) { steps.append($0) }
    #expect(steps == [6, 13, 19, 26, 33, 40] && steps.last == set.totalCount)
    let splits = try DatasetFormat.detect(folder.file("synth")).load(folder.file("synth"))
    #expect(splits.training == set.dataset(split: .train))
    #expect(splits.test == set.dataset(split: .test))
    #expect(splits.training.classNames == SyntheticDataset.classNames)
  }

  /// With 32 x 32 pictures, files have the records of CIFAR-10.
  @Test func usesTheRecordsOfCIFAR10() throws {
    let folder = TemporaryFolder()
    let set = SyntheticDataset(trainCount: 10, testCount: 3)
    try set.write(to: folder.path, threads: 1) { _ in }
    let bytes = try FileBytes.read(folder.file("test_batch.bin"))
    #expect(bytes.count == 3 * 3073)
    let test = set.dataset(split: .test)
    #expect(bytes[3073] == test.labels[1])
    #expect(Array(bytes[3074..<6146]) == Array(test.image(1)))
    #expect(
      folder.names == [
        "batches.meta.txt", "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
        "data_batch_5.bin", "meta.json", "test_batch.bin",
      ])
  }

  @Test func badRequestsAreExplained() throws {
    let folder = TemporaryFolder()
    func text(_ set: SyntheticDataset, _ operations: FileOperations = .system) -> String {
      message(in: folder) { () throws(FileError) in
        try set.write(to: folder.path, threads: 1, operations: operations) { _ in }
      }
    }
    #expect(
      text(SyntheticDataset(side: 8)) == "DIR: cannot hold pictures of 8 x 8\nhelp: a side is from 16 to 256")
    #expect(
      text(SyntheticDataset(trainCount: 0)) == """
        DIR: cannot hold 0 training and 4000 test pictures
        help: each part has from 1 to 10000000
        """)
    var full = FileOperations.system
    full.write = { _, _, _ in (-1, ENOSPC) }
    #expect(
      text(SyntheticDataset(side: 16, trainCount: 10, testCount: 1), full) == """
        DIR/data_batch_1.bin: cannot write this file: No space left on device
        help: free some space on this disk, or write elsewhere
        """)
    #expect(folder.names.isEmpty)
    folder.write([0], "data_batch_1.bin")
    #expect(
      text(SyntheticDataset(side: 16, trainCount: 10, testCount: 1)) == """
        DIR: already holds a data set
        help: choose a new folder, or remove this one first
        """)
  }
}

/// Softmax regression by stochastic gradient descent, the linear model that synthetic sets are meant to defeat.
private struct LinearModel {
  private var weights: [Float]
  private let inputs: Int

  /// The fraction of `test` that a model trained on `train` gets right. Images are floats, one after the other.
  static func accuracy(
    _ train: (images: [Float], labels: [Int32]), _ test: (images: [Float], labels: [Int32]), epochs: Int,
    rate: Float
  ) -> Double {
    let inputs = train.images.count / train.labels.count
    var model = LinearModel(weights: .init(repeating: 0, count: 10 * inputs), inputs: inputs)
    for epoch in 0..<epochs {
      for sample in RandomStream.epochOrder(seed: 0, epoch: UInt64(epoch), count: train.labels.count) {
        model.step(train.images, sample, label: Int(train.labels[sample]), rate: rate)
      }
    }
    let right = test.labels.indices.count { sample in
      let scores = model.scores(test.images, sample)
      return scores.indices.max { scores[$0] < scores[$1] } == Int(test.labels[sample])
    }
    return Double(right) / Double(test.labels.count)
  }

  private func scores(_ images: [Float], _ sample: Int) -> [Float] {
    weights.withUnsafeBufferPointer { weights in
      images.withUnsafeBufferPointer { images in
        var scores = [Float](repeating: 0, count: 10)
        for output in 0..<10 {
          var sum: Float = 0
          var input = 0
          while input < inputs {
            sum += weights[output * inputs + input] * images[sample * inputs + input]
            input += 1
          }
          scores[output] = sum
        }
        return scores
      }
    }
  }

  private mutating func step(_ images: [Float], _ sample: Int, label: Int, rate: Float) {
    var gradient = scores(images, sample)
    let top = gradient.max() ?? 0
    gradient = gradient.map { expf($0 - top) }
    let total = gradient.reduce(0, +)
    for output in 0..<10 { gradient[output] = gradient[output] / total - (output == label ? 1 : 0) }
    let inputs = self.inputs
    weights.withUnsafeMutableBufferPointer { weights in
      images.withUnsafeBufferPointer { images in
        for output in 0..<10 {
          let factor = rate * gradient[output]
          var input = 0
          while input < inputs {
            weights[output * inputs + input] -= factor * images[sample * inputs + input]
            input += 1
          }
        }
      }
    }
  }
}

@Suite struct LinearBoundTests {
  private func floats(_ data: ImageDataset, like train: ImageDataset) throws -> (
    images: [Float], labels: [Int32]
  ) {
    let assembler = try BatchAssembler(
      data, steps: [.normalize(Normalization(of: train))], seed: 0, layout: .nhwc)
    var images = [Float](repeating: 0, count: data.count * assembler.sampleSize)
    var labels = [Int32](repeating: 0, count: data.count)
    images.withUnsafeMutableBufferPointer { images in
      labels.withUnsafeMutableBufferPointer { labels in
        assembler.assemble(Array(0..<data.count), for: .evaluation, images: images, labels: labels)
      }
    }
    return (images, labels)
  }

  /// A linear model stays far below 60 % on the synthetic set, though it fits its training pictures and is good enough
  /// for real digits.
  @Test func linearModelsFail() throws {
    let set = SyntheticDataset(side: 16, trainCount: 800, testCount: 300)
    let train = set.dataset(split: .train, threads: 2)
    let test = set.dataset(split: .test, threads: 2)
    let (a, b) = (try floats(train, like: train), try floats(test, like: train))
    let tested = LinearModel.accuracy(a, b, epochs: 4, rate: 0.002)
    #expect(tested < 0.35, "a linear model gets \(tested)")
    let fitted = LinearModel.accuracy(a, a, epochs: 4, rate: 0.002)
    #expect(fitted > 0.5, "on its own training pictures it gets \(fitted)")
  }

  /// The same linear model on the bundled handwritten digits: it is a fair one (a linear model gets about 86 %).
  @Test func linearModelsReadDigits() throws {
    let splits = try DatasetFormat.idx.load(bundledDigits)
    #expect(splits.training.shape == [1, 8, 8])
    #expect(splits.training.count == 1437 && splits.test.count == 360)
    #expect(splits.training.classCount == 10)
    let accuracy = LinearModel.accuracy(
      try floats(splits.training, like: splits.training), try floats(splits.test, like: splits.training),
      epochs: 8, rate: 0.02)
    #expect(accuracy > 0.8 && accuracy < 0.95, "a linear model gets \(accuracy)")
  }
}

/// The folder of the digits in the checkout that this file belongs to.
private let bundledDigits =
  #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
  .joined(separator: "/") + "/samples/data/digits"
