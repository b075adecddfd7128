import IRLASTraining
import Testing

/// Grey or coloured noise.
private func noise(count: Int, channels: Int, height: Int, width: Int, seed: UInt64 = 1) -> ImageDataset {
  var stream = RandomStream(seed: seed, purpose: "noise")
  return ImageDataset(
    channels: channels, height: height, width: width, classCount: 10,
    pixels: (0..<count * channels * height * width).map { _ in UInt8(stream.below(256)) },
    labels: (0..<count).map { _ in UInt8(stream.below(10)) })
}

extension BatchAssembler {
  /// The floats and classes of a batch.
  fileprivate func batch(
    _ samples: [Int], _ purpose: Purpose, threads: Int = 1
  ) -> (images: [Float], labels: [Int32]) {
    var images = [Float](repeating: .nan, count: samples.count * sampleSize)
    var labels = [Int32](repeating: -1, count: samples.count)
    images.withUnsafeMutableBufferPointer { images in
      labels.withUnsafeMutableBufferPointer { labels in
        assemble(samples, for: purpose, threads: threads, images: images, labels: labels)
      }
    }
    return (images, labels)
  }
}

/// A slow, step by step version of the chain on planes of floats, with the same draws.
private func reference(_ chain: AugmentationChain, _ pixels: [UInt8], _ stream: RandomStream?) -> [Float] {
  var (height, width) = chain.input
  var random = stream
  var planes = pixels.map { Float($0) / 255 }
  /// A new picture whose pixel (row, column) is that of the old one at what `from` gives, or zero.
  func moved(_ newHeight: Int, _ newWidth: Int, _ from: (Int, Int) -> (Int, Int)) {
    var result: [Float] = []
    for channel in 0..<chain.channels {
      for row in 0..<newHeight {
        for column in 0..<newWidth {
          let (r, c) = from(row, column)
          let inside = (0..<height).contains(r) && (0..<width).contains(c)
          result.append(inside ? planes[(channel * height + r) * width + c] : 0)
        }
      }
    }
    (planes, height, width) = (result, newHeight, newWidth)
  }
  for step in chain.steps {
    switch step {
    case .pad(let margin): moved(height + 2 * margin, width + 2 * margin) { ($0 - margin, $1 - margin) }
    case .crop(let newHeight, let newWidth):
      let top = random?.below(height - newHeight + 1) ?? (height - newHeight) / 2
      let left = random?.below(width - newWidth + 1) ?? (width - newWidth) / 2
      moved(newHeight, newWidth) { ($0 + top, $1 + left) }
    case .flip:
      let last = width - 1
      if random?.chance(0.5) ?? false { moved(height, width) { ($0, last - $1) } }
    case .shift(let reach):
      let down = random?.integer(in: -reach...reach) ?? 0
      let right = random?.integer(in: -reach...reach) ?? 0
      moved(height, width) { ($0 - down, $1 - right) }
    case .cutout(let side):
      guard random != nil else { continue }
      let top = random!.below(height) - side / 2
      let left = random!.below(width) - side / 2
      moved(height, width) { row, column in
        (top..<top + side).contains(row) && (left..<left + side).contains(column) ? (-1, -1) : (row, column)
      }
    case .normalize(let numbers):
      for at in planes.indices {
        let channel = at / (height * width)
        planes[at] = (planes[at] - numbers.mean[channel]) / numbers.standardDeviation[channel]
      }
    }
  }
  return planes
}

@Suite struct AugmentationTests {
  private func randomChain(_ stream: inout RandomStream, channels: Int, height: Int, width: Int)
    -> [Augmentation]
  {
    var steps: [Augmentation] = []
    var (h, w) = (height, width)
    for _ in 0..<stream.below(7) {
      switch stream.below(6) {
      case 0:
        let margin = stream.below(4)
        (h, w) = (h + 2 * margin, w + 2 * margin)
        steps.append(.pad(margin))
      case 1:
        (h, w) = (1 + stream.below(h), 1 + stream.below(w))
        steps.append(.crop(height: h, width: w))
      case 2: steps.append(.flip)
      case 3: steps.append(.shift(stream.below(min(h, w))))
      case 4: steps.append(.cutout(1 + stream.below(6)))
      default:
        steps.append(
          .normalize(
            Normalization(
              mean: (0..<channels).map { _ in Float(stream.uniform()) },
              standardDeviation: (0..<channels).map { _ in Float(stream.uniform(0.1, 1)) })))
      }
    }
    return steps
  }

  /// The one-pass assembler equals the step by step reference, to the bit, on random chains.
  @Test(arguments: 0..<200)
  func equalsTheReference(seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: "chains")
    let channels = stream.chance(0.5) ? 1 : 3
    let (height, width) = (1 + stream.below(9), 1 + stream.below(9))
    let data = noise(count: 4, channels: channels, height: height, width: width, seed: seed)
    let steps = randomChain(&stream, channels: channels, height: height, width: width)
    let assembler = try BatchAssembler(data, steps: steps, seed: seed, layout: .nchw)
    for sample in 0..<4 {
      let pixels = Array(data.image(sample))
      let draws = RandomStream(seed: seed, purpose: "augmentation", epoch: 5, index: UInt64(sample))
      #expect(
        assembler.batch([sample], .training(epoch: 5)).images == reference(assembler.chain, pixels, draws),
        "seed \(seed), \(steps)")
      #expect(
        assembler.batch([sample], .evaluation).images == reference(assembler.chain, pixels, nil),
        "seed \(seed), \(steps)")
    }
  }

  private let everything: [Augmentation] = [
    .pad(4), .crop(height: 8, width: 8), .flip, .shift(2), .cutout(3),
    .normalize(Normalization(mean: [0.4, 0.5, 0.6], standardDeviation: [0.2, 0.25, 0.3])),
  ]

  /// A sample comes out the same in any batch, at any place, with any number of threads.
  @Test func samplesDoNotDependOnTheirBatch() throws {
    let data = noise(count: 40, channels: 3, height: 8, width: 8)
    let assembler = try BatchAssembler(data, steps: everything, seed: 3, layout: .nhwc)
    let order = RandomStream.epochOrder(seed: 0, epoch: 0, count: 40)
    let whole = assembler.batch(order, .training(epoch: 2))
    for threads in [2, 3, 8] {
      let other = assembler.batch(order, .training(epoch: 2), threads: threads)
      #expect(other.images == whole.images)
      #expect(other.labels == whole.labels)
    }
    for (place, sample) in order.enumerated() {
      let alone = assembler.batch([sample], .training(epoch: 2))
      #expect(alone.images == Array(whole.images[place * 192..<(place + 1) * 192]))
      #expect(alone.labels[0] == Int32(data.labels[sample]))
    }
  }

  @Test func epochsSeedsAndSamplesDiffer() throws {
    let data = noise(count: 2, channels: 1, height: 8, width: 8)
    let same = data.subset([0, 0, 0, 0])
    let steps: [Augmentation] = [.pad(4), .crop(height: 8, width: 8), .cutout(4)]
    let assembler = try BatchAssembler(same, steps: steps, seed: 1, layout: .nhwc)
    let first = assembler.batch([0], .training(epoch: 0)).images
    #expect(first == assembler.batch([0], .training(epoch: 0)).images)
    #expect(first != assembler.batch([0], .training(epoch: 1)).images)
    #expect(first != assembler.batch([1], .training(epoch: 0)).images)
    let other = try BatchAssembler(same, steps: steps, seed: 2, layout: .nhwc)
    #expect(first != other.batch([0], .training(epoch: 0)).images)
  }

  @Test func evaluationOfPadAndCropIsTheImage() throws {
    let data = noise(count: 3, channels: 3, height: 5, width: 7)
    let assembler = try BatchAssembler(
      data, steps: [.pad(4), .crop(height: 5, width: 7), .flip, .shift(1), .cutout(2)], seed: 0, layout: .nchw
    )
    #expect(assembler.batch([0, 1, 2], .evaluation).images == data.pixels.map { Float($0) / 255 })
  }

  @Test func layoutsHoldTheSameNumbers() throws {
    let data = noise(count: 2, channels: 3, height: 4, width: 5)
    let planar = try BatchAssembler(data, steps: [.flip], seed: 0, layout: .nchw)
    let interleaved = try BatchAssembler(data, steps: [.flip], seed: 0, layout: .nhwc)
    let a = planar.batch([0, 1], .training(epoch: 0)).images
    let b = interleaved.batch([0, 1], .training(epoch: 0)).images
    for image in 0..<2 {
      for channel in 0..<3 {
        for place in 0..<20 {
          #expect(a[image * 60 + channel * 20 + place] == b[image * 60 + place * 3 + channel])
        }
      }
    }
  }

  /// Half of the images are mirrored, and crops reach every place about equally often.
  @Test func drawsAreUniform() throws {
    let one = ImageDataset(channels: 1, height: 1, width: 2, classCount: 1, pixels: [0, 255], labels: [0])
    let many = one.subset([Int](repeating: 0, count: 4000))
    let flips = try BatchAssembler(many, steps: [.flip], seed: 0, layout: .nhwc)
      .batch(Array(0..<4000), .training(epoch: 0)).images
    let mirrored = stride(from: 0, to: 8000, by: 2).count { flips[$0] == 1 }
    #expect(abs(mirrored - 2000) < 160)
    let crops = try BatchAssembler(
      many, steps: [.pad(1), .crop(height: 1, width: 1)], seed: 0, layout: .nhwc
    )
    .batch(Array(0..<4000), .training(epoch: 0)).images
    // 12 places, one of which is white.
    #expect(abs(crops.count { $0 == 1 } - 333) < 90)
  }

  @Test(arguments: [
    ([Augmentation.crop(height: 9, width: 4)], "crop(9x4) does not fit into images of 8x8"),
    ([.pad(1), .crop(height: 10, width: 11)], "crop(10x11) does not fit into images of 10x10"),
    ([.pad(-1)], "pad(-1): a margin is from 0 to 32768"),
    ([.pad(20_000)], "pad(20000) makes images of more than 32768 pixels a side"),
    ([.shift(8)], "shift(8) moves images of 8x8 out of sight"),
    ([.cutout(0)], "cutout(0): a side is from 1 to 32768"),
    (
      [.flip, .normalize(Normalization(mean: [0], standardDeviation: [1]))],
      "normalize has numbers for 1 channels, the images have 3"
    ),
    (
      [.normalize(Normalization(mean: [0, 0, 0], standardDeviation: [1, 0, 1]))],
      "normalize needs finite means and standard deviations above 0"
    ),
  ])
  func chainsThatDoNotFitAreExplained(steps: [Augmentation], text: String) {
    #expect(throws: AugmentationChain.ChainError(step: steps.count - 1, description: text)) {
      try AugmentationChain(steps, channels: 3, height: 8, width: 8)
    }
  }
}

@Suite struct NormalizationTests {
  @Test func measuresADataset() {
    let data = ImageDataset(
      channels: 2, height: 1, width: 2, classCount: 1, pixels: [0, 255, 7, 7, 0, 255, 7, 7], labels: [0, 0])
    let measured = Normalization(of: data)
    #expect(measured.mean == [0.5, Float(7.0 / 255)])
    // A channel that never varies keeps its scale.
    #expect(measured.standardDeviation == [0.5, 1])
  }

  @Test func normalizedImagesHaveMeanZeroAndDeviationOne() throws {
    let data = noise(count: 50, channels: 3, height: 6, width: 6)
    let assembler = try BatchAssembler(
      data, steps: [.normalize(Normalization(of: data))], seed: 0, layout: .nhwc)
    let values = assembler.batch(Array(0..<50), .evaluation).images
    for channel in 0..<3 {
      let part = stride(from: channel, to: values.count, by: 3).map { Double(values[$0]) }
      let mean = part.reduce(0, +) / 1800
      let square = part.reduce(0) { $0 + $1 * $1 } / 1800
      #expect(abs(mean) < 1e-5)
      #expect(abs(square - 1) < 1e-5)
    }
  }

  @Test func textRoundTrips() {
    let numbers = Normalization(mean: [0.1, 1, 1e-9], standardDeviation: [0.333_333_34, 2, 0.5])
    #expect(Normalization(text: numbers.text) == numbers)
    for bad in [
      "", "{}", #"{"mean":[1],"std":[0]}"#, #"{"mean":[1,2],"std":[1]}"#, #"{"mean":["1"],"std":[1]}"#,
    ] {
      #expect(Normalization(text: bad) == nil)
    }
  }
}
